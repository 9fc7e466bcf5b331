"""Reading a contract's YAML as JSON data, with the line of every part.

PyYAML follows YAML 1.1, where `no` is false, `2026-01-05` is a date, and the second of two equal keys
wins in silence. A contract is JSON data (OpenAPI 3.1, section 4.3), so only what YAML 1.2's JSON schema
knows is resolved here, and a repeated key is an error.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from specfirst.document import Document, DocumentError, Pointer, Splices, server_addresses


class _JSONSchemaLoader(yaml.SafeLoader):
    """Resolves plain scalars as YAML 1.2's core schema does (YAML 1.2.2, section 10.3.2)."""


# The class would otherwise add to what it inherits: YAML 1.1's dates, octal numbers, yes and no.
_JSONSchemaLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _JSONSchemaLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )


def load(path: Path) -> Document:
    """Read a YAML (or JSON) contract. Raises DocumentError with the line of what cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, _JSONSchemaLoader)
    except OSError as error:
        raise DocumentError(
            f"{path} cannot be read: {error.strerror}", remedy="name a file that exists"
        ) from None
    except UnicodeDecodeError:
        raise DocumentError(f"{path} is not UTF-8", remedy="save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise DocumentError(
            f"this is not YAML: {error.problem}",
            remedy="correct the syntax",
            line=mark.line + 1 if mark else None,
        ) from None
    lines: dict[Pointer, int] = {}
    content = _data(root, (), lines, set())
    if not isinstance(content, dict):
        raise DocumentError("the document is not a mapping", remedy="start with `openapi: 3.1.0`", line=1)
    return Document(content, lines)


# What may stand before a scalar: an anchor, a tag.
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")


def server_splices(text: bytes, document: Document) -> Splices:
    """Where a path prefix belongs in the text of this document, YAML or JSON, which is else left as it is.

    It belongs before each server's URL that is an absolute path; without servers, a server is added.
    """
    decoded = text.decode()
    root = yaml.compose(decoded, _JSONSchemaLoader)
    assert isinstance(root, yaml.MappingNode)
    fields = {key.value: value for key, value in root.value}
    splices: set[tuple[int, int, str, str]] = set()

    def splice(start: int, end: int, before: str, after: str) -> None:
        # A scalar of several lines ends with a line break that is not its own.
        end = start + len(decoded[start:end].rstrip())
        splices.add((len(decoded[:start].encode()), len(decoded[:end].encode()), before, after))

    if "servers" not in fields:
        start = root.value[0][0].start_mark
        name, end = ('"servers"', ", ") if root.flow_style else ("servers", f"\n{' ' * start.column}")
        splice(start.index, start.index, f'{name}: [{{"url": "', f'"}}]{end}')
    elif not fields["servers"].value:
        node = fields["servers"]
        splice(node.start_mark.index, node.end_mark.index, '[{"url": "', '"}]')
    else:
        for index, node in enumerate(fields["servers"].value):
            url = next(value for key, value in node.value if key.value == "url")
            address = next(
                server_addresses(document.content["servers"][index], ("servers", str(index), "url"))
            )
            if address[:1] == "/" != address[1:2]:
                start = url.start_mark.index
                properties = _PROPERTIES.match(decoded, start)
                assert properties
                splice(properties.end(), url.end_mark.index, '"', json.dumps(url.value.rstrip("/"))[1:])
    return sorted(splices)


def _data(node: yaml.Node | None, pointer: Pointer, lines: dict[Pointer, int], around: set[int]) -> Any:
    if node is None:
        return None
    lines.setdefault(pointer, node.start_mark.line + 1)
    if id(node) in around:
        raise DocumentError(
            "an alias stands inside its own anchor",
            pointer,
            remedy="use $ref",
            line=node.start_mark.line + 1,
        )
    around = around | {id(node)}
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise DocumentError(
                    "a key is not a string", pointer, remedy="write the key as text", line=line
                )
            if key.value in mapping:
                raise DocumentError(
                    f"the key {key.value!r} stands here a second time",
                    pointer,
                    remedy="remove one of the two",
                    line=line,
                )
            # A value's line is its key's: it is where a reader looks for it.
            lines[*pointer, key.value] = line
            mapping[key.value] = _data(value, (*pointer, key.value), lines, around)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_data(item, (*pointer, str(index)), lines, around) for index, item in enumerate(node.value)]
    return _scalar(node, pointer)


def _scalar(node: yaml.Node, pointer: Pointer) -> Any:
    value, kind = node.value, node.tag.removeprefix("tag:yaml.org,2002:")
    match kind:
        case "null":
            return None
        case "bool":
            return value.lower() == "true"
        case "int":
            return int(value)
        case "float":
            return float(value)
        case "str":
            return value
    raise DocumentError(
        f"the tag {node.tag} has no meaning in JSON",
        pointer,
        remedy="remove the tag",
        line=node.start_mark.line + 1,
    )
