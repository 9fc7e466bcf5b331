"""SERIALIZABLE isolation, as in sharded databases: conflicts are retried and cause no client error."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Cluster, Person, body_of, existing_person, new_person, running
from tests.databases import prepare
from tests.impl.store.test_counters import WRONG
from tests.resilience.conftest import FULL, Report
from tests.resilience.suite import run_suite


@pytest.fixture
def cluster(postgres_url: str) -> Cluster:
    return Cluster(postgres_url)


# The number of transactions without a commit. A connection reports them at the latest when it closes.
ROLLED_BACK = "SELECT xact_rollback FROM pg_stat_database WHERE datname = 'serializable'"


def test_serialization_conflicts_cause_no_client_error(
    cluster: Cluster, tmp_path: Path, report: Report
) -> None:
    url = cluster.create("serializable", migrated=False)
    prepare(url, partitions=0, isolation="serializable")
    assert cluster.execute("SHOW default_transaction_isolation", "serializable") == [("serializable",)]
    clients, rounds = 16, 200 if FULL else 25
    with running(url, tmp_path, workers=2) as server:
        ada = existing_person(server)
        tasks = [ada.task()["id"] for _ in range(8)]
        categories = [ada.category(f"{n}")["id"] for n in range(3)]

        def work(client: int) -> int:
            chance = random.Random(client)  # noqa: S311  # Nothing is secret here.
            with closing(server.another_client()) as own:
                me = Person(own, ada.id, ada.token)
                return sum(something(me, chance) for _ in range(rounds))

        def something(me: Person, chance: random.Random) -> int:
            """Send a change or a read; return the number of toggles."""
            task: Any = chance.choice(tasks)
            match chance.choice("ttppcdlr"):
                case "t":
                    body_of(me.patch(f"/tasks/{task}/complete"))
                    return 1
                case "p":
                    change = {
                        "category_id": chance.choice(categories),
                        "priority": chance.choice(["low", "high"]),
                    }
                    body_of(me.patch(f"/tasks/{task}", change))
                case "c":
                    me.task(category_id=chance.choice(categories))
                case "d":
                    body_of(me.delete(f"/tasks/{me.task()['id']}"))
                case "l":
                    body_of(me.get("/tasks", limit=5))
                case _:
                    body_of(new_person(me.server).get())
            return 0

        with ThreadPoolExecutor(clients) as pool:
            switched = sum(pool.map(work, range(clients)))
        done = sum(body_of(ada.get(f"/tasks/{task}"))["completed"] for task in tasks)
    ((conflicts,),) = cluster.execute(ROLLED_BACK)
    # There were conflicts; each change took effect once, and the counters equal the counted rows.
    assert conflicts > 0
    assert done % 2 == switched % 2
    assert cluster.execute(WRONG, "serializable") == []
    report(
        "SERIALIZABLE with retries",
        "0 failures",
        f"0 of {clients * rounds} requests failed, {conflicts} conflicts retried",
    )


@pytest.mark.long
def test_the_suite_passes_with_every_transaction_serializable(report: Report) -> None:
    passed = run_suite(ISOLATION="serializable")
    report("The suite under SERIALIZABLE", "0 failures", f"0 of {passed} tests failed")
