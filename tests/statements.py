"""Every SQL statement of the service, found by inspecting its modules and resources.

A new resource needs no entry here: its statements are in its module and in its OwnedTable.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from inspect import signature
from itertools import chain, product
from types import MethodType, ModuleType
from typing import Any

import impl.resources
import impl.store
from impl.postgres.database import Database
from impl.postgres.statement import Statement
from impl.store.owned_table import OwnedTable
from impl.store.profiles import Profiles
from impl.tables import Counters


def modules() -> Iterator[ModuleType]:
    for room in (impl.resources, impl.store):
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)


def resources(database: Database) -> dict[str, Any]:
    """Return an object of each class of impl/resources/ that only needs a database."""
    classes = (
        value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    )
    return {
        cls.__name__: cls(database)
        for cls in classes
        if cls.__module__.startswith("impl.resources.") and list(signature(cls).parameters) == ["database"]
    }


def owned_tables(resources: Iterable[object]) -> dict[str, OwnedTable[Any]]:
    """Return the tables of these resources, by name in PostgreSQL."""
    parts = chain.from_iterable(vars(resource).values() for resource in resources)
    return {part._table.name: part for part in parts if isinstance(part, OwnedTable)}


def filters(counters: Counters | None) -> Iterator[dict[str, object]]:
    """Yield every combination of filters that selects different counters, with values."""
    if counters is None:
        return
    values: dict[str, set[object]] = {name: {None} for name in counters.properties}
    for properties in counters.columns.values():
        for name, value in properties.items():
            values[name].add(value)
    if counters.key:
        values[counters.key] = {None, 1}
    for chosen in product(*(sorted(some, key=str) for some in values.values())):
        yield {name: value for name, value in zip(values, chosen, strict=True) if value is not None}


def places() -> Iterator[dict[str, bool]]:
    for after_cursor, skipping in product((False, True), repeat=2):
        yield {"after_cursor": after_cursor, "skipping": skipping}


def statements(*, sharded: bool = False) -> dict[str, Statement[Any]]:
    """Return all statements by their path; on a sharded database none is batched."""
    database = Database("postgresql://nowhere/app", sharded=sharded)
    found = resources(database)
    for table in owned_tables(found.values()).values():
        for given, place in product(filters(table._pages._counters), places()):
            table._pages.statement(given, **place)
    roots = {**found, "Profiles": Profiles(database), **{m.__name__: vars(m) for m in modules()}}
    return dict(_look(roots, "", {}))


def _look(value: Any, path: str, seen: dict[int, object]) -> Iterator[tuple[str, Statement[Any]]]:
    if id(value) in seen:
        return
    # A reference, so that no other object gets the same id().
    seen[id(value)] = value
    parts: Iterable[tuple[object, Any]] = ()
    if isinstance(value, Statement):
        yield path.lstrip("."), value
        parts = [("done", value.done)]
    elif isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, tuple | list):
        parts = enumerate(value)
    elif isinstance(value, partial):
        parts = [("", [value.func, *value.args])]
    elif isinstance(value, MethodType):
        parts = [("", value.__self__)]
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [(field.name, getattr(value, field.name)) for field in fields(value)]
    elif type(value).__module__.startswith("impl.") and hasattr(value, "__dict__"):
        parts = vars(value).items()
    for name, part in [*parts]:
        yield from _look(part, f"{path}.{name}" if name != "" else path, seen)
