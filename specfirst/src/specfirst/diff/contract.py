"""Compare the operations of two contracts and their context. `messages` compares messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jsonschema_rs

from specfirst.contract.document import METHODS, Document, Pointer
from specfirst.diff.changes import ABSENT, Changes, Level
from specfirst.diff.containment import TooLarge, self_contained
from specfirst.diff.fields import compare_fields
from specfirst.diff.lifecycle import UNSTABLE, removal, stability, sunset
from specfirst.diff.messages import NAMED_BY_CLIENTS, MessageComparison
from specfirst.diff.normal import server_url
from specfirst.diff.part import Part
from specfirst.runtime.bodies import DEFAULT_LIMIT

_LIMIT = "x-max-body-bytes"
_HEADERS = "x-response-headers"
_MESSAGES = {"parameters", "requestBody", "responses", "callbacks"}


class _Operation(NamedTuple):
    """An operation, its path item, and the document."""

    method: str
    path: str
    part: Part
    item: Part
    root: Part

    @property
    def label(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def nearest(self, name: str) -> tuple[Any, Pointer]:
        """Return the value of a field that overrides the same field further out, and its location."""
        for part in (self.part, self.item, self.root):
            if name in part.node:
                return part.node[name], part.where(name)
        return None, (name,)

    @property
    def parameters(self) -> dict[tuple[str, str], Part]:
        """Return the parameters by location and name: path ones by position, headers case-insensitively."""
        positions = {name: str(index) for index, name in enumerate(re.findall(r"\{([^}]*)\}", self.path))}
        parameters: dict[tuple[str, str], Part] = {}
        # A parameter of the operation replaces the path item's with the same name and location.
        for parameter in (*self.item.listed("parameters"), *self.part.listed("parameters")):
            location, name = str(parameter.node["in"]), str(parameter.node["name"])
            key = {"path": positions.get(name, name), "header": name.lower()}.get(location, name)
            parameters[location, key] = parameter
        return parameters


_Operations = Mapping[tuple[str, str], _Operation]


class ContractComparison:
    """Walks both documents from the top and adds the differences to `changes`."""

    def __init__(self, old: Document, new: Document, changes: Changes) -> None:
        self._old, self._new, self._changes = old, new, changes

    def compare(self) -> None:
        old, new = (Part(document, document.content, ()) for document in (self._old, self._new))
        handled = {"info", "paths", "webhooks", "components", "security", "servers", _LIMIT, _HEADERS}
        # All accepted versions, 3.1.x, have the same meaning.
        compare_fields(self._changes, old, new, "the document", handled, {"openapi"})
        before, after = old.child("info"), new.child("info")
        people = {"contact", "license", "termsOfService"}
        compare_fields(self._changes, before, after, "info", {"version"}, people)
        self._body_limit()
        MessageComparison(self._changes, "every response").headers(old, new, _HEADERS)
        self._operations(_operations(old, "paths"), _operations(new, "paths"))
        self._received(_operations(old, "webhooks"), _operations(new, "webhooks"), "webhook")
        self._schema_names()
        self._security_schemes(old.child("components"), new.child("components"))

    def _body_limit(self) -> None:
        before, after = _body_limit(self._old), _body_limit(self._new)
        if before != after:
            level, reason = Level.COMPATIBLE, "larger bodies are accepted"
            if after < before:
                level, reason = Level.BREAKING, "bodies that were accepted are rejected"
            self._changes.add("body-limit", level, (_LIMIT,), "the document", _LIMIT, reason, before, after)

    def _operations(self, before: _Operations, after: _Operations) -> None:
        for key, operation in before.items():
            stage = stability(operation.part.node)
            self._changes.unstable = stage if stage in UNSTABLE else ""
            if key in after:
                self._operation(operation, after[key])
            else:
                self._removed(operation, "operation", "clients that call it fail")
        self._changes.unstable = ""
        known = {operation.path: operation for operation in before.values()}
        for key in after.keys() - before.keys():
            label, where = after[key].label, after[key].part.pointer
            rule, what = "operation-added", "the operation is added"
            level, reason = Level.COMPATIBLE, "clients need not call it"
            # An existing path matches the same requests as before, whatever method is added.
            is_new = key[1] not in {path for _, path in before}
            if hidden := [path for path in known if is_new and _hides(after[key], known[path])]:
                rule, level = "operation-hides", Level.BREAKING
                reason = f"it takes requests that were for {hidden[0]}"
            self._changes.add(rule, level, where, label, what, reason)

    def _removed(self, operation: _Operation, kind: str, reason: str, place: str | None = None) -> None:
        level, reason = removal(operation.part.node, self._changes.today, reason)
        what, where = f"the {kind} is removed", operation.part.pointer
        self._changes.add(f"{kind}-removed", level, where, place or operation.label, what, reason)

    def _received(self, before: _Operations, after: _Operations, kind: str, place: str = "") -> None:
        """Compare the requests that clients receive: those of webhooks, or of the callbacks of a place."""
        for key, operation in before.items():
            inner = f"{place}{kind} {operation.label}"
            if key in after:
                messages = MessageComparison(self._changes, inner, to_clients=True)
                handled = {"operationId"} | _MESSAGES
                compare_fields(self._changes, operation.part, after[key].part, inner, handled)
                self._messages(messages, operation, after[key])
            else:
                self._removed(operation, kind, "clients that wait for it never receive it", inner)
        for key in after.keys() - before.keys():
            what, reason = f"the {kind} is added", "clients that do not expect it do not receive it"
            where, inner = after[key].part.pointer, f"{place}{kind} {after[key].label}"
            self._changes.add(f"{kind}-added", Level.COMPATIBLE, where, inner, what, reason)

    def _messages(self, messages: MessageComparison, old: _Operation, new: _Operation) -> None:
        messages.parameters(old.parameters, new.parameters, new.part)
        messages.request_body(old.part, new.part)
        messages.responses(old.part, new.part)

    def _operation(self, old: _Operation, new: _Operation) -> None:
        place = new.label
        compare_fields(self._changes, old.item, new.item, new.path, {*METHODS, "parameters", "servers"})
        handled = {
            "operationId",
            "parameters",
            "requestBody",
            "responses",
            "security",
            "servers",
            "callbacks",
        }
        compare_fields(self._changes, old.part, new.part, place, handled)
        before, after = (operation.part.node.get("operationId", ABSENT) for operation in (old, new))
        if before != after:
            where = new.part.where("operationId")
            self._changes.add(
                "operation-id", Level.BREAKING, where, place, "operationId", NAMED_BY_CLIENTS, before, after
            )
        self._messages(MessageComparison(self._changes, place), old, new)
        self._received(_callbacks(old), _callbacks(new), "callback", f"{place} ")
        self._security(old, new)
        self._servers(old, new)

    def _security(self, old: _Operation, new: _Operation) -> None:
        # No requirement and an empty one both allow anonymous callers.
        before, after = (operation.nearest("security")[0] or [{}] for operation in (old, new))
        lost = [
            requirement for requirement in before if not any(_satisfies(one, requirement) for one in after)
        ]
        if any(one not in before for one in after) or any(one not in after for one in before):
            level, reason = Level.COMPATIBLE, "every caller who was allowed still is"
            if lost:
                level, reason = Level.BREAKING, "callers who were allowed are rejected"
            where = new.nearest("security")[1]
            rule = "security-narrowed" if lost else "security-widened"
            self._changes.add(rule, level, where, new.label, "security", reason, before, after)

    def _security_schemes(self, old: Part, new: Part) -> None:
        """Compare how credentials are sent. Whether a scheme still suffices is compared per operation."""
        before, after = old.named("securitySchemes"), new.named("securitySchemes")
        for name in before.keys() & after.keys():
            place = f"security scheme {name}"
            handled = {"flows"}
            kinds = [part.node.get("in") for part in (before[name], after[name])]
            names = [str(part.node.get("name")).lower() for part in (before[name], after[name])]
            if kinds == ["header", "header"] and names[0] == names[1]:
                # Header field names are case-insensitive (RFC 9110, section 5.1).
                handled.add("name")
            effect = "security-scheme", "clients send their credentials in another way"
            compare_fields(self._changes, before[name], after[name], place, handled, {"bearerFormat"}, effect)
            flows, others = (part.node.get("flows", {}) for part in (before[name], after[name]))
            if flows != others:
                level, reason = Level.COMPATIBLE, "tokens come from the same place"
                if not _flows(flows) <= _flows(others):
                    level, reason = Level.BREAKING, "clients cannot get their tokens as before"
                where = after[name].where("flows")
                rule = "security-flows"
                self._changes.add(rule, level, where, place, "flows", reason, flows, others)

    def _servers(self, old: _Operation, new: _Operation) -> None:
        where = new.nearest("servers")[1]
        before, after = _servers(old), _servers(new)
        for url, server in before.items():
            if url in after:
                compare_fields(self._changes, server, after[url], f"server {url}", ())
            else:
                reason = "clients that call it may find nothing there"
                what = f"the server {url} is removed"
                self._changes.add("server-removed", Level.BREAKING, where, new.label, what, reason)
        for url in after.keys() - before.keys():
            what, reason = f"the server {url} is added", "clients need not call it"
            where = after[url].pointer
            self._changes.add("server-added", Level.COMPATIBLE, where, new.label, what, reason)

    def _schema_names(self) -> None:
        before, after = self._old.schemas, self._new.schemas
        added = [name for name in after if name not in before]
        ended = self._ended_schemas()
        for name, schema in before.items():
            if name in after:
                continue
            place, reason = f"component schema {name}", "generated clients export a type of this name"
            renamed = next((other for other in added if after[other] == schema), None)
            where: Pointer = ("components", "schemas", renamed or name)
            if renamed:
                added.remove(renamed)
                self._changes.add(
                    "schema-renamed", Level.BREAKING, where, place, "name", reason, name, renamed
                )
            else:
                level = Level.BREAKING
                if name in ended:
                    level, reason = Level.COMPATIBLE, "only operations after their sunset date used it"
                elif isinstance(schema, Mapping):
                    level, reason = removal(schema, self._changes.today, reason)
                what = "the schema is removed"
                self._changes.add("schema-removed", level, where, place, what, reason)
        for name in added:
            where, place = ("components", "schemas", name), f"component schema {name}"
            what, reason = "the schema is added", "clients need not use it"
            self._changes.add("schema-added", Level.COMPATIBLE, where, place, what, reason)

    def _ended_schemas(self) -> set[str]:
        """Return the old schemas that only operations after their sunset date use."""
        operations = _operations(Part(self._old, self._old.content, ()), "paths").values()
        ended, others = set[str](), set[str]()
        for operation in operations:
            end = sunset(operation.part.node)
            names = ended if end and end <= self._changes.today else others
            _used_schemas(self._old, operation.part.node, names)
        return ended - others


def _used_schemas(document: Document, node: Any, names: set[str]) -> None:
    """Add the names of the component schemas to which a part of a document refers."""
    if isinstance(node, list):
        for child in node:
            _used_schemas(document, child, names)
    elif isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str) and document.target(reference):
            _, where = document.follow(node, ())
            if where[:2] == ("components", "schemas") and where[2] in names:
                return
            if where[:2] == ("components", "schemas"):
                names.add(where[2])
            _used_schemas(document, document.get(where), names)
        for child in node.values():
            _used_schemas(document, child, names)


def _body_limit(document: Document) -> int:
    limit = document.content.get(_LIMIT, DEFAULT_LIMIT)
    if type(limit) is not int:
        raise document.error(
            f"{limit!r} is not a number of bytes",
            (_LIMIT,),
            remedy="write a positive integer, such as 65536",
        )
    return limit


def _operations(root: Part, field: str) -> _Operations:
    """Return the operations by method and path. Parameter names are not sent, so paths may differ in them."""
    return {
        (method, re.sub(r"\{[^}]*\}", "{}", path) if field == "paths" else path): _Operation(
            method, path, item.child(method), item, root
        )
        for path, item in root.named(field).items()
        if not path.startswith("x-")
        for method in METHODS
        if method in item.node
    }


def _callbacks(operation: _Operation) -> _Operations:
    """Return the operations of callbacks, by method, and name and expression."""
    return {
        (method, f"{name} {expression}"): _Operation(
            method, f"{name} {expression}", item.child(method), item, operation.root
        )
        for name, callback in operation.part.named("callbacks").items()
        for expression, item in _items(callback).items()
        for method in METHODS
        if method in item.node
    }


def _items(callback: Part) -> dict[str, Part]:
    return {
        expression: Part.at(callback.document, node, callback.where(expression))
        for expression, node in callback.node.items()
        if not expression.startswith("x-") and isinstance(node, Mapping)
    }


def _hides(new: _Operation, old: _Operation) -> bool:
    """Return whether requests that the path of `old` matched now go to the path of `new`.

    Of two matching paths, the engine uses the one with the earlier concrete segment (OpenAPI 3.1.1, section
    4.8.8.2). A value that the old parameter did not accept was rejected before, so no client sent it.
    """
    ours, theirs = new.path.split("/"), old.path.split("/")
    if len(ours) != len(theirs):
        return False
    preferred, position = None, 0
    for one, other in zip(ours, theirs, strict=True):
        if not _is_parameter(one) and not _is_parameter(other):
            if one != other:
                return False
        elif not _is_parameter(one):
            preferred = True if preferred is None else preferred
            if not _may_be(old.parameters.get(("path", str(position))), one):
                return False
        elif not _is_parameter(other):
            preferred = False if preferred is None else preferred
        position += _is_parameter(other)
    return bool(preferred)


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def _may_be(parameter: Part | None, text: str) -> bool:
    """Return whether a path parameter could have this text as its value."""
    if parameter is None:
        return True
    try:
        schema = self_contained(parameter.child("schema"), opened=False)
    except TooLarge:
        return True
    values: list[Any] = [text]
    if re.fullmatch(r"-?[0-9]{1,300}(\.[0-9]{1,300})?", text):
        values.append(float(text) if "." in text else int(text))
    if text in ("true", "false"):
        values.append(text == "true")
    return any(jsonschema_rs.is_valid(schema, value, validate_formats=True) for value in values)


def _satisfies(requirement: Mapping[str, list[str]], held: Mapping[str, list[str]]) -> bool:
    """Return whether a caller who meets `held` also meets the requirement."""
    return all(scheme in held and {*scopes} <= {*held[scheme]} for scheme, scopes in requirement.items())


def _flows(flows: Mapping[str, Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    """Return what each OAuth flow offers: its endpoints and scopes."""
    offers: set[tuple[str, str, str]] = set()
    for kind, flow in flows.items():
        offers |= {(kind, name, value) for name, value in flow.items() if isinstance(value, str)}
        offers |= {(kind, "scope", scope) for scope in flow.get("scopes", {})}
    return offers


def _servers(operation: _Operation) -> dict[str, Part]:
    servers, where = operation.nearest("servers")
    document = operation.root.document
    return {
        server_url(server["url"]): Part(document, {**server, "url": ""}, (*where, str(index)))
        # The default of OpenAPI is one server at /.
        for index, server in enumerate(servers or [{"url": "/"}])
    }
