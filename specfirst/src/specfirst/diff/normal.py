"""Normalize equivalent forms, so that only differences in meaning are changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from specfirst.lint.patterns import pattern_lengths

_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    # The default of `required` is false for a parameter, and empty for a schema.
    "required": (False, []),
    **dict.fromkeys(
        (
            *("deprecated", "allowEmptyValue", "allowReserved", "uniqueItems"),
            *("nullable", "readOnly", "writeOnly"),
        ),
        (False,),
    ),
    **dict.fromkeys(("minLength", "minItems", "minProperties"), (0,)),
    "additionalProperties": (True, {}),
    "items": (True, {}),
    **dict.fromkeys(("tags", "parameters"), ([],)),
    "examples": ([], {}),
    **dict.fromkeys(("links", "callbacks", "headers", "content", "encoding", "properties"), ({},)),
    **dict.fromkeys(("summary", "description"), ("",)),
    # Any text contains the empty one.
    "pattern": ("", "^", "$", ".*"),
}
"""Field values that equal the default, in all OpenAPI objects."""

_ASSERTED_FORMATS = {
    *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4"),
    *("ipv6", "uri", "uri-reference", "iri", "iri-reference", "uuid", "json-pointer"),
    *("relative-json-pointer", "uri-template", "regex"),
}
"""Formats that validators check; any other is an annotation (JSON Schema 2020-12, Validation, section 7)."""

_PORTS = {"http": 80, "https": 443}


def normal(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an OpenAPI object without insignificant fields; nested objects are unchanged."""
    left = {
        name: value
        for name, value in node.items()
        # 0 equals False in Python.
        if not any(type(value) is type(one) and value == one for one in _DEFAULTS.get(name, ()))
    }
    match left.get("type"):
        case [str(single)]:
            left["type"] = single
        case "http" if isinstance(left.get("scheme"), str):
            # The names of authentication schemes are case-insensitive (RFC 9110, section 11.1).
            left["scheme"] = left["scheme"].lower()
    if isinstance(left.get("format"), str) and left["format"] not in _ASSERTED_FORMATS:
        del left["format"]
    if isinstance(left.get("pattern"), str) and left.keys() & {"minLength", "maxLength"}:
        least, most = pattern_lengths(left["pattern"])
        if left.get("minLength", least + 1) <= least:
            del left["minLength"]
        if most is not None and left.get("maxLength", -1) >= most:
            del left["maxLength"]
    return left


def server_url(url: str) -> str:
    """Return a server's URL in normal form (RFC 3986, section 6.2); paths are appended to it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # The port may be a variable.
        return url
    scheme, path = parts.scheme.lower(), parts.path.removesuffix("/").removeprefix("./").removesuffix(".")
    authority = parts.netloc.lower()
    if port is not None and port == _PORTS.get(scheme):
        authority = authority.removesuffix(f":{port}")
    return parts._replace(scheme=scheme, netloc=authority, path=path).geturl()
