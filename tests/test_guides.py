"""docs/adding-a-resource.md: its code is applied to a copy, and errors name what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from copies import Copy, blocks
from serving import ROOT

GUIDE = (ROOT / "docs" / "adding-a-resource.md").read_text(encoding="utf-8")
TABLES_AND_MIGRATIONS = ("tests/impl/postgres/test_migrations.py", "-q", "-k", "describe or last_migration")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("guide") / "project")


def write(copy: Copy, module: str) -> Path:
    """Write a module to the path in its first line."""
    first, _, text = module.partition("\n")
    path = copy.root / first.removeprefix("# ")
    path.write_text(text, encoding="utf-8")
    return path


def test_the_code_of_the_guide_adds_a_resource(copy: Copy, tmp_path: Path) -> None:
    contract, tables, errors, app = blocks(GUIDE, "diff")
    migration, module = blocks(GUIDE, "python")[:2]
    serve = ("scripts.serve", "--port", "0", "--data", str(tmp_path / "data"))

    copy.apply(contract)
    printed = copy.succeed("scripts.generate", "--skeleton")
    assert "wrote impl/resources/comments.py: Comments.list_comments\n" in printed
    assert (
        "Add to impl/app.py: from impl.resources.comments import Comments, "
        "and comments=Comments(database) in the call of build_router\n"
    ) in printed

    # What app.py does not pass is listed, by the server and by mypy.
    output = copy.run(*serve).stderr
    assert "4 operation(s) of the contract are not implemented" in output
    assert "found:    nothing: build_router is called without comments=Comments(...)\n" in output
    assert "scripts/generate --skeleton" in output
    mypy_output = copy.run("mypy", "impl/app.py").stdout
    assert re.search(r'impl/app\.py:[0-9]+: error: Missing named argument "comments"', mypy_output)

    copy.apply(tables)
    copy.apply(errors)
    write(copy, module)
    copy.apply(app)
    assert "write the migration 0010" in copy.run(*serve).stderr
    write(copy, migration.replace('sa.Column("text"', 'sa.Column("words"').replace("(text)", "(words)"))
    differs = copy.run("pytest", *TABLES_AND_MIGRATIONS).stdout
    assert "migrations/versions/ lacks the column comment.text text NO" in differs
    assert "impl/tables.py lacks the column comment.words text NO" in differs
    write(copy, migration)

    copy.succeed("ruff", "check", "impl", "generated", "migrations")
    copy.succeed("ruff", "format", "--check", "impl", "generated", "migrations")
    copy.succeed("mypy", "impl")
    copy.succeed("pytest", *TABLES_AND_MIGRATIONS)


def test_the_files_in_the_guide_to_a_field_exist() -> None:
    table = GUIDE.partition("## A field")[2].partition("\n\nThe operations")[0]
    names = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(names) == 4
    assert [name for name in names if not (ROOT / name).exists()] == [
        "migrations/versions/0010_estimate_minutes.py"
    ]
