"""The columns that operations read: those of a response, so that no other column reaches a client."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from specfirst.serving.startup import StartupError
from sqlmodel import SQLModel


def properties(model: type[SQLModel], row: type) -> frozenset[str]:
    """Return the properties of `row`, a TypedDict, that the rows of a table have.

    `etag` is made of the column `revision`. Raises StartupError if the table lacks a column for a required
    property, or if a column may have a value that the property may not.
    """
    fields = {name: field.annotation for name, field in model.model_fields.items()}
    if fields.pop("revision", None):
        fields["etag"] = str
    found, problems = set[str](), []
    annotated = get_type_hints(row, include_extras=True)
    for name, hint in get_type_hints(row).items():
        if name not in fields:
            if get_origin(annotated[name]) is not NotRequired:
                problems.append(f"it has no column {name}, which {row.__name__} requires")
            continue
        found.add(name)
        allowed = set(_classes(hint))
        if others := {kind for kind in _classes(fields[name]) if not _fits(kind, allowed)}:
            kinds = " or ".join(sorted("null" if kind is type(None) else kind.__name__ for kind in others))
            problems.append(f"its column {name} may be {kinds}, which {row.__name__} does not allow")
    if problems:
        raise StartupError(
            f"impl/tables.py: {model.__name__} does not fit openapi.yaml: {'; '.join(problems)}. "
            f"Change {model.__name__}, and write the migration with scripts/migration, or change the contract"
        )
    return frozenset(found)


def _fits(kind: Any, allowed: set[Any]) -> bool:
    """Whether a property of the allowed classes may have the values of a class."""
    if kind is Any or allowed & {kind, Any, object}:
        return True
    is_text = isinstance(kind, type) and issubclass(kind, str)
    return (kind is int and float in allowed) or (is_text and str in allowed)


def _classes(hint: Any) -> Iterator[Any]:
    """Yield the classes of the values that a type hint allows."""
    if get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _classes(part)
    elif get_origin(hint) is Literal:
        yield from (type(value) for value in get_args(hint))
    elif is_typeddict(hint):
        yield dict
    else:
        yield get_origin(hint) or hint
