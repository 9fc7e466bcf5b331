"""Schemathesis hooks for any contract: the results of a run as JSON, and its observations for the coverage.

Schemathesis imports this module itself. `specfirst.fuzz.run` sets the environment variables that it reads.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import schemathesis
from schemathesis import Case, HookContext, Response, SerializationContext
from schemathesis.cli import EventHandler, ExecutionContext, handler
from schemathesis.core import NOT_SET
from schemathesis.core import hooks as loading
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events
from schemathesis.engine.run import PhaseName
from schemathesis.openapi.checks import (
    AllowHeaderMismatch,
    AuthScenario,
    EnsureResourceAvailability,
    IgnoredAuth,
    MissingContentType,
    RejectedPositiveData,
    UndefinedStatusCode,
    UnsupportedMethodResponse,
    UseAfterFree,
)

from specfirst.contract.discriminators import Discriminator, Discriminators
from specfirst.contract.document import Document, Operation, Pointer, essence_of, is_json
from specfirst.contract.shapes import number_of_files
from specfirst.coverage import Recorder
from specfirst.fuzz import CONTRACT, HOOKS, OBSERVATIONS, RESULTS
from specfirst.runtime.mock import MARK
from specfirst.runtime.multipart import files_of

_CONDITIONS = {"if-match": "*", "if-none-match": '"of-nothing"'}


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Write the contract as Schemathesis understands it.

    - x-response-headers, which the engine sends with every response, are added to each response.
    - Header parameters named Accept, Content-Type or Authorization are ignored (OpenAPI 3.1, section 4.8.12).
    - A template expression without a parameter is a text.
    - A path with a fragment, which is not sent, is the path of other operations, or none.
    - Links to operations that do not exist are left out: lint reports them, and they would end a phase.
    - A discriminator with a defaultMapping, which Schemathesis does not read, is written as alternatives.
    - `nullable` of 3.0 allows null beside an enum too, as in the engine; for Schemathesis in responses only.
    - References to components/mediaTypes are resolved, and the itemSchema of lines in a request is a list's
      (OpenAPI 3.2, section 4.14).
    - A part of a multipart body that is, or may be, a file says so in one of the ways that Schemathesis
      knows, and references to the headers of parts are resolved.
    """
    if str(raw_schema.get("openapi")).startswith("3.0"):
        _allow_null_in_enums(raw_schema)
    _rewrite_parts(raw_schema)
    for path in [path for path in raw_schema.get("paths", {}) if "#" in path]:
        del raw_schema["paths"][path]
    _write_default_mappings(raw_schema)
    _drop_dead_links(raw_schema)
    common = raw_schema.get("x-response-headers", {})
    components = raw_schema.get("components", {})
    for path, item in raw_schema.get("paths", {}).items():
        shared = _parameters(item, components)
        operations = [node for node in item.values() if isinstance(node, dict) and "responses" in node]
        for operation in operations:
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                _resolve_media_types(part, components)
            own = _parameters(operation, components)
            names = {node.get("name") for node in (*shared, *own) if node.get("in") == "path"}
            missing = [name for name in re.findall(r"\{([^{}]+)\}", path) if name not in names]
            operation.setdefault("parameters", []).extend(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in missing
            )
        inline = [r for node in operations for r in node["responses"].values() if "$ref" not in r]
        for response in inline if common else ():
            response["headers"] = common | response.get("headers", {})
    for part in (*components.get("requestBodies", {}).values(), *components.get("responses", {}).values()):
        _resolve_media_types(part, components)
    for response in components.get("responses", {}).values() if common else ():
        response["headers"] = common | response.get("headers", {})


def _allow_null_in_enums(node: Any) -> None:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        _allow_null_in_enums(child)
    if isinstance(node, dict) and node.get("nullable") is True and isinstance(node.get("enum"), list):
        node["enum"] += [] if None in node["enum"] else [None]


