"""A PostgreSQL for the tests, migrated once. Each test has its own users instead of an empty database."""

from __future__ import annotations

import gc
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from devtools.embedded_postgres import EmbeddedPostgres
from impl.identity.caller import Caller
from impl.identity.tokens import Claims
from impl.postgres.database import Database
from impl.store.profiles import Profiles
from tests.databases import prepare
from tests.pgbouncer import in_between

# Tests create many objects and few cycles, so the default threshold of 700 objects costs time only.
gc.set_threshold(100_000)

# The pytest-xdist workers inherit it.
os.environ.setdefault("TESTS_BEGAN", str(int(time.time())))


class FailuresAtOnce:
    """Prints each failure when it happens, and not again at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            terminal = self._config.get_terminal_writer()
            terminal.line()
            terminal.sep("_", f"{report.nodeid} ({report.when})", red=True)
            terminal.line(report.longreprtext)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._config.option.tbstyle = "no"


def pytest_configure(config: pytest.Config) -> None:
    # A pytest-xdist worker reports to its controller.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))


# Each takes 15 to 40 s. pytest sorts files by name, whatever the order of its arguments is.
LONGEST = {
    *("test_readme.py", "test_serve.py", "test_installed.py", "test_exactness.py", "test_http.py"),
    *("test_bad_input.py", "test_better_auth.py", "test_diff.py", "test_embedded_postgres.py"),
    *("test_migrations_under_load.py", "test_rolling_restart.py"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take longest first, so that all processes have work to the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def with_cluster(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """A function that copies a new cluster into a folder, in a tenth of the time of initdb."""
    made = tmp_path_factory.mktemp("cluster")
    with EmbeddedPostgres(made, durable=False):
        pass

    def copy(folder: Path) -> Path:
        folder.mkdir(mode=0o700, exist_ok=True)
        subprocess.run(["cp", "-a", made / "postgres", folder], check=True)
        return folder

    return copy


@pytest.fixture(scope="session")
def postgres_url(
    with_cluster: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An empty database."""
    folder = tmp_path_factory.mktemp("postgres")
    with (
        EmbeddedPostgres(with_cluster(folder / "data"), durable=False) as postgres,
        in_between(postgres, folder),
    ):
        yield postgres.url


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> str:
    """The database with all migrations applied."""
    prepare(postgres_url)
    return postgres_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def new_caller(database: Database) -> Caller:
    """Return a user that no other test uses."""
    user_id = uuid4().hex
    await Profiles(database).write(Claims(user_id=user_id, expires_at=0))
    return Caller(user_id)


@pytest.fixture
async def ada(database: Database) -> Caller:
    return await new_caller(database)


@pytest.fixture
async def bob(database: Database) -> Caller:
    return await new_caller(database)
