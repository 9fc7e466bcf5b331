"""A client of a contract with all that contracts may contain: its types, and its requests to the mock."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served, serving

from scripts.client import NODE, ROOT, run

HERE = Path(__file__).resolve().parent
CONTRACT = HERE / "oddities.yaml"


@pytest.fixture(scope="module")
def project(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the client installed."""
    folder = tmp_path_factory.mktemp("oddities")
    shutil.copytree(HERE / "consumer", folder, dirs_exist_ok=True)
    (folder / "node_modules").mkdir()
    for package in tools.iterdir():
        (folder / "node_modules" / package.name).symlink_to(package)
    output = folder / "node_modules" / "oddities-client"
    command = (sys.executable, "-m", "specfirst", "client", "typescript")
    run(*command, "--contract", CONTRACT, "--output", output, folder=folder)
    return folder


@pytest.fixture(scope="module")
def mock() -> Iterator[Served]:
    command = f"{sys.executable}\0-m\0specfirst\0mock"
    with serving(str(CONTRACT), "--port", "0", command=command) as served:
        yield served


def test_the_types_are_right(project: Path) -> None:
    check_types(project, "oddities-client", "oddities.test.ts")


def test_requests_and_responses_are_right(project: Path, mock: Served) -> None:
    origin = "/".join(mock.url.split("/")[:3])
    run(NODE, "--test", "--test-reporter=spec", "oddities.test.ts", folder=project, env={"MOCK_URL": origin})


def check_types(project: Path, package: str, *files: str) -> None:
    """Compile files and the declarations of a package, but not those of other packages, which take long."""
    sources = project / f"declarations-of-{package.rpartition('/')[2]}"
    sources.mkdir()
    for path in (project / "node_modules" / package / "dist").glob("*.d.ts"):
        # In a .ts file, declarations are checked in spite of skipLibCheck.
        shutil.copy(path, sources / path.name.replace(".d.ts", ".ts"))
    config = {
        "extends": "./tsconfig.json",
        "compilerOptions": {"skipLibCheck": True},
        "include": [*files, sources.name],
    }
    (project / "tsconfig.some.json").write_text(json.dumps(config), encoding="utf-8")
    tsc = project / "node_modules" / "typescript" / "bin" / "tsc"
    run(NODE, tsc, "--project", "tsconfig.some.json", folder=project)


assert ROOT
