"""Of two people who change the same thing, neither overwrites the other without knowing it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.conftest import Person, body_of, findings_of
from tests.promises.conftest import FULL, Report
from tests.resources import RESOURCES, body_for, not_found, operations_on

CHANGED = {"detail": "The resource's ETag does not satisfy the request's If-Match or If-None-Match"}
WRITERS = 50
ROUNDS = 20 if FULL else 2

# How each operation with If-Match changes what is there: resource, method, path below it, body.
CHANGES = [
    pytest.param(name, operation.method, operation.path.removeprefix(resource.item), body, id=case)
    for name, resource in RESOURCES.items()
    for operation in operations_on(name)
    if "If-Match" in operation.headers and operation.method != "GET"
    for case, body in [(operation.id, body_for(operation))]
    + ([(f"{operation.id} with nothing", {})] if operation.method == "PATCH" and operation.example else [])
]
changes = pytest.mark.parametrize(("parameter", "method", "below", "body"), CHANGES)


def new(person: Person, parameter: str) -> tuple[str, str]:
    """The path and the ETag of something new."""
    path = RESOURCES[parameter].item.format(user_id=person.id, **person.belongings())
    return path, person.get(path).headers["etag"]


def send(person: Person, method: str, path: str, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.request(method, path, json=body, headers=named)


@pytest.mark.parametrize(
    ("change", "method", "below", "body"),
    [
        ("updateTask", "PATCH", "", {"title": "Changed"}),
        ("replaceTask", "PUT", "", {"title": "Replaced"}),
        ("toggleTask", "PATCH", "/complete", None),
        ("deleteTask", "DELETE", "", None),
    ],
)
def test_of_many_writers_with_one_etag_one_succeeds(
    ada: Person, report: Report, change: str, method: str, below: str, body: Any
) -> None:
    statuses: Counter[int] = Counter()
    for _ in range(ROUNDS):
        path, etag = new(ada, "task_id")

        def write(number: int, path: str = path, etag: str = etag) -> httpx.Response:
            mine = body and body | {"title": f"Writer {number}"}
            return send(ada, method, path + below, mine, If_Match=etag)

        with ThreadPoolExecutor(WRITERS) as pool:
            answers = list(pool.map(write, range(WRITERS)))
        [winner] = [answer for answer in answers if answer.status_code == 200]
        losers = [answer for answer in answers if answer is not winner]
        if change == "deleteTask":
            # What is gone has no state that could be another one.
            assert {answer.status_code for answer in losers} <= {404, 412}
        else:
            assert {answer.status_code for answer in losers} == {412}
            assert all(answer.json() == CHANGED for answer in losers)
            there = ada.get(path)
            assert (there.json(), there.headers["etag"]) == (winner.json(), winner.headers["etag"])
            assert winner.headers["etag"] != etag
        statuses.update(answer.status_code for answer in answers)
    assert statuses[200] == ROUNDS
    if change == "updateTask":
        shown = f"{statuses[200] / ROUNDS:.0f} success, {statuses[412] / ROUNDS:.0f} × 412, {ROUNDS} times"
        report("Lost update", "1 success, 49 × 412", shown)


@changes
def test_only_a_tag_of_the_present_state_lets_a_change_through(
    ada: Person, parameter: str, method: str, below: str, body: Any
) -> None:
    path, etag = new(ada, parameter)
    before = ada.get(path)
    assert (before.headers["etag"], before.status_code) == (etag, 200)
    for refused in (
        '"another"',
        f"W/{etag}",
        f'"x",W/{etag}',
        '"0000000000000000"',
        '"ffffffffffffffff"',
        '""',
    ):
        answer = send(ada, method, path + below, body, If_Match=refused)
        assert (answer.status_code, answer.json()) == (412, CHANGED), refused
        assert "etag" not in answer.headers
    after = ada.get(path)
    assert (after.json(), after.headers["etag"]) == (before.json(), etag)
    answer = send(ada, method, path + below, body, If_Match=f'"x" , {etag},W/"y"')
    assert answer.status_code == 200
    if method == "DELETE":
        assert (ada.get(path).status_code, "etag" in answer.headers) == (404, False)
        path, _ = new(ada, parameter)
    else:
        # An empty change is none.
        assert (answer.headers["etag"] == etag) == (body == {})
        assert ada.get(path).headers["etag"] == answer.headers["etag"]
    assert send(ada, method, path + below, body, If_Match="*").status_code == 200


@changes
def test_what_is_not_there_is_not_found_whatever_the_condition_says(
    ada: Person, bob: Person, parameter: str, method: str, below: str, body: Any
) -> None:
    theirs, etag = new(bob, parameter)
    item, mine = RESOURCES[parameter].item, ada.belongings()
    ids = theirs.rsplit("/", 1)[1], str(2**53 - 1)
    paths = [item.format(user_id=ada.id, **mine | {parameter: number}) + below for number in ids]
    for condition in ("*", etag, '"another"', f"W/{etag}"):
        seen = [send(ada, method, path, body, If_Match=condition) for path in paths]
        expected = (404, not_found(parameter))
        assert [(answer.status_code, answer.json()) for answer in seen] == [expected] * 2
        one, other = ({**answer.headers, "date": "", "x-request-id": ""} for answer in seen)
        assert one == other
    assert bob.get(theirs).headers["etag"] == etag


CACHED = [name for name in RESOURCES if any("If-None-Match" in o.headers for o in operations_on(name))]


@pytest.mark.parametrize("parameter", CACHED)
def test_what_the_client_has_already_is_not_sent_again(ada: Person, parameter: str) -> None:
    path, etag = new(ada, parameter)
    whole = ada.get(path)
    for known_by in (etag, "*", f"W/{etag}", f'"x", {etag}', f'W/"x",W/{etag}'):
        for method in ("GET", "HEAD"):
            answer = send(ada, method, path, None, If_None_Match=known_by)
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
            assert {"content-type", "content-length"}.isdisjoint(answer.headers)
            kept = {"vary", "cache-control", "x-content-type-options"}
            assert {n: answer.headers[n] for n in kept} == {n: whole.headers[n] for n in kept}
    for unknown in ('"x"', '"0000000000000000"', etag[:-2] + '"', '""'):
        answer = send(ada, "GET", path, None, If_None_Match=unknown)
        assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, whole.json(), etag)
        head = send(ada, "HEAD", path, None, If_None_Match=unknown)
        assert (head.status_code, head.headers["etag"]) == (200, etag)
    gone = send(ada, "GET", f"{path.rpartition('/')[0]}/{2**53 - 1}", None, If_None_Match="*")
    assert gone.status_code == 404


def test_the_deletion_of_its_category_changes_a_tasks_etag(ada: Person) -> None:
    category = ada.category()
    path = ada.path(f"/tasks/{ada.task(category_id=category['id'])['id']}")
    etag = ada.get(path).headers["etag"]
    body_of(ada.delete(f"/categories/{category['id']}"))
    answer = send(ada, "GET", path, None, If_None_Match=etag)
    assert (answer.status_code, answer.json()["category_id"]) == (200, None)
    assert answer.headers["etag"] != etag
    assert send(ada, "PATCH", path, {"title": "x"}, If_Match=etag).status_code == 412


@pytest.mark.parametrize(
    "text", ["x", '"', '"a', 'a"', '"a" "b"', '*,"a"', "*,", ",*", 'w/"a"', '"\xfc"', '"a b"']
)
def test_what_is_no_list_of_tags_is_refused(ada: Person, text: str) -> None:
    path, etag = new(ada, "task_id")
    for method, name in (("PATCH", "If-Match"), ("DELETE", "If-Match"), ("GET", "If-None-Match")):
        body = b'{"title": "x"}' if method == "PATCH" else None
        answer = ada.raw(method, path, body, ("Content-Type", "application/json"), (name, text))
        (finding,) = findings_of(answer)
        assert finding[0] == f"header.{name}"
    assert ada.get(path).headers["etag"] == etag
