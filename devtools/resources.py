"""The resources of a contract: what clients create, read and delete, found by reading its paths.

The tests and the fuzzer take paths, ids and examples from here, so a new resource needs no entry in them.
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
    """What a path parameter such as `task_id` names."""

    parameter: str
    # The paths of one, and of all. A POST to the latter creates one.
    item: str
    collection: str
    # The example and the schema of the creation's body.
    example: Mapping[str, Any]
    schema: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The last segment of the collection's path: `tasks`."""
        return self.collection.rpartition("/")[2]

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids that the collection's path needs, besides the owner's."""
        return ids_in(self.collection)

    @property
    def references(self) -> tuple[str, ...]:
        """The properties of the creation's body. A property called `task_id` refers to a task."""
        return tuple(self.schema["properties"])


def ids_in(path: str) -> tuple[str, ...]:
    """The parameters of a path, without the owner."""
    return tuple(name for name in re.findall(r"{(\w+)}", path) if name != OWNER)


def resolve(contract: Contract, node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        reference, node = node["$ref"], contract
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
    return node


def find_resources(contract: Contract) -> dict[str, Resource]:
    """The resources by the parameter with their id. A resource comes after those in whose paths it is."""
    found = {resource.parameter: resource for resource in _resources(contract)}
    return dict(sorted(found.items(), key=lambda item: len(item[1].parents)))


def _resources(contract: Contract) -> Iterator[Resource]:
    paths = contract["paths"]
    for item in paths:
        collection, _, last = item.rpartition("/")
        if not last.startswith("{") or last == f"{{{OWNER}}}":
            continue
        # An item may be found below its owner although it is created below its parent.
        segment = collection.rpartition("/")[2]
        same = [path for path in paths if path.endswith(f"/{segment}") and "post" in paths[path]]
        for path in sorted(same, key=lambda path: path != collection)[:1]:
            body = resolve(contract, paths[path]["post"]["requestBody"])["content"]["application/json"]
            schema = resolve(contract, body["schema"])
            yield Resource(last.strip("{}"), item, path, body.get("example", {}), schema)


def example_ids(contract: Contract) -> dict[str, Any]:
    """The examples of all path parameters but the owner's."""
    parameters = contract["components"]["parameters"].values()
    found = {p["name"]: p.get("example") for p in parameters if p["in"] == "path"}
    return {name: example for name, example in found.items() if name != OWNER}
