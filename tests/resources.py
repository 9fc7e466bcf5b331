"""The resources for the generic tests: all resources of openapi.yaml, with their tables.

A new resource needs no entry here if it follows the conventions: the path parameter `comment_id` names a row
of the table `comment`, and any user can send the example of the creation's body. Otherwise a test fails with
the line to add here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import jsonschema_rs
from sqlalchemy import Table, UniqueConstraint

from devtools.resources import Resource, example_ids, find_resources
from impl.tables import SCHEMA, metadata
from tests.contract import CONTRACT, OPERATIONS, Json, Operation

RESOURCES: dict[str, Resource] = find_resources(CONTRACT)

# Tables whose name does not follow from the path parameter, by path parameter.
OTHER_TABLES: dict[str, str] = {}
# Creation bodies for resources whose contract example not every user can send, by path parameter.
OTHER_BODIES: dict[str, Json] = {}

# Path parameters of which no POST creates the item, such as a year: the contract's example is always valid.
OTHER_PARAMETERS = {name: value for name, value in example_ids(CONTRACT).items() if name not in RESOURCES}

# A valid id that no item has, and arbitrary valid ids.
LAST_ID = 2**53 - 1
NOTHING = {**dict.fromkeys(RESOURCES, LAST_ID), **OTHER_PARAMETERS}
ANY = {**dict.fromkeys(RESOURCES, 1), **OTHER_PARAMETERS}

CREATION_FAILED = (
    "The generic tests create an item of each resource, and POST {path} with the example of openapi.yaml "
    "failed: {response}. Write an example there that every user can send, or add a body to OTHER_BODIES in "
    "tests/resources.py."
)


def table_of(parameter: str) -> Table:
    name = OTHER_TABLES.get(parameter, parameter.removesuffix("_id"))
    if (table := metadata.tables.get(f"{SCHEMA}.{name}")) is None:
        raise LookupError(
            f"impl/tables.py has no table {name} for the path parameter {parameter}; "
            "add the name of its table to OTHER_TABLES in tests/resources.py"
        )
    return table


def unique_properties(parameter: str) -> set[str]:
    """Return the properties that must be unique among a user's items."""
    constraints = [c for c in table_of(parameter).constraints if isinstance(c, UniqueConstraint)]
    return {column.name for constraint in constraints for column in constraint.columns} - {"user_id"}


def new_body(parameter: str) -> dict[str, Any]:
    """Return a creation body: the contract's example, with new values for unique properties."""
    resource = RESOURCES[parameter]
    body = OTHER_BODIES.get(parameter, resource.example)
    body = {name: value for name, value in body.items() if name not in RESOURCES}
    return body | {name: uuid4().hex for name in unique_properties(parameter) if name in resource.references}


def body_for(operation: Operation) -> Json:
    """Return the example of this operation's body with new unique values, or None if it has no body."""
    if operation.example is None:
        return None
    unique = unique_properties(operation.item) if operation.item in RESOURCES else set()
    for parameter, resource in RESOURCES.items():
        if operation.method == "POST" and operation.path == resource.collection:
            unique = unique_properties(parameter)
    return operation.example | {name: uuid4().hex for name in unique & {*operation.properties}}


def by_reference() -> list[str]:
    """Return all path parameters, each after its parents and the resources that it may refer to."""
    ordered: list[str] = []

    def add(parameter: str) -> None:
        resource = RESOURCES[parameter]
        for other in (*resource.parents, *resource.references):
            if other in RESOURCES and other != parameter and other not in ordered:
                add(other)
        if parameter not in ordered:
            ordered.append(parameter)

    for parameter in RESOURCES:
        add(parameter)
    return ordered


def text_properties(text: str) -> set[str]:
    """Return the properties of creation bodies that may be this text, such as `title`.

    A property that several resources have must accept it in each of them.
    """
    accepted: dict[str, bool] = {}
    for resource in RESOURCES.values():
        for name, schema in resource.schema["properties"].items():
            # The references in the schema need the components beside it.
            whole = {**schema, "components": CONTRACT["components"]}
            validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            accepted[name] = accepted.get(name, True) and validator.is_valid(text)
    return {name for name, accepts in accepted.items() if accepts}


def operations_on(parameter: str) -> list[Operation]:
    """Return the operations whose path contains this parameter."""
    return [operation for operation in OPERATIONS if operation.item == parameter]


def not_found(parameter: str) -> Json:
    """Return the body of the 404 response for an item of this resource."""
    one = [operation for operation in operations_on(parameter) if operation.path == RESOURCES[parameter].item]
    return min(one, key=lambda operation: operation.method != "GET").error(404)


def collections() -> dict[str, Resource]:
    """Return the resources directly below the user, by relative path, such as `/tasks`."""
    found = {resource.collection.removeprefix("/api/{user_id}"): resource for resource in RESOURCES.values()}
    return {path: resource for path, resource in found.items() if not resource.parents}


# Every write changes the xmin of a row or the number of rows.
WHAT_IS_STORED = " UNION ALL ".join(
    f"SELECT '{table.name}', count(*), max(xmin::text::bigint) FROM {SCHEMA}.\"{table.name}\""  # noqa: S608
    for table in metadata.sorted_tables
)


def rows_of_user(table: Table, user_id: str) -> str:
    """Return the SQL condition that selects a user's rows."""
    return f"{'user_id' if 'user_id' in table.c else 'id'} = '{user_id}'"


def example_values() -> Mapping[str, Any]:
    """Return the contract's example value for each property of each creation body."""
    return {name: value for resource in RESOURCES.values() for name, value in resource.example.items()}
