"""Compare messages: parameters, request bodies, responses and their headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specfirst.contract.document import essence_of
from specfirst.diff.changes import Changes, Level
from specfirst.diff.containment import Way
from specfirst.diff.fields import compare_fields
from specfirst.diff.lifecycle import removal
from specfirst.diff.part import Part
from specfirst.diff.schemas import SchemaComparison
from specfirst.lint.view import types

NAMED_BY_CLIENTS = "generated clients know it by this name"
_MUST_SEND = "requests without it are rejected"
_NEED_NOT_SEND = "clients need not send it"
_NO_EFFECT = "what clients send has no effect"
_FIND_NOTHING = "clients that read it do not find it"
_IGNORED = "clients ignore unknown values"
_ALWAYS = "it always comes"

Parameters = Mapping[tuple[str, str], Part]
"""The parameters of an operation, by their location and their identifier there."""

_VALUE = {"required", "schema", "content", "style", "explode"}
"""The fields of a parameter or header that define its value and serialization."""


class MessageComparison:
    """Compares the requests and responses of one operation, which `place` names.

    Clients send the requests; `to_clients`, of a webhook or callback, turns that around.
    """

    def __init__(self, changes: Changes, place: str, *, to_clients: bool = False) -> None:
        self._changes, self._place = changes, place
        self._request, self._response = Way.REQUEST, Way.RESPONSE
        if to_clients:
            self._request, self._response = self._response, self._request

    def parameters(self, old: Parameters, new: Parameters, listed: Part) -> None:
        """Compare parameters; a removed one would be in the operation `listed`."""
        removed = {key: parameter for key, parameter in old.items() if key not in new}
        added = {key: parameter for key, parameter in new.items() if key not in old}
        for (location, _), parameter in removed.items():
            name = parameter.node["name"]
            moved = [key[0] for key, other in added.items() if other.node["name"] == name]
            what = f"the parameter is moved to {moved[0]}" if moved else "the parameter is removed"
            place = f"{self._place} {location} parameter {name}"
            reason = "requests with it are rejected" if location == "query" else _NO_EFFECT
            self._removed("parameter", parameter, listed.where("parameters"), place, what, reason)
        for (location, _), parameter in added.items():
            place = f"{self._place} {location} parameter {parameter.node['name']}"
            self._added("parameter", parameter, self._request, place)
        for key in old.keys() & new.keys():
            self._parameter(old[key], new[key], f"{self._place} {key[0]} parameter {new[key].node['name']}")

    def _removed(
        self, kind: str, part: Part, where: tuple[str, ...], place: str, what: str, reason: str
    ) -> None:
        if self._request is Way.RESPONSE:
            reason = _FIND_NOTHING
        level, reason = removal(part.node, self._changes.today, reason)
        self._changes.add(f"{kind}-removed", level, where, place, what, reason)

    def _added(self, kind: str, part: Part, way: Way, place: str) -> None:
        """Report an addition to what clients send or receive."""
        noun = kind.rpartition("-")[2]
        if way is Way.RESPONSE:
            rule, level, what, reason = f"{kind}-added", Level.COMPATIBLE, f"the {noun} is added", _IGNORED
        elif part.node.get("required", False):
            rule, what = f"{kind}-added-required", f"the required {noun} is added"
            level, reason = Level.BREAKING, _MUST_SEND
        else:
            rule, what = f"{kind}-added", f"the optional {noun} is added"
            level, reason = Level.COMPATIBLE, _NEED_NOT_SEND
        self._changes.add(rule, level, part.pointer, place, what, reason)

    def _parameter(self, old: Part, new: Part, place: str) -> None:
        names = old.node["name"], new.node["name"]
        if names[0] != names[1]:
            # Path parameter names are not sent, and header names are case-insensitive.
            level, reason = Level.COMPATIBLE, "header names are case-insensitive"
            if new.node["in"] == "path":
                level, reason = Level.BREAKING, NAMED_BY_CLIENTS
            self._changes.add("parameter-name", level, new.where("name"), place, "name", reason, *names)
        compare_fields(self._changes, old, new, place, _VALUE | {"name", "in"})
        self._required("parameter", old, new, place, self._request)
        self._value(old, new, place, self._request)

    def _required(self, kind: str, old: Part, new: Part, place: str, way: Way) -> None:
        before, after = old.node.get("required", False), new.node.get("required", False)
        if before == after:
            return
        if way is Way.REQUEST:
            level, reason = (Level.BREAKING, _MUST_SEND) if after else (Level.COMPATIBLE, _NEED_NOT_SEND)
        elif after:
            level, reason = Level.COMPATIBLE, _ALWAYS
        else:
            level, reason = Level.BREAKING, "clients that rely on it may not find it"
        rule = f"{kind}-required" if after else f"{kind}-optional"
        self._changes.add(rule, level, new.where("required"), place, "required", reason, before, after)

    def _value(self, old: Part, new: Part, place: str, way: Way) -> None:
        """Compare the value of a parameter or header, and its serialization."""
        before, after = _serialization(old), _serialization(new)
        for name in before:
            if before[name] != after[name]:
                reason = "the serialization of the value changes"
                values = before[name], after[name]
                where = new.where(name)
                self._changes.add("serialization", Level.BREAKING, where, place, name, reason, *values)
        self._content(old, new, place, way)
        SchemaComparison(self._changes, place, way).compare(old.child("schema"), new.child("schema"))

    def request_body(self, old: Part, new: Part) -> None:
        """Compare the bodies of two operations; either may have none."""
        place = f"{self._place} request body"
        before, after = old.child("requestBody"), new.child("requestBody")
        if not before.node and after.node:
            self._added("request-body", after, self._request, place)
        elif before.node and not after.node:
            where = new.where("requestBody")
            self._removed("request-body", before, where, place, "the body is removed", _NO_EFFECT)
        else:
            compare_fields(self._changes, before, after, place, {"required", "content"})
            self._required("request-body", before, after, place, self._request)
            self._content(before, after, place, self._request)

    def _content(self, old: Part, new: Part, place: str, way: Way) -> None:
        before, after = _by_media_type(old), _by_media_type(new)
        for name, media_type in before.items():
            if name in after:
                compare_fields(self._changes, media_type, after[name], place, {"schema"})
                schemas = media_type.child("schema"), after[name].child("schema")
                SchemaComparison(self._changes, place, way).compare(*schemas)
            else:
                rule, what = f"{way.value}-media-type-removed", f"the media type {name} is removed"
                reason = "requests with it are rejected" if way is Way.REQUEST else _FIND_NOTHING
                self._changes.add(rule, Level.BREAKING, new.where("content"), place, what, reason)
        for name in after.keys() - before.keys():
            rule, what = f"{way.value}-media-type-added", f"the media type {name} is added"
            level, reason = Level.COMPATIBLE, _NEED_NOT_SEND if way is Way.REQUEST else _IGNORED
            if way is Way.RESPONSE and before:
                level, reason = Level.BREAKING, "clients may receive a body that they cannot read"
            self._changes.add(rule, level, after[name].pointer, place, what, reason)

    def responses(self, old: Part, new: Part) -> None:
        before, after = _responses(old), _responses(new)
        for status, response in before.items():
            place, where = f"{self._place} response {status}", (*new.pointer, "responses", status)
            if status in after:
                self._statuses(response, after[status], place)
            elif covering := _covering(after, status):
                # The range declares what comes instead.
                self._statuses(response, after[covering], place)
            else:
                reason = "clients that rely on it never receive it"
                if self._response is Way.REQUEST:
                    reason = "the server no longer accepts it"
                level, reason = removal(response.node, self._changes.today, reason)
                if any(_covering(before, name) == status for name in after.keys() - before.keys()):
                    level, reason = Level.COMPATIBLE, "its statuses are declared one by one"
                what = "the response is removed"
                self._changes.add("response-removed", level, where, place, what, reason)
        for status in after.keys() - before.keys():
            place, where = f"{self._place} response {status}", (*new.pointer, "responses", status)
            if covering := _covering(before, status):
                # Clients handle it as the old range says.
                self._statuses(before[covering], after[status], place)
                continue
            # Clients must handle errors that no contract declares, such as those of a proxy.
            rule, level, what = "response-error-added", Level.COMPATIBLE, "the error is added"
            reason = "clients must handle any error"
            if self._response is Way.REQUEST:
                rule, what, reason = "response-added", "the response is added", _NEED_NOT_SEND
            elif status[0] in "123":
                rule, level, what = "response-success-added", Level.BREAKING, "the success is added"
                reason = "clients that know only the other successes treat it as a failure"
            self._changes.add(rule, level, where, place, what, reason)

    def _statuses(self, old: Part, new: Part, place: str) -> None:
        compare_fields(self._changes, old, new, place, {"headers", "content"})
        self._content(old, new, f"{place} body", self._response)
        self._headers(old, new, "headers", place)

    def headers(self, old: Part, new: Part, field: str = "headers") -> None:
        """Compare the headers of every response, in a field of the document."""
        self._headers(old, new, field, self._place)

    def _headers(self, old: Part, new: Part, field: str, place: str) -> None:
        before, after = _by_name(old, field), _by_name(new, field)
        for name, header in before.items():
            inner = f"{place} header {name}"
            if name not in after:
                reason = _FIND_NOTHING if self._response is Way.RESPONSE else _NO_EFFECT
                level, reason = removal(header.node, self._changes.today, reason)
                what = "the header is removed"
                self._changes.add("header-removed", level, new.where(field), inner, what, reason)
                continue
            compare_fields(self._changes, header, after[name], inner, _VALUE)
            self._required("header", header, after[name], inner, self._response)
            self._value(header, after[name], inner, self._response)
        for name in after.keys() - before.keys():
            self._added("header", after[name], self._response, f"{place} header {name}")


def _by_media_type(part: Part) -> dict[str, Part]:
    # The engine compares media types without parameters such as charset.
    return {essence_of(name): child for name, child in part.named("content").items()}


def _responses(operation: Part) -> dict[str, Part]:
    responses = operation.named("responses").items()
    return {status: response for status, response in responses if not status.startswith("x-")}


def _covering(responses: Mapping[str, Part], status: str) -> str | None:
    """Return the range or the default that declares a status without a response of its own (3.1, 4.8.16)."""
    return next(
        (name for name in (f"{status[0]}XX", "default") if name != status and name in responses), None
    )


def _by_name(part: Part, field: str) -> dict[str, Part]:
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
