"""The contract for the tests, read from openapi.yaml without the engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]

Json = Any

# The C loader is ten times as fast, and every pytest-xdist worker reads the contract.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CONTRACT: dict[str, Any] = yaml.load((ROOT / "openapi.yaml").read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
BODY_LIMIT: int = CONTRACT["x-max-body-bytes"]


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        reference, node = node["$ref"], CONTRACT
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
    return node


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    node: Mapping[str, Any] = field(repr=False)

    @property
    def secured(self) -> bool:
        return bool(self.node.get("security", CONTRACT["security"]))

    @property
    def owned(self) -> bool:
        return "{user_id}" in self.path

    @property
    def item(self) -> str:
        """The last path parameter other than `user_id`: `task_id`, `category_id` or an empty string."""
        names = re.findall(r"{(\w+)}", self.path)
        return names[-1] if names and names[-1] != "user_id" else ""

    @property
    def example(self) -> Json:
        """The example of the request body, or None if the operation has no body."""
        if "requestBody" not in self.node:
            return None
        return resolve(self.node["requestBody"])["content"]["application/json"]["example"]

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties of the request body."""
        return tuple(self.body["properties"])

    @property
    def body(self) -> Mapping[str, Json]:
        """The schema of the request body."""
        return resolve(resolve(self.node["requestBody"])["content"]["application/json"]["schema"])

    @cached_property
    def responses(self) -> Mapping[int, dict[str, Any]]:
        return {int(status): resolve(response) for status, response in self.node["responses"].items()}

    @cached_property
    def parameters(self) -> tuple[dict[str, Any], ...]:
        """The parameters of the path item and of the operation, which override those of the path item."""
        item = resolve(CONTRACT["paths"][self.path])
        declared = [resolve(p) for p in (*item.get("parameters", ()), *self.node.get("parameters", ()))]
        return tuple({(p["in"], p["name"]): p for p in declared}.values())

    @property
    def query(self) -> Mapping[str, Json]:
        return {p["name"]: resolve(p["schema"]) for p in self.parameters if p["in"] == "query"}

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(p["name"] for p in self.parameters if p["in"] == "header")

    def error(self, status: int) -> Json:
        """Return the example of an error response, or one of its examples."""
        media = self.responses[status]["content"]["application/json"]
        return media["example"] if "example" in media else next(iter(media["examples"].values()))["value"]


def _operations() -> Iterator[Operation]:
    for path, node in CONTRACT["paths"].items():
        item = resolve(node)
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                yield Operation(item[method]["operationId"], method.upper(), path, item[method])


OPERATIONS = tuple(_operations())
PATHS: tuple[str, ...] = tuple(CONTRACT["paths"])


def each(operations: Iterable[Operation], name: str = "operation") -> pytest.MarkDecorator:
    return pytest.mark.parametrize(name, operations, ids=lambda operation: operation.id)


def shared_out(operations: Sequence[Operation], name: str, cases: Sequence[Any]) -> pytest.MarkDecorator:
    """Parametrize with each case and each operation at least once, instead of with all of their pairs.

    The engine handles all operations in the same way, and its own tests have all cases.
    """
    pairs = [
        (cases[n % len(cases)], operations[n % len(operations)])
        for n in range(max(len(cases), len(operations)))
    ]
    return pytest.mark.parametrize((name, "operation"), pairs, ids=lambda value: getattr(value, "id", None))


def leaves(schema: Json) -> list[dict[str, Any]]:
    """Return the alternatives of a schema, with references resolved; `null` is one of them."""
    schema = resolve(schema)
    if "anyOf" in schema and "type" not in schema:
        return [leaf for option in schema["anyOf"] for leaf in leaves(option)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": kind} for kind in schema["type"]]
    return [schema]


def null_properties(name: str) -> dict[str, None]:
    """Return the nullable properties of a schema with their default in this service, null."""
    properties = CONTRACT["components"]["schemas"][name]["properties"]
    return {key: None for key, value in properties.items() if any(o["type"] == "null" for o in leaves(value))}
