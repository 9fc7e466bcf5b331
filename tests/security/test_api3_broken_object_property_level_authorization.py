"""OWASP API3:2023, broken object property level authorization.

Clients cannot write properties of the server (mass assignment), and no response has properties that the
contract does not declare.
"""

from __future__ import annotations

import json

import pytest

from tests.api.conftest import (
    OPERATIONS,
    Cluster,
    Json,
    Operation,
    Person,
    body_of,
    each,
    resolve,
    validation_errors_of,
)
from tests.resources import RESOURCES, collections, table_of

WITH_BODY = [operation for operation in OPERATIONS if operation.example is not None]
# Columns of the database that clients might try to set, and common properties of other services.
SERVERS_OWN: dict[str, Json] = {
    "id": 1,
    "user_id": "somebody",
    "created_at": "2000-01-01T00:00:00Z",
    "updated_at": "2000-01-01T00:00:00Z",
    "described_at": "2000-01-01T00:00:00Z",
    "erased_at": None,
    "owner": "somebody",
    "role": "admin",
    "is_admin": True,
    "revision": 1,
    "version": 1,
    "user": {"id": "somebody"},
    "category": {"name": "New"},
    "__proto__": {"is_admin": True},
    "constructor": {"prototype": {}},
    "$set": {"user_id": "somebody"},
    "user_id[]": ["somebody"],
    "userId": "somebody",
    "USER_ID": "somebody",
    "user_id ": "somebody",
}


@each(WITH_BODY)
@pytest.mark.parametrize("name", SERVERS_OWN)
def test_server_owned_properties_are_rejected(ada: Person, operation: Operation, name: str) -> None:
    ids = ada.create_each()
    before = [ada.get(path).json() for path in ("", *collections())]
    path = operation.path.format(user_id=ada.id, **ids)
    response = ada.request(operation.method, path, json=operation.example | {name: SERVERS_OWN[name]})
    assert (f"body.{name}", "additionalProperties") in validation_errors_of(response)
    assert [ada.get(path).json() for path in ("", *collections())] == before


@pytest.mark.parametrize("parameter", ["user_id", *RESOURCES])
def test_a_response_has_exactly_the_contract_properties(
    ada: Person, cluster: Cluster, parameter: str
) -> None:
    path = RESOURCES[parameter].item if parameter in RESOURCES else "/api/{user_id}"
    (read,) = [o for o in OPERATIONS if (o.method, o.path) == ("GET", path)]
    response = body_of(ada.get(path.format(user_id=ada.id, **ada.create_each())))
    assert {*response} == {
        *resolve(read.responses[200]["content"]["application/json"]["schema"])["properties"]
    }
    # The database has more columns, which the responses must not contain.
    table = table_of(parameter).name
    columns = cluster.execute(
        "SELECT column_name FROM information_schema.columns "  # noqa: S608
        f"WHERE table_schema = 'tasks_api' AND table_name = '{table}'",
        "security",
    )
    inside = {name for (name,) in columns} - {*response}
    assert not [name for name in inside if f'"{name}"' in json.dumps(response)]
    if parameter == "user_id":
        assert "described_at" in inside


def test_a_profile_cannot_be_written_through_the_api(ada: Person) -> None:
    before = body_of(ada.get())
    for method in ("PUT", "PATCH", "POST"):
        assert ada.request(method, "", json={"email": "eve@example.com"}).status_code == 405
    assert body_of(ada.get()) == before


def test_list_parameters_cannot_select_further_properties(ada: Person) -> None:
    ada.task()
    for query in (
        "fields=*",
        "include=user",
        "expand=user",
        "select=*",
        "embed=category",
        "sort=user_id",
        "filter[user_id]=x",
    ):
        assert ada.request("GET", f"/tasks?{query}").status_code == 422
