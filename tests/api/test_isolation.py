"""A user cannot reach another user's data, and no response reveals whether it exists."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.resources import ANY, NOTHING, RESOURCES, body_for, collections

from .conftest import NOT_THE_CALLER, OPERATIONS, Operation, Person, each, expect, new_person

OWNED = [operation for operation in OPERATIONS if operation.owned]
ITEMS = [operation for operation in OWNED if operation.item]


def call(person: Person, operation: Operation, user_id: str, **ids: int) -> httpx.Response:
    path = operation.path.format(user_id=user_id, **ids)
    return person.request(operation.method, path, json=body_for(operation))


@each(OWNED)
def test_every_path_of_another_user_is_forbidden(
    ada: Person, bob: Person, stored: Callable[[], str], operation: Operation
) -> None:
    ids = ada.create_each()
    before = stored()
    for given in (ids, NOTHING):
        expect(call(bob, operation, ada.id, **given), 403, NOT_THE_CALLER)
    # The response is the same if the other user does not exist.
    expect(call(bob, operation, new_person(ada.server).id, **ids), 403, NOT_THE_CALLER)
    assert stored() == before


@each(OWNED)
def test_another_users_path_is_forbidden_before_validation(
    ada: Person, bob: Person, operation: Operation
) -> None:
    path = operation.path.format(user_id=ada.id, **ANY)
    for content_type in ("application/json", "text/plain"):
        response = bob.raw(operation.method, f"{path}?unknown=1", b"{", ("Content-Type", content_type))
        expect(response, 403, NOT_THE_CALLER)


@each(ITEMS)
def test_items_of_another_user_answer_404_on_own_paths(
    ada: Person, bob: Person, stored: Callable[[], str], operation: Operation
) -> None:
    ids = ada.create_each()
    before = stored()
    response = call(bob, operation, bob.id, **ids)
    nothing = call(bob, operation, bob.id, **NOTHING)
    assert response.status_code == nothing.status_code == 404
    assert response.content == nothing.content
    assert lasting_headers(response) == lasting_headers(nothing)
    assert stored() == before


def test_an_item_is_only_found_below_its_own_parent(ada: Person) -> None:
    """A comment of one task is not found below another task of the same user."""
    for operation in ITEMS:
        resource = RESOURCES.get(operation.item)
        for parent in resource.parents if resource and operation.path.startswith(resource.item) else ():
            ids = ada.create_each()
            response = call(ada, operation, ada.id, **ids | {parent: ada.create_each()[parent]})
            assert response.status_code == 404, (
                f"{operation.id} found the item below another {parent}: pass {parent}={parent} to OwnedTable"
            )


def lasting_headers(response: httpx.Response) -> list[tuple[str, str]]:
    """Return the headers without those that differ in every response."""
    return [item for item in response.headers.multi_items() if item[0] not in ("date", "x-request-id")]


@pytest.mark.parametrize("path", collections())
@pytest.mark.parametrize(
    "query",
    [{}, {"limit": 1000}, {"offset": 0}, {"cursor": "f" * 28}, {"cursor": "f" * 28, "offset": 0}],
    ids=str,
)
def test_lists_have_no_items_of_another_user(
    ada: Person, bob: Person, path: str, query: dict[str, str]
) -> None:
    ada.create_each()
    expect(bob.get(path, **query), 200, {"items": [], "total": 0, "next_cursor": None})


@pytest.mark.parametrize("query", ["completed=false", "priority=medium", "category_id={category_id}"])
def test_filters_find_no_items_of_another_user(ada: Person, bob: Person, query: str) -> None:
    ids = ada.create_each()
    response = bob.request("GET", f"/tasks?{query.format(**ids)}")
    expect(response, 200, {"items": [], "total": 0, "next_cursor": None})


@pytest.mark.parametrize("similar", ["upper case", "longer", "shorter", "wildcard"])
def test_a_similar_user_id_is_another_user(ada: Person, similar: str) -> None:
    user_id = {
        "upper case": ada.id.upper() + "A",
        "longer": ada.id + "0",
        "shorter": ada.id[:-1],
        "wildcard": ada.id[:-1] + "_",
    }[similar]
    expect(ada.get(f"/api/{user_id}/tasks"), 403, NOT_THE_CALLER)
