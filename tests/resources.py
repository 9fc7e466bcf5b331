"""The resources that the generic tests are about: all that openapi.yaml has, with their tables.

A new resource needs no entry here if it follows the conventions: the path parameter `comment_id` names a row
of the table `comment`, and any user can send the example of the creation's body. Otherwise a test fails with
the line to add here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, UniqueConstraint

from devtools.resources import Resource, example_ids, find_resources
from impl.tables import SCHEMA, metadata
from tests.contract import CONTRACT, OPERATIONS, Json, Operation

RESOURCES: dict[str, Resource] = find_resources(CONTRACT)

# The table of a resource whose parameter has another name, by the parameter.
OTHER_TABLES: dict[str, str] = {}
# Bodies that create one, where the contract's example cannot be sent by any user; by the parameter.
OTHER_BODIES: dict[str, Json] = {}

# What no POST creates, such as a year: the contract's example is a value that every user may send.
OTHER_PARAMETERS = {name: value for name, value in example_ids(CONTRACT).items() if name not in RESOURCES}

# An id that the contract admits and nothing has, and ids of which only the form matters.
LAST_ID = 2**53 - 1
NOTHING = {**dict.fromkeys(RESOURCES, LAST_ID), **OTHER_PARAMETERS}
ANY = {**dict.fromkeys(RESOURCES, 1), **OTHER_PARAMETERS}

UNFIT = (
    "POST {path} with the example of its body in openapi.yaml got {answer}. The generic tests create one of "
    "each resource: write an example that every user can send there, or a body into OTHER_BODIES in "
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
    """The properties of which no two things of one user may have the same value."""
    constraints = [c for c in table_of(parameter).constraints if isinstance(c, UniqueConstraint)]
    return {column.name for constraint in constraints for column in constraint.columns} - {"user_id"}


def new_body(parameter: str) -> dict[str, Any]:
    """A body that creates one: the contract's example, with names of its own where they must be unique."""
    resource = RESOURCES[parameter]
    body = OTHER_BODIES.get(parameter, resource.example)
    body = {name: value for name, value in body.items() if name not in RESOURCES}
    return body | {name: uuid4().hex for name in unique_properties(parameter) if name in resource.references}


def body_for(operation: Operation) -> Json:
    """The example of this operation's body, with names that nothing has yet, or None if it takes none."""
    if operation.example is None:
        return None
    unique = unique_properties(operation.item) if operation.item in RESOURCES else set()
    for parameter, resource in RESOURCES.items():
        if operation.method == "POST" and operation.path == resource.collection:
            unique = unique_properties(parameter)
    return operation.example | {name: uuid4().hex for name in unique & {*operation.properties}}


def by_reference() -> list[str]:
    """All parameters, each after those that its resource needs or may refer to."""
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


def text_property(parameter: str) -> str | None:
    """A required property of the creation's body whose example is a text: `title`."""
    resource = RESOURCES[parameter]
    texts = [
        name for name in resource.schema.get("required", ()) if isinstance(resource.example.get(name), str)
    ]
    return texts[0] if texts else None


def operations_on(parameter: str) -> list[Operation]:
    """The operations on one thing of this resource, and below it."""
    return [operation for operation in OPERATIONS if operation.item == parameter]


def not_found(parameter: str) -> Json:
    """The body that answers an operation on one that is not there."""
    one = [operation for operation in operations_on(parameter) if operation.path == RESOURCES[parameter].item]
    return min(one, key=lambda operation: operation.method != "GET").error(404)


def collections() -> dict[str, Resource]:
    """The resources directly below the user, by their paths there: `/tasks`."""
    found = {resource.collection.removeprefix("/api/{user_id}"): resource for resource in RESOURCES.values()}
    return {path: resource for path, resource in found.items() if not resource.parents}


# Every write of a row changes its xmin or the number of rows.
WHAT_IS_STORED = " UNION ALL ".join(
    f"SELECT '{table.name}', count(*), max(xmin::text::bigint) FROM {SCHEMA}.\"{table.name}\""  # noqa: S608
    for table in metadata.sorted_tables
)


def rows_of_user(table: Table, user_id: str) -> str:
    """The condition that selects a user's rows."""
    return f"{'user_id' if 'user_id' in table.c else 'id'} = '{user_id}'"


def example_values() -> Mapping[str, Any]:
    """A value for each property of a creation, from the contract's examples."""
    return {name: value for resource in RESOURCES.values() for name, value in resource.example.items()}
