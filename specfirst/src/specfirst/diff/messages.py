"""Compare messages: parameters, request bodies, responses and their headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specfirst.diff.changes import Changes, Level
from specfirst.diff.containment import Way
from specfirst.diff.fields import compare_fields
from specfirst.diff.part import Part
from specfirst.diff.schemas import SchemaComparison
from specfirst.lint.view import types

NAMED_BY_CLIENTS = "generated clients know it by this name"
_MUST_SEND = "requests without it are rejected"
_NEED_NOT_SEND = "clients need not send it"
_NO_EFFECT = "what clients send has no effect"
_FIND_NOTHING = "clients that read it do not find it"
_IGNORED = "clients ignore unknown values"

Parameters = Mapping[tuple[str, str], Part]
"""The parameters of an operation, by their location and their identifier there."""

_VALUE = {"required", "schema", "content", "style", "explode"}
"""The fields of a parameter or header that define its value and serialization."""


class MessageComparison:
    """Compares the requests and responses of one operation, which `place` names."""

    def __init__(self, changes: Changes, place: str) -> None:
        self._changes, self._place = changes, place

    def parameters(self, old: Parameters, new: Parameters, listed: Part) -> None:
        """Compare parameters; a removed one would be in the operation `listed`."""
        removed = {key: parameter for key, parameter in old.items() if key not in new}
        added = {key: parameter for key, parameter in new.items() if key not in old}
        for (location, _), parameter in removed.items():
            name = parameter.node["name"]
            moved = [key[0] for key, other in added.items() if other.node["name"] == name]
            what = f"the parameter is moved to {moved[0]}" if moved else "the parameter is removed"
            reason = "requests with it are rejected" if location == "query" else _NO_EFFECT
            place = f"{self._place} {location} parameter {name}"
            self._changes.add(Level.BREAKING, listed.where("parameters"), place, what, reason)
        for (location, _), parameter in added.items():
            place = f"{self._place} {location} parameter {parameter.node['name']}"
            self._added(parameter, "parameter", place)
        for key in old.keys() & new.keys():
            self._parameter(old[key], new[key], f"{self._place} {key[0]} parameter {new[key].node['name']}")

    def _added(self, part: Part, what: str, place: str) -> None:
        """Report an addition to the request."""
        if part.node.get("required", False):
            level, what, reason = Level.BREAKING, f"the required {what} is added", _MUST_SEND
        else:
            level, what, reason = Level.COMPATIBLE, f"the optional {what} is added", _NEED_NOT_SEND
        self._changes.add(level, part.pointer, place, what, reason)

    def _parameter(self, old: Part, new: Part, place: str) -> None:
        names = old.node["name"], new.node["name"]
        if names[0] != names[1]:
            # Path parameter names are not sent, and header names are case-insensitive.
            level, reason = Level.COMPATIBLE, "header names are case-insensitive"
            if new.node["in"] == "path":
                level, reason = Level.BREAKING, NAMED_BY_CLIENTS
            self._changes.add(level, new.where("name"), place, "name", reason, *names)
        compare_fields(self._changes, old, new, place, _VALUE | {"name", "in"})
        self._required_in_request(old, new, place)
        self._value(old, new, place, Way.REQUEST)

    def _required_in_request(self, old: Part, new: Part, place: str) -> None:
        before, after = old.node.get("required", False), new.node.get("required", False)
        if before != after:
            level, reason = (Level.BREAKING, _MUST_SEND) if after else (Level.COMPATIBLE, _NEED_NOT_SEND)
            self._changes.add(level, new.where("required"), place, "required", reason, before, after)

    def _value(self, old: Part, new: Part, place: str, way: Way) -> None:
        """Compare the value of a parameter or header, and its serialization."""
        before, after = _serialization(old), _serialization(new)
        for name in before:
            if before[name] != after[name]:
                reason = "the serialization of the value changes"
                values = before[name], after[name]
                self._changes.add(Level.BREAKING, new.where(name), place, name, reason, *values)
        self._content(old, new, place, way)
        SchemaComparison(self._changes, place, way).compare(old.child("schema"), new.child("schema"))

    def request_body(self, old: Part, new: Part) -> None:
        """Compare the bodies of two operations; either may have none."""
        place, before, after = (
            f"{self._place} request body",
            old.child("requestBody"),
            new.child("requestBody"),
        )
        if not before.node and after.node:
            self._added(after, "body", place)
        elif before.node and not after.node:
            where = new.where("requestBody")
            self._changes.add(Level.BREAKING, where, place, "the body is removed", _NO_EFFECT)
        else:
            compare_fields(self._changes, before, after, place, {"required", "content"})
            self._required_in_request(before, after, place)
            self._content(before, after, place, Way.REQUEST)

    def _content(self, old: Part, new: Part, place: str, way: Way) -> None:
        before, after = _by_media_type(old), _by_media_type(new)
        for name, media_type in before.items():
            if name in after:
                compare_fields(self._changes, media_type, after[name], place, {"schema"})
                schemas = media_type.child("schema"), after[name].child("schema")
                SchemaComparison(self._changes, place, way).compare(*schemas)
            else:
                reason = "requests with it are rejected" if way is Way.REQUEST else _FIND_NOTHING
                what = f"the media type {name} is removed"
                self._changes.add(Level.BREAKING, new.where("content"), place, what, reason)
        for name in after.keys() - before.keys():
            level, reason = Level.COMPATIBLE, _NEED_NOT_SEND if way is Way.REQUEST else _IGNORED
            if way is Way.RESPONSE and before:
                level, reason = Level.BREAKING, "clients may receive a body that they cannot read"
            self._changes.add(level, after[name].pointer, place, f"the media type {name} is added", reason)

    def responses(self, old: Part, new: Part) -> None:
        before, after = _responses(old), _responses(new)
        for status, response in before.items():
            place, where = f"{self._place} response {status}", (*new.pointer, "responses", status)
            if status in after:
                self._response(response, after[status], place)
            else:
                reason = "clients that rely on it never receive it"
                self._changes.add(Level.BREAKING, where, place, "the response is removed", reason)
        for status in after.keys() - before.keys():
            place, where = f"{self._place} response {status}", (*new.pointer, "responses", status)
            # Clients must handle errors that no contract declares, such as those of a proxy.
            level, what = Level.COMPATIBLE, "the error is added"
            reason = "clients must handle any error"
            if status[0] in "123":
                level, what = Level.BREAKING, "the success is added"
                reason = "clients that know only the other successes treat it as a failure"
            self._changes.add(level, where, place, what, reason)

    def _response(self, old: Part, new: Part, place: str) -> None:
        compare_fields(self._changes, old, new, place, {"headers", "content"})
        self._content(old, new, f"{place} body", Way.RESPONSE)
        MessageComparison(self._changes, place).headers(old, new)

    def headers(self, old: Part, new: Part, field: str = "headers") -> None:
        """Compare the headers of a response, or of every response."""
        before, after = _headers(old, field), _headers(new, field)
        for name, header in before.items():
            inner = f"{self._place} header {name}"
            if name not in after:
                where = new.where(field)
                self._changes.add(Level.BREAKING, where, inner, "the header is removed", _FIND_NOTHING)
                continue
            other = after[name]
            compare_fields(self._changes, header, other, inner, _VALUE)
            promised, promises = header.node.get("required", False), other.node.get("required", False)
            if promised != promises:
                level, reason = Level.COMPATIBLE, "it always comes"
                if promised:
                    level, reason = Level.BREAKING, "clients that rely on it may not find it"
                where = other.where("required")
                self._changes.add(level, where, inner, "required", reason, promised, promises)
            self._value(header, other, inner, Way.RESPONSE)
        for name in after.keys() - before.keys():
            inner = f"{self._place} header {name}"
            self._changes.add(Level.COMPATIBLE, after[name].pointer, inner, "the header is added", _IGNORED)


def _by_media_type(part: Part) -> dict[str, Part]:
    # The engine compares media types without parameters such as charset.
    return {name.partition(";")[0].strip().lower(): child for name, child in part.named("content").items()}


def _responses(operation: Part) -> dict[str, Part]:
    responses = operation.named("responses").items()
    return {status: response for status, response in responses if not status.startswith("x-")}


def _headers(part: Part, field: str) -> dict[str, Part]:
    # OpenAPI ignores a response header named Content-Type.
    headers = {name.lower(): header for name, header in part.named(field).items()}
    return {name: header for name, header in headers.items() if name != "content-type"}


def _serialization(part: Part) -> dict[str, Any]:
    """Return how a value becomes text. `explode` matters only if the value may be an array."""
    style = part.node.get("style", "form" if part.node.get("in") in ("query", "cookie") else "simple")
    schema = part.child("schema")
    scalar = types(schema.node) and not {"array", "object"} & {*types(schema.node)}
    explode = None if scalar else part.node.get("explode", style == "form")
    return {"style": style, "explode": explode}