def _parameters(node: dict[str, Any], components: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of an operation or a path item, and remove those that are ignored."""
    prefix = "#/components/parameters/"
    kept, found = [], []
    for parameter in node.get("parameters", ()):
        reference = str(parameter.get("$ref", ""))
        target = components.get("parameters", {}).get(reference.removeprefix(prefix), parameter)
        if target.get("in") != "header" or str(target.get("name")).lower() not in _IGNORED:
            kept.append(parameter)
            found.append(target)
    if "parameters" in node:
        node["parameters"] = kept
    return found


def _drop_dead_links(raw_schema: dict[str, Any]) -> None:
    items = raw_schema.get("paths", {}).values()
    operations = [node for item in items for node in item.values() if isinstance(node, dict)]
    shared = raw_schema.get("components", {}).get("responses", {}).values()
    ids = {operation.get("operationId") for operation in operations}
    own = (response for operation in operations for response in operation.get("responses", {}).values())
    common = raw_schema.get("components", {}).get("links", {})
    for response in (*own, *shared):
        links = response.get("links", {})
        for name, link in [*links.items()]:
            target = common.get(str(link.get("$ref", "")).removeprefix("#/components/links/"), link)
            if "operationId" in target and target["operationId"] not in ids:
                del links[name]


def _write_default_mappings(raw_schema: dict[str, Any]) -> None:
    if "defaultMapping" not in json.dumps(raw_schema):
        return
    document = Document(raw_schema)
    discriminators = Discriminators(document)
    heirs = {name: found for name, found in discriminators.heirs.items() if found.default}
    prefix = "#/components/schemas/"
    for pointer, node in reversed([*document.parts("schema")]):
        schema = _at(raw_schema, pointer)
        base = str(node.get("$ref", "")).removeprefix(prefix)
        # A part of `allOf` is the schema itself; elsewhere it stands for those that inherit from it, too.
        if base in heirs and pointer[-2:-1] != ("allOf",):
            schema["$ref"] = f"{prefix}{base}.heirs"
        if "defaultMapping" not in (node.get("discriminator") or {}):
            continue
        for key in ("oneOf", "anyOf"):
            if node.get(key) and (found := discriminators.selecting(node, key, pointer)):
                nulls = [part for part in node[key] if part == {"type": "null"}]
                del schema[key]
                schema["anyOf"] = [*_selected(found), *nulls]
        del schema["discriminator"]
    for name, discriminator in heirs.items():
        own = {"$ref": f"{prefix}{name}"}
        alternatives = [{"allOf": [own, *part["allOf"]]} for part in _selected(discriminator)]
        raw_schema["components"]["schemas"][f"{name}.heirs"] = {"anyOf": alternatives}


def _selected(discriminator: Discriminator) -> Iterator[dict[str, Any]]:
    """Yield an alternative for each component that a discriminator selects."""
    for name in dict.fromkeys([*discriminator.tags.values(), discriminator.default]):
        is_default = name == discriminator.default
        tags = [*discriminator.tags] if is_default else discriminator.of(str(name))
        tag: dict[str, Any] = {
            "properties": {discriminator.property: {"not": {"enum": tags}} if is_default else {"enum": tags}}
        }
        if not is_default:
            tag["required"] = [discriminator.property]
        yield {"allOf": [{"$ref": f"#/components/schemas/{name}"}, tag]}


def _resolve_media_types(part: dict[str, Any], components: Mapping[str, Any]) -> None:
    content = part.get("content", {})
    for name, media_type in content.items():
        _, is_shared, shared = str(media_type.get("$ref", "")).rpartition("#/components/mediaTypes/")
        found = deepcopy(components["mediaTypes"][shared]) if is_shared else media_type
        if essence_of(name) in _LINES and "itemSchema" in found:
            found.setdefault("schema", {"type": "array", "items": found["itemSchema"]})
        content[name] = found


def _rewrite_parts(raw_schema: dict[str, Any]) -> None:
    if "multipart/" not in json.dumps(raw_schema):
        return
    document = Document(raw_schema)
    bodies = (o.body.content for o in document.operations if o.body)
    for media_type in (one for content in bodies for one in content if one.codec == "multipart"):
        for encoding in _at(raw_schema, media_type.pointer).get("encoding", {}).values():
            for name, header in encoding.get("headers", {}).items():
                encoding["headers"][name], _ = document.follow(header, media_type.pointer)
        if media_type.schema is None:
            continue
        _, place = document.follow(media_type.schema, (*media_type.pointer, "schema"))
        schema = _at(raw_schema, place)
        properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
        marked: dict[str, Any] = {}
        # Schemathesis knows neither files in alternatives nor alternatives that are files.
        for name, file in files_of(document, schema, place)[0].items():
            part = properties.get(name)
            if file and not (_is_binary(part) or (isinstance(part, dict) and _is_binary(part.get("items")))):
                number = number_of_files(document, part, (*place, "properties", name))
                marked[name] = _FILES["several" if file.several else "one"] | number
        if marked:
            _at(raw_schema, media_type.pointer)["schema"] = {**schema, "properties": {**properties, **marked}}


def _is_binary(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("format") == "binary"


def _at(node: Any, pointer: Pointer) -> Any:
    for token in pointer:
        node = node[int(token)] if isinstance(node, list) else node[token]
    return node


_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_FILES: Mapping[str, dict[str, Any]] = {"one": _FILE, "several": {"type": "array", "items": _FILE}}

_LINES = {
    "application/jsonl": "",
    "application/x-ndjson": "",
    "application/x-jsonlines": "",
    "application/json-lines": "",
    "application/json-seq": "\x1e",
}
"""Media types of JSON texts, with what is before each."""


@schemathesis.serializer(*_LINES)
def write_lines(context: SerializationContext, value: Any) -> bytes:
    """Write the items of a list; another value, which is wrong on purpose, is one item."""
    before = _LINES[essence_of(context.case.media_type or "")]
    items = value if isinstance(value, list) else [value]
    return "".join(f"{before}{json.dumps(item)}\n" for item in items).encode()


_IGNORED = {"accept", "content-type", "authorization"}


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Write integers in URLs in one form, and give conditional headers values whose condition holds.

    A header with `content` gets a text: Schemathesis leaves other values, which no request can have.
    JSON Schema calls 84.0 an integer. A contract cannot say how a URL writes it, and many servers, including
    the engine, accept `84` only. Nor can a schema say which entity tags match (RFC 9110, section 13.1).
    """
    if case.meta and case.meta.generation.mode.is_positive:
        for name in case.headers or ():
            if name.lower() in _CONDITIONS:
                case.headers[name] = _CONDITIONS[name.lower()]
    for name, value in (case.headers or {}).items():
        if not isinstance(value, str | bytes):
            case.headers[name] = json.dumps(value)
    for parameters in (case.path_parameters, case.query):
        for parameter, value in (parameters or {}).items():
            if isinstance(value, float) and value.is_integer():
                parameters[parameter] = int(value)


_undeclared: dict[str, dict[int, str]] = {}
"""A command for each error status that the contract does not declare, by operation."""

_set_aside: Counter[str] = Counter()


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Set aside failures that are warnings, and those that say nothing about the server.

    An error response (4xx) that the contract does not declare is a gap of the contract, and a warning, as in
    lint.
    """
    if isinstance(failure, UndefinedStatusCode) and 400 <= failure.status_code < 500:
        commands = _undeclared.setdefault(case.operation.label, {})
        if failure.status_code not in commands:
            commands[failure.status_code] = case.as_curl_command()
        return False
    reason = _excuse(failure, case, response)
    if reason:
        _set_aside[f"{failure.title}: {reason}"] += 1
    return reason is None


def _excuse(failure: Failure, case: Case[Any], response: Response) -> str | None:
    """Return why a failure says nothing about the server, or None."""
    if MARK.lower() in response.headers:
        if isinstance(failure, UseAfterFree | EnsureResourceAvailability):
            return "a mock keeps no data"
        if isinstance(failure, IgnoredAuth) and failure.scenario is not AuthScenario.NO_AUTH:
            return "a mock accepts every credential of the right form"
    if (what := _too_long(response)) is not None:
        return f"the server's limit for the {what} comes before the contract (RFC 9110, sections 4.1 and 5.4)"
    if isinstance(failure, MissingContentType) and response.status_code in (204, 304):
        return "a response with this status has no content (RFC 9110, sections 15.3.5 and 15.4.5)"
    if isinstance(failure, AllowHeaderMismatch | UnsupportedMethodResponse) and _has_twin(case):
        return "another path template matches the same paths"
    if isinstance(failure, AllowHeaderMismatch) and not failure.missing_methods:
        item = case.operation.schema.raw_schema["paths"].get(case.operation.path, {})
        others = {method.lower() for method in item.get("additionalOperations", ())}
        if others.issuperset(method.lower() for method in failure.undocumented_methods):
            return "Schemathesis does not read additionalOperations"
    if isinstance(failure, AcceptedNegativeData) and _deep_objects_are_valid(case):
        return "Schemathesis sends nothing for an empty list or object in a deepObject"
    media_type = essence_of(case.media_type or "")
    if isinstance(failure, AcceptedNegativeData) and _only_wrong(case, ParameterLocation.BODY):
        shows_types = is_json(media_type) or media_type in (*_FORMS, *_READ, *_LINES)
        if media_type in _LINES and MARK.lower() in response.headers:
            return "a mock does not read the items of a stream"
        if media_type and not shows_types and not _is_wrong_text(case, response):
            return f"{media_type} does not show the types of values"
        if media_type in _FORMS and _valid_as_it_is_read(case):
            return "a form shows neither types nor lists of one value, and a file may have any content"
        if (is_json(media_type) or media_type in _READ) and _has_schema(case) and _is_valid(case):
            return "the body matches its schema"
    if isinstance(failure, RejectedPositiveData) and is_json(media_type) and not _is_valid(case):
        return "the body does not match its schema: an example of the contract, or a text of another format"
    if isinstance(failure, RejectedPositiveData) and _streams(case):
        return "Schemathesis does not read itemSchema"
    if isinstance(failure, RejectedPositiveData) and _needs_headers_of_parts(case):
        return "Schemathesis does not send the headers of parts"
    if isinstance(failure, RejectedPositiveData) and _has_exploded_cookie(case):
        return "Schemathesis writes a list or an object in cookies as one value, also with `explode`"
    if isinstance(failure, RejectedPositiveData) and _has_no_value(case):
        return "no value matches an enum without values, and Schemathesis sends one"
    query = (case.query or {}).values()
    if isinstance(failure, RejectedPositiveData) and [] in query:
        return "an empty list in a query, `tags=`, is a list of an empty text (RFC 6570, section 2.3)"
    if isinstance(failure, RejectedPositiveData) and any(map(_is_nested, query)):
        return "OpenAPI does not say how lists, objects and null inside others are written in a query"
    if isinstance(failure, RejectedPositiveData) and (any(map(_shows_null, query)) or _null_object(case)):
        return "a query shows neither null nor an empty object, which Schemathesis writes as texts"
    fields = case.body.values() if media_type in _FORMS and isinstance(case.body, dict) else ()
    if isinstance(failure, RejectedPositiveData) and any(map(_is_ambiguous, fields)):
        return "a form shows neither null nor an empty list, and Schemathesis writes nested objects as texts"
    return None


def _too_long(response: Response) -> str | None:
    """Return what is longer than all servers accept, if the status says so."""
    request = response.request
    if response.status_code == 414 and len(request.url or "") > _LENGTH:
        return "length of URLs"
    size = sum(len(name) + len(value) for name, value in request.headers.items())
    return "size of headers" if response.status_code == 431 and size > _LENGTH else None


_LENGTH = 8000
"""The octets of a URL that all servers should accept (RFC 9110, section 4.1)."""


def _has_schema(case: Case[Any]) -> bool:
    return case.operation.get_body_for_media_type(case.media_type) is not None and case.body is not NOT_SET


def _streams(case: Case[Any]) -> bool:
    """Return whether the body is a sequence of items with a schema each."""
    alternative = case.operation.get_body_for_media_type(case.media_type)
    definition = alternative.definition if alternative else {}
    return "itemSchema" in definition and "schema" not in definition


def _needs_headers_of_parts(case: Case[Any]) -> bool:
    """Return whether a part of the body must have a header (OpenAPI 3.1, section 4.8.15)."""
    alternative = case.operation.get_body_for_media_type(case.media_type)
    encodings = alternative.definition.get("encoding", {}) if alternative else {}
    sent = case.body if isinstance(case.body, dict) else {}
    return any(
        header.get("required") and header_name.lower() != "content-type"
        for name, encoding in encodings.items()
        if name in sent
        for header_name, header in encoding.get("headers", {}).items()
    )


def _is_valid(case: Case[Any]) -> bool:
    """Return whether a JSON body matches its schema and the formats of it.

    Schemathesis checks neither examples nor, where null is allowed too, the formats of texts.
    """
    alternative = case.operation.get_body_for_media_type(case.media_type)
    if alternative is None or case.body is NOT_SET:
        return True
    try:
        validator = jsonschema_rs.validator_for(alternative.optimized_schema, validate_formats=True)
        return validator.is_valid(case.body)
    except ValueError:
        return True


def _has_twin(case: Case[Any]) -> bool:
    """Return whether another path differs only in the names of its parameters."""
    twin = re.sub(r"\{[^{}]*\}", "{}", case.operation.path)
    others = (path for path in case.operation.schema if path != case.operation.path)
    return any(re.sub(r"\{[^{}]*\}", "{}", path) == twin for path in others)


def _only_wrong(case: Case[Any], place: ParameterLocation) -> bool:
    components = case.meta.components if case.meta else {}
    return [name for name, part in components.items() if part.mode.is_negative] == [place]


def _deep_objects_are_valid(case: Case[Any]) -> bool:
    """Return whether only the query is wrong, and its objects in the style deepObject are valid as sent."""
    objects = [part for part in case.operation.query if part.definition.get("style") == "deepObject"]
    if not objects or not _only_wrong(case, ParameterLocation.QUERY):
        return False
    others: dict[str, Any] = {n: value for n, value in (case.query or {}).items() if value not in ([], {})}
    for part in objects:
        own = {name: others.pop(name) for name in [*others] if re.match(rf"{re.escape(part.name)}\[", name)}
        value = {name.removeprefix(f"{part.name}[").removesuffix("]"): given for name, given in own.items()}
        is_valid = jsonschema_rs.validator_for(part.optimized_schema, validate_formats=True).is_valid(value)
        if not (is_valid if own else not part.definition.get("required")):
            return False
    declared = {part.name: part for part in case.operation.query if part not in objects}
    return others.keys() <= declared.keys() and all(
        jsonschema_rs.validator_for(part.optimized_schema).is_valid(others[name])
        if name in others
        else not part.definition.get("required")
        for name, part in declared.items()
    )


def _is_wrong_text(case: Case[Any], response: Response) -> bool:
    """Return whether a text body as it was sent breaks another keyword of its schema than `type`.

    The schema of XML, and of bytes, describes what they mean, not their text.
    """
    media_type = essence_of(case.media_type or "")
    sent = response.request.body
    alternative = case.operation.get_body_for_media_type(case.media_type)
    if not media_type.startswith("text/") or media_type == "text/xml" or alternative is None:
        return False
    if not isinstance(sent, str | bytes):
        return False
    text = sent if isinstance(sent, str) else sent.decode(errors="replace")
    try:
        errors = [*jsonschema_rs.validator_for(alternative.optimized_schema).iter_errors(text)]
    except ValueError:
        return False
    return any(error.schema_path[-1] != "type" for error in errors)


_READ = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
"""Media types that show the types of values, besides JSON."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _is_ambiguous(value: Any) -> bool:
    return value in (None, [], {}) or _is_nested(value)


def _shows_null(value: Any) -> bool:
    return value == "null" or (isinstance(value, list) and "null" in value)


def _has_exploded_cookie(case: Case[Any]) -> bool:
    """Return whether a list or an object is sent as cookies of its own, which is the default."""
    exploded = {
        part.name
        for part in case.operation.cookies
        if part.definition.get("explode", True)
        and not _not_null(part.definition.get("schema")).keys().isdisjoint(("items", "properties"))
    }
    return not exploded.isdisjoint(case.cookies or {})


def _has_no_value(case: Case[Any]) -> bool:
    """Return whether a parameter is sent whose enum is empty."""
    sent = {*(case.query or ()), *(case.headers or ()), *(case.cookies or ())}
    parts = (*case.operation.query, *case.operation.headers, *case.operation.cookies)
    return any(part.name in sent and part.definition.get("schema", {}).get("enum") == [] for part in parts)


def _null_object(case: Case[Any]) -> bool:
    """Return whether an object in the style deepObject, or an object in it, is null or empty."""
    objects = [part for part in case.operation.query if part.definition.get("style") == "deepObject"]
    names = [part.name for part in objects]
    for part in objects:
        properties = _not_null(part.optimized_schema).get("properties") or {}
        inner = [name for name, schema in properties.items() if _not_null(schema).get("type") == "object"]
        names += [f"{part.name}[{name}]" for name in inner]
    return any((case.query or {}).get(name) in ("", {}) for name in names)


def _is_nested(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(part is None or isinstance(part, dict | list) for part in inner)


def _valid_as_it_is_read(case: Case[Any]) -> bool:
    """Return whether a server can read the form such that it is valid.

    A form does not show the types of texts, nor whether one value is a list, and a file may have any
    content. Schemathesis looks for such a reading too (`_form_body_is_valid_as_sent`), but finds none for a
    body with a file, since the validator raises an error for its class Binary.
    """
    alternative = case.operation.get_body_for_media_type(case.media_type)
    if alternative is None or not isinstance(case.body, dict):
        return False
    schema: Any = alternative.optimized_schema
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    sent = _without_bytes(case.body)
    if essence_of(case.media_type or "") == _FORMS[0]:
        sent = _without_empty(sent)
    body: Any = {
        name: _with_any_files(value, properties.get(name, others))
        for name, value in sent.items()
        if value != []
    }
    validator = jsonschema_rs.validator_for(schema)
    places = {tuple(error.instance_path) for error in validator.iter_errors(body)}
    # The innermost ones.
    wrong = [place for place in places if not any(place == other[: len(place)] for other in places - {place})]
    if () in wrong:
        # An alternative of the whole schema may take the texts.
        return bool(validator.is_valid({name: _texts(value) for name, value in body.items()}))
    for place in wrong:
        *outer, name = place
        owner = body
        for token in outer:
            owner = owner[token]
        for reading in _readings(owner[name]):
            owner[name] = reading
            if all(
                tuple(error.instance_path)[: len(place)] != place for error in validator.iter_errors(body)
            ):
                break
        else:
            return False
    return bool(validator.is_valid(body))


def _without_empty(value: Any) -> Any:
    """Return an object without the empty lists and objects in it: a form has no pair for them."""
    if not isinstance(value, dict):
        return value
    parts = {name: _without_empty(part) for name, part in value.items()}
    return {name: part for name, part in parts.items() if part not in ([], {})}


def _with_any_files(value: Any, schema: Any) -> Any:
    """Return the value of a part; a file, whatever its content, as an empty text."""
    if _is_file(schema):
        return value if isinstance(value, list) else ""
    if _is_file(_not_null(schema).get("items")):
        return [""] * len(value) if isinstance(value, list) else value
    return value


def _is_file(schema: Any) -> bool:
    schema = _not_null(schema)
    return schema.get("contentMediaType") == _FILE["contentMediaType"] or _is_binary(schema)


def _not_null(schema: Any) -> Mapping[str, Any]:
    """Return a schema without the alternative null, as which Schemathesis writes `nullable`."""
    if not isinstance(schema, dict):
        return {}
    others = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    return _not_null(others[0]) if len(others) == 1 else schema


def _readings(value: Any) -> Iterator[Any]:
    """Yield what a server may read from a value that Schemathesis writes into a form.

    Schemathesis writes an object as its keys, or as a text in multipart bodies.
    """
    if isinstance(value, list):
        if len(value) == 1:
            yield _text(value[0])
        return
    if isinstance(value, dict):
        yield [*value]
    yield from ([value], [_text(value)], _text(value))
    if isinstance(value, str):
        with suppress(ValueError):
            yield json.loads(value)


def _texts(value: Any) -> Any:
    return [*map(_text, value)] if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _without_bytes(value: Any) -> Any:
    """Return the value with a plain text for each file, whose type a JSON Schema validator does not know."""
    if isinstance(value, dict):
        return {name: _without_bytes(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_bytes(part) for part in value]
    return str(value) if isinstance(value, str) else value


@handler()
class Results(EventHandler[ExecutionContext]):
    """Count the requests and responses of each operation."""

    def __init__(self, *args: Any, **params: Any) -> None:
        self.operations: dict[str, dict[str, Any]] = {}
        self.scenarios = 0
        self._observe = _observer()

    def handle_event(self, ctx: ExecutionContext, event: events.EngineEvent) -> None:
        if isinstance(event, events.ScenarioFinished):
            self.scenarios += event.phase is PhaseName.STATEFUL_TESTING
            for case_id, node in event.recorder.cases.items():
                interaction = event.recorder.interactions.get(case_id)
                response = interaction.response if interaction else None
                checks = len(event.recorder.checks.get(case_id, ()))
                self._count(node.value, response, checks, event.phase)
                if interaction and response and self._observe:
                    query = urlsplit(interaction.request.uri).query
                    self._observe(node.value.operation.label, response.status_code, query.encode())

    def _count(self, case: Case[Any], response: Response | None, checks: int, phase: PhaseName) -> None:
        counts = self.operations.setdefault(
            case.operation.label,
            {"cases": Counter(), "checks": 0, "statuses": Counter(), "seconds": 0.0},
        )
        counts["cases"][phase.value] += 1
        counts["checks"] += checks
        if response:
            counts["statuses"][response.status_code] += 1
            counts["seconds"] += response.elapsed

    def shutdown(self, ctx: ExecutionContext) -> None:
        failures = [
            {
                "operation": label,
                "problems": [f"{failure.title}: {failure.message}" for failure in group.failures],
                "status": group.response.status_code if group.response else None,
                "curl": group.code_sample,
            }
            for label, groups in ctx.statistic.failures.items()
            for group in groups.values()
        ]
        errors = [f"{error.label}: {error.info.title}: {error.value}" for error in ctx.errors]
        Path(os.environ[RESULTS]).write_text(
            json.dumps(
                {
                    "operations": self.operations,
                    "failures": failures,
                    "errors": errors,
                    "warnings": ctx.summary().warnings.as_labels(),
                    "undeclared": _undeclared,
                    "set_aside": _set_aside,
                    "scenarios": self.scenarios,
                }
            )
        )


def _observer() -> Any:
    """Return the function that records a response of an operation, by its label, if it is to be recorded."""
    folder = os.environ.get(OBSERVATIONS)
    if not folder:
        return None
    document = Document.from_json(Path(os.environ[CONTRACT]).read_bytes())
    recorder = Recorder(Path(folder), document)
    operations: dict[str, Operation] = {f"{o.method.upper()} {o.path}": o for o in document.operations}

    def observe(label: str, status: int, query: bytes) -> None:
        if operation := operations.get(label):
            recorder.record(operation, status, query)

    return observe


if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    # A process in the background of a script ignores SIGINT, with which `specfirst.fuzz.run` ends a run.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if os.environ.get(HOOKS):
    loading.load_from_path(os.environ[HOOKS])
