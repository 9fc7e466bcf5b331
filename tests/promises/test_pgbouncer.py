"""Behind PgBouncer in transaction mode, where the next statement may reach another server process."""

from __future__ import annotations

import pytest

from tests.pgbouncer import PgBouncer
from tests.promises.conftest import FULL, Report
from tests.promises.suite import run_suite

# The small run takes what uses most kinds of statements.
SUITE = ("tests/api", "tests/model") if FULL else ("tests/api/test_tasks.py",)


BEHAVIOURS = {"no prepared statements": 0, **({"prepared statements": 100} if FULL else {})}


@pytest.mark.parametrize(("behaviour", "prepared"), BEHAVIOURS.items())
def test_the_whole_suite_passes_behind_pgbouncer(behaviour: str, prepared: int, report: Report) -> None:
    version = PgBouncer().version
    if not any(version):
        pytest.skip("PgBouncer is missing; install it: apt-get install pgbouncer")
    if prepared and version < (1, 22):
        pytest.skip("PgBouncer before 1.22 keeps no prepared statements; Debian 13 has 1.24")
    passed = run_suite(*SUITE, PGBOUNCER=str(prepared))
    report(
        f"Through PgBouncer in transaction mode ({behaviour})",
        "0 failures of the whole test suite" if FULL else "0 failures",
        f"0 failures of {passed}, PgBouncer {version[0]}.{version[1]}",
    )
