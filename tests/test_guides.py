"""docs/adding-a-resource.md: its code is applied to a copy, and errors name what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from copies import Copy, blocks
from serving import ROOT

from impl.postgres.migrations import head

DOCUMENT = "docs/adding-a-resource.md"
WRITTEN = (ROOT / DOCUMENT).read_text(encoding="utf-8")
# The guide's migration comes after the last one of the project, whatever its number is.
NUMBERS = {"0009": head(), "0010": f"{int(head()) + 1:04}"}
GUIDE = re.sub("|".join(NUMBERS), lambda number: NUMBERS[number[0]], WRITTEN)
MIGRATION_TESTS = "tests/impl/postgres/test_migrations.py"
MIGRATIONS = "describe or last_migration"
API_TESTS = [f"tests/api/test_{name}.py" for name in ("preconditions", "isolation", "users")]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("guide") / "project")


def write(copy: Copy, module: str) -> Path:
    """Write a module to the path in its first line."""
    first, _, text = module.partition("\n")
    path = copy.root / first.removeprefix("# ")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.long
def test_the_code_of_the_guide_adds_a_resource(copy: Copy, tmp_path: Path) -> None:
    contract, tables, errors, app = blocks(GUIDE, "diff")
    migration, module = blocks(GUIDE, "python")[:2]
    serve = ("scripts.serve", "--port", "0", "--data", str(tmp_path / "data"))

    copy.apply(contract, DOCUMENT)
    printed = copy.succeed("scripts.generate", "--skeleton")
    assert "wrote impl/resources/comments.py: Comments.list_comments\n" in printed
    assert (
        "Add to impl/app.py: from impl.resources.comments import Comments, "
        "and comments=Comments(database) in the call of build_router\n"
    ) in printed

    # What app.py does not pass is listed, by the server and by mypy.
    output = copy.run(*serve).stderr
    assert "4 operations of the contract are not implemented" in output
    assert re.search(
        r"found:    nothing: the call of build_router in .*impl/app\.py:[0-9]+ has no argument comments; "
        r"add comments=Comments\(\.\.\.\)\n",
        output,
    )
    assert "scripts/generate --skeleton" in output
    mypy_output = copy.run("mypy", "impl/app.py").stdout
    assert re.search(r'impl/app\.py:[0-9]+: error: Missing named argument "comments"', mypy_output)

    copy.apply(tables, DOCUMENT)
    copy.apply(errors, DOCUMENT)
    write(copy, module)
    copy.apply(app, DOCUMENT)
    assert f"write the migration {NUMBERS['0010']}" in copy.run(*serve).stderr
    write(copy, migration.replace('sa.Column("text"', 'sa.Column("words"').replace("(text)", "(words)"))
    differs = copy.run("pytest", MIGRATION_TESTS, "-k", MIGRATIONS).stdout
    assert "migrations/versions/ lacks the column comment.text text NO" in differs
    assert "impl/tables.py lacks the column comment.words text NO" in differs
    write(copy, migration)

    copy.succeed("ruff", "check", "impl", "generated", "migrations")
    copy.succeed("ruff", "format", "--check", "impl", "generated", "migrations")
    copy.succeed("mypy", "impl")
    # The generic tests of the new operations.
    selected = ("-rp", "-k", f"{MIGRATIONS} or comment or declares")
    passed = copy.succeed("pytest", MIGRATION_TESTS, *API_TESTS, *selected)
    assert "test_an_erased_user_gets_404_from_every_worker[listComments]" in passed
    assert "test_every_operation_evaluates_preconditions[DELETE comments" in passed


def test_the_files_in_the_guide_to_a_field_exist() -> None:
    table = GUIDE.partition("## A field")[2].partition("\n\nThe operations")[0]
    names = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    # The reader adds the migration.
    existing = [name for name in names if not re.fullmatch(r"migrations/versions/[0-9]{4}_\w+\.py", name)]
    assert (len(names), len(existing)) == (4, 3)
    for name in existing:
        assert (ROOT / name).exists(), f"{DOCUMENT} names {name}, which does not exist: correct the table"
