"""The resources of a contract, derived from its paths.

The tests and the fuzzer read paths, ids and examples from here, so a new resource needs no entry in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Contract = Mapping[str, Any]

OWNER = "user_id"


@dataclass(frozen=True)
class Resource:
    """A resource, identified by a path parameter such as `task_id`."""

    parameter: str
    # The paths of an item and of the collection. A POST to the collection creates an item.
    item: str
    collection: str
    # The example and the schema of the body of the creation.
    example: Mapping[str, Any]
    schema: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The last segment of the collection's path: `tasks`."""
        return self.collection.rpartition("/")[2]

    @property
    def parents(self) -> tuple[str, ...]:
        """The path parameters of the collection, without the owner's."""
        return ids_in(self.collection)

    @property
    def references(self) -> tuple[str, ...]:
        """The properties of the body of the creation. A property called `task_id` refers to a task."""
        return tuple(self.schema["properties"])


def ids_in(path: str) -> tuple[str, ...]:
    """Return the parameters of a path, without the owner's."""
    return tuple(name for name in re.findall(r"{(\w+)}", path) if name != OWNER)


def resolve(contract: Contract, node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        reference, node = node["$ref"], contract
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
    return node


def find_resources(contract: Contract) -> dict[str, Resource]:
    """Return the resources by the path parameter of their id; parents come before their children."""
    found = {resource.parameter: resource for resource in _resources(contract)}
    return dict(sorted(found.items(), key=lambda item: len(item[1].parents)))


def _resources(contract: Contract) -> Iterator[Resource]:
    paths = contract["paths"]
    for item in paths:
        collection, _, last = item.rpartition("/")
        if not last.startswith("{") or last == f"{{{OWNER}}}":
            continue
        # The path of an item may be below its owner although the item is created below its parent.
        segment = collection.rpartition("/")[2]
        same = [path for path in paths if path.endswith(f"/{segment}") and "post" in paths[path]]
        for path in sorted(same, key=lambda path: path != collection)[:1]:
            body = resolve(contract, paths[path]["post"]["requestBody"])["content"]["application/json"]
            schema = resolve(contract, body["schema"])
            yield Resource(last.strip("{}"), item, path, body.get("example", {}), schema)


def example_ids(contract: Contract) -> dict[str, Any]:
    """Return the examples of all path parameters except the owner's."""
    parameters = contract["components"]["parameters"].values()
    found = {p["name"]: p.get("example") for p in parameters if p["in"] == "path"}
    return {name: example for name, example in found.items() if name != OWNER}
