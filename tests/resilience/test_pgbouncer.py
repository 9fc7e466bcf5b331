"""PgBouncer in transaction mode: the next statement may use another server connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.embedded_postgres import EmbeddedPostgres
from impl.postgres.migrations import DatabaseUnusable, migrate
from impl.postgres.preflight import check_database
from tests.pgbouncer import PgBouncer
from tests.resilience.conftest import Report
from tests.resilience.suite import run_suite


# It runs another suite, and takes minutes.
@pytest.mark.long
@pytest.mark.parametrize(
    ("behaviour", "prepared"), [("no prepared statements", 0), ("prepared statements", 100)]
)
def test_the_whole_suite_passes_behind_pgbouncer(behaviour: str, prepared: int, report: Report) -> None:
    version = PgBouncer().version
    if not any(version):
        pytest.skip("PgBouncer is missing; install it: apt-get install pgbouncer")
    if prepared and version < (1, 22):
        pytest.skip("PgBouncer before 1.22 keeps no prepared statements; Debian 13 has 1.24")
    passed = run_suite("tests/api", "tests/model", PGBOUNCER=str(prepared))
    report(
        f"Through PgBouncer in transaction mode ({behaviour})",
        "0 failures of the whole test suite",
        f"0 failures of {passed}, PgBouncer {version[0]}.{version[1]}",
    )


def test_an_undeclared_pooler_stops_the_start(tmp_path: Path) -> None:
    """Migrations would succeed through the pooler, but every request would fail."""
    pooler = PgBouncer()
    if not any(pooler.version):
        pytest.skip("PgBouncer is missing; install it: apt-get install pgbouncer")
    # The user that runs PgBouncer must be able to read the folder.
    tmp_path.chmod(0o755)
    with (
        EmbeddedPostgres(tmp_path / "data", durable=False) as postgres,
        pooler.to(postgres, tmp_path) as port,
    ):
        url = f"postgresql://postgres@127.0.0.1:{port}/app"
        migrate(url)
        with pytest.raises(DatabaseUnusable, match=r"^DATABASE_URL .*; add \?pgbouncer=true"):
            check_database(url)
        check_database(f"{url}?pgbouncer=true&connection_limit=1")
