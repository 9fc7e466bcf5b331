"""A front end project with the packed client, and a server that it calls."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from frontend import Frontend
from serving import Served, serving
from specfirst.cli.main import main as specfirst

from scripts.client import PACKAGE, ROOT, TOOLS, install

HERE = Path(__file__).resolve().parent
SECRET = "clients-tests:0123456789abcdefghijkl"


@pytest.fixture(scope="session")
def tools() -> Path:
    """The dependencies of the client; fails with npm's output if they cannot be installed."""
    install(TOOLS)
    return TOOLS / "node_modules"


@pytest.fixture(scope="session")
def tarball(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that a release attaches."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.copy(PACKAGE / "package.json", folder)
    shutil.copy(PACKAGE / "README.md", folder)
    contract = ("--contract", str(ROOT / "openapi.yaml"))
    assert specfirst(["client", "typescript", *contract, "--output", str(folder), "--pack"]) == 0
    (packed,) = folder.glob("*.tgz")
    return packed


@pytest.fixture(scope="session")
def consumer(tools: Path, tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the client installed from its tarball, and the usual packages of a front end."""
    folder = tmp_path_factory.mktemp("consumer")
    shutil.copytree(HERE / "consumer", folder, dirs_exist_ok=True)
    installed = folder / "node_modules"
    installed.mkdir()
    for package in tools.iterdir():
        (installed / package.name).symlink_to(package)
    with tarfile.open(tarball) as archive:
        # Python 3.11.0 to 3.11.3 have no filters; from 3.14 on, this filter is the default.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # type: ignore[assignment]
        archive.extractall(folder)  # noqa: S202  # We have just packed it.
    (installed / "@tasks-api").mkdir()
    (folder / "package").rename(installed / "@tasks-api" / "client")
    return folder


@pytest.fixture(scope="session")
def frontend() -> Iterator[Frontend]:
    with Frontend() as frontend:
        yield frontend


@pytest.fixture(scope="session")
def served(database_url: str, frontend: Frontend) -> Iterator[Served]:
    """The API as scripts/serve runs it, with the front end's origin allowed by CORS."""
    env = {"DATABASE_URL": database_url, "BETTER_AUTH_SECRET": SECRET, "FRONTEND_URL": frontend.origin}
    # In development, CORS allows every port of this machine, so that no origin here would be foreign.
    env["ENVIRONMENT"] = "test"
    with serving("--port", "0", env=env) as served:
        yield served


@pytest.fixture(scope="session")
def environment(served: Served) -> dict[str, str]:
    """The environment variables of the programs under test."""
    return {"API_URL": served.url, "BETTER_AUTH_SECRET": SECRET}
