"""docs/adding-a-resource.md: its code is applied to a copy, and errors name what is missing."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from copies import Copy, blocks
from serving import ROOT

from impl.postgres.migrations import head

DOCUMENT = "docs/adding-a-resource.md"
# The guide's migration comes after the last one of the project, whatever its number is.
GUIDE = (ROOT / DOCUMENT).read_text(encoding="utf-8").replace("0010", f"{int(head()) + 1:04}")
MIGRATION_TESTS = "tests/impl/postgres/test_migrations.py"
API_TESTS = [f"tests/api/test_{name}.py" for name in ("preconditions", "isolation", "users", "comments")]
ATTACKS = "tests/security/test_api9_improper_inventory_management.py"


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
    module, test = blocks(GUIDE, "python")[:2]
    migrate = next(block for block in blocks(GUIDE, "sh") if block.startswith("scripts/migration"))
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
    call = r"the call of build_router in impl/app\.py:[0-9]+ has no argument comments"
    assert re.search(rf"{call}; add comments=Comments\(\.\.\.\)\n", output)
    assert "scripts/generate --skeleton" in output
    mypy_output = copy.run("mypy", "impl/app.py").stdout
    assert re.search(r'impl/app\.py:[0-9]+: error: Missing named argument "comments"', mypy_output)

    copy.apply(tables.replace("+    text: str = Field(sa_type=Text)\n", ""), DOCUMENT)
    copy.apply(errors, DOCUMENT)
    write(copy, module)
    copy.apply(app, DOCUMENT)
    lacks = "Comment does not fit openapi.yaml: it has no column text, which CommentResponse requires. "
    assert f"impl/tables.py: {lacks}" in copy.run(*serve).stderr
    shutil.copy(ROOT / "impl" / "tables.py", copy.root / "impl")
    copy.apply(tables, DOCUMENT)
    lacks = "comment.text, comment.created_at, comment.revision. If no migration adds it, write one with "
    assert f"{lacks}scripts/migration" in copy.run(*serve).stderr
    command, *arguments = shlex.split(migrate)
    name = re.search(r"migrations/versions/\w+\.py", copy.succeed(command.replace("/", "."), *arguments))
    assert name
    assert f"`{name[0]}`" in GUIDE
    write(copy, test)

    folders = ("impl", "generated", "migrations", "tests/api")
    copy.succeed("ruff", "check", *folders)
    copy.succeed("ruff", "format", "--check", *folders)
    copy.succeed("mypy", "impl")
    # The generic tests of the new operations.
    selected = ("-rp", "-k", "describe or alembic or limits or comment or declares or API9")
    passed = copy.succeed("pytest", MIGRATION_TESTS, ATTACKS, *API_TESTS, *selected)
    assert "test_an_erased_user_gets_404_from_every_worker[listComments]" in passed
    assert "test_every_operation_evaluates_preconditions[DELETE comments" in passed


def test_the_files_in_the_guide_to_a_field_exist() -> None:
    table = GUIDE.partition("## A field")[2].partition("\n\nThe operations")[0]
    names = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(names) == 3
    for name in names:
        assert (ROOT / name).exists(), f"{DOCUMENT} names {name}, which does not exist: correct the table"
