"""A client of a contract with all that contracts may contain: its types, and its requests to the mock."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from frontend import check_types
from serving import Served, serving
from specfirst.client.package import package, write
from specfirst.contract.document import Document

from scripts.client import NODE, ROOT, run

HERE = Path(__file__).resolve().parent
CONTRACT = HERE / "oddities.yaml"


@pytest.fixture(scope="module")
def project(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the client installed."""
    folder = tmp_path_factory.mktemp("oddities")
    shutil.copytree(HERE / "consumer", folder, dirs_exist_ok=True)
    (folder / "node_modules").mkdir()
    for tool in tools.iterdir():
        (folder / "node_modules" / tool.name).symlink_to(tool)
    write(package(Document.load(CONTRACT)), folder / "node_modules" / "oddities-client")
    return folder


@pytest.fixture(scope="module")
def mock() -> Iterator[Served]:
    command = f"{sys.executable}\0-m\0specfirst\0mock"
    with serving(str(CONTRACT), "--port", "0", command=command) as served:
        yield served


def test_the_types_are_right(project: Path) -> None:
    check_types(project, "oddities-client", files=["oddities.test.ts"])


@pytest.mark.long
def test_clients_of_all_contracts_of_the_tests_compile(project: Path) -> None:
    """Every contract of the engine's tests, in one program."""
    contracts = [*(ROOT / "tests/specfirst/contracts").glob("*.yaml"), *ROOT.glob("examples/*/openapi.yaml")]
    assert len(contracts) > 3
    names = [f"all-{number}" for number in range(len(contracts))]
    for name, contract in zip(names, contracts, strict=True):
        write(package(Document.load(contract)), project / "node_modules" / name)
    check_types(project, *names)


def test_requests_and_responses_are_right(project: Path, mock: Served) -> None:
    origin = "/".join(mock.url.split("/")[:3])
    run(NODE, "--test", "--test-reporter=spec", "oddities.test.ts", folder=project, env={"MOCK_URL": origin})
