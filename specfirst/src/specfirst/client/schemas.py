"""TypeScript types of the schemas of a contract.

A component has one type, or two if it contains `readOnly` or `writeOnly`: `Pet` as it is received, and
`PetRequest` as it is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from specfirst.contract.directions import FOREIGN, Directions
from specfirst.contract.discriminators import Discriminators
from specfirst.contract.document import Document, Pointer
from specfirst.contract.names import Names
from specfirst.contract.shapes import either_in, files_in, shape_of

IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")

_KEYWORDS = """
any as async await bigint boolean break case catch class const continue debugger default
delete do else enum export extends false finally for from function get if implements
import in infer instanceof interface intrinsic keyof let namespace never new null number
object of package private protected public readonly return satisfies set static string
super switch symbol this throw true try type typeof undefined unique unknown var void
while with yield
"""
_RESERVED = frozenset(_KEYWORDS.split())
"""Names that a type alias cannot have, or that would be confusing."""

_APPLICATORS = frozenset(
    {
        *("$ref", "$dynamicRef", "type", "const", "enum", "properties", "required", "items"),
        *("additionalProperties", "patternProperties", "prefixItems", "allOf", "anyOf", "oneOf"),
    }
)
"""The keywords that have an effect on the type."""

_OBJECT = ("properties", "required", "additionalProperties", "patternProperties")


class Type(NamedTuple):
    """The text of a type, and how tightly it binds: 0 for one word, 1 for `A & B`, 2 for `A | B`."""

    text: str
    level: int = 0

    def within(self, level: int) -> str:
        return f"({self.text})" if self.level > level else self.text


UNKNOWN, NEVER, UNDEFINED = Type("unknown"), Type("never"), Type("undefined")
UPLOAD = Type("$Upload")


def union(types: Iterable[Type]) -> Type:
    distinct = list(dict.fromkeys(types))
    if UNKNOWN in distinct:
        return UNKNOWN
    kept = [one for one in distinct if one != NEVER]
    if len(kept) < 2:
        return kept[0] if kept else NEVER
    # The parts of a union in a union need no parentheses.
    return Type(" | ".join(dict.fromkeys(one.within(2) for one in kept)), 2)


def intersection(types: Iterable[Type]) -> Type:
    kept = [one for one in dict.fromkeys(types) if one != UNKNOWN]
    if len(kept) < 2:
        return kept[0] if kept else UNKNOWN
    return Type(" & ".join(one.within(1) for one in kept), 1)


def key(name: str) -> str:
    """Write a property name, with quotation marks if it needs them."""
    return name if IDENTIFIER.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def member(name: str) -> str:
    """Write a name in an object literal: `__proto__` would set the prototype."""
    return '["__proto__"]' if name == "__proto__" else key(name)


def comment(text: str, indent: str = "", *, deprecated: bool = False) -> str:
    """Write a documentation comment on one line; empty if there is nothing to say."""
    words = " ".join(text.replace("*/", "* /").split())
    if deprecated:
        words = f"{words} @deprecated".strip()
    return f"{indent}/** {words} */\n" if words else ""


class Types:
    """The types of all schemas of a document.

    `of` writes the names of types as members of `schemas`, until `declarations` writes those types.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._directions, self._discriminators = Directions(document), Discriminators(document)
        self._given = Names(_RESERVED)
        self._names: dict[tuple[Pointer, bool], str] = {}
        self._waiting: list[tuple[Pointer, bool]] = []
        self._within: Pointer | None = None
        self._direct: dict[Pointer, set[Pointer]] = {}
        self._inlined: set[Pointer] = set()
        self._prefix = "schemas."
        self._differing = self._that_differ()
        self.components = {name: self._component(name) for name in document.schemas}

    def _component(self, name: str) -> str:
        pointer = ("components", "schemas", name)
        return self._name(pointer, request=False)

    @property
    def named(self) -> Mapping[tuple[Pointer, bool], str]:
        """Return the name of each type, by the place of its schema and whether it is for requests."""
        return self._names

    def named_at(self, pointer: Pointer, *, request: bool) -> str | None:
        """Return the name of a schema's type, if it has one."""
        return self._names.get((pointer, request and pointer in self._differing))

    def is_hidden(self, node: Any, pointer: Pointer, *, request: bool) -> bool:
        """Return whether a property is not in requests, or not in responses."""
        return self._directions.marked(node, pointer, FOREIGN["request" if request else "response"])

    # --- Names --------------------------------------------------------------------------------------------

    def _name(self, pointer: Pointer, *, request: bool) -> str:
        request = request and pointer in self._differing
        place = (pointer, request)
        if place not in self._names:
            self._waiting.append(place)
            own = pointer[:2] == ("components", "schemas")
            words = [
                w for w in (pointer[2:] if own else pointer) if w not in ("properties", "$defs", "items")
            ]
            name = type_name(" ".join(words)) + ("Request" if request else "")
            self._names[place] = self._given.unique(name)
        return self._names[place]

    def _that_differ(self) -> set[Pointer]:
        """Return the schemas that references lead to and that are sent in another form than received."""
        marked: set[Pointer] = set()
        users: dict[Pointer, set[Pointer]] = {}
        targets: set[Pointer] = {("components", "schemas", name) for name in self._document.schemas}
        for pointer, node in self._document.parts("schema"):
            owner = pointer[:3]
            if node.get("readOnly") is True or node.get("writeOnly") is True:
                marked.add(owner)
            reference = node.get("$ref")
            if isinstance(reference, str) and (target := self._document.target(reference, pointer)):
                users.setdefault(target[:3], set()).add(owner)
                targets.add(target)
        waiting = [*marked]
        while waiting:
            for user in users.get(waiting.pop(), ()):
                if user not in marked:
                    marked.add(user)
                    waiting.append(user)
        return {target for target in targets if target[:3] in marked}

    # --- Declarations -------------------------------------------------------------------------------------

    def declarations(self) -> Iterator[str]:
        """Yield the declaration of each type that has a name, in the order of the document."""
        self._prefix = ""
        while self._waiting:
            pointer, request = self._waiting.pop(0)
            node = self._document.get(pointer)
            self._within = pointer
            text = self.of(node, pointer, request=request).text
            described = node.get("description", "") if isinstance(node, Mapping) else ""
            yield f"{comment(str(described))}export type {self._names[pointer, request]} = {text};\n"
        self._within = None

    # --- Types --------------------------------------------------------------------------------------------

    def of(self, schema: Any, pointer: Pointer, *, request: bool, files: bool = False) -> Type:
        """Return the type of a schema. `files` says that it is a multipart body, whose parts may be files."""
        if not isinstance(schema, Mapping):
            return NEVER if schema is False else UNKNOWN
        reference = schema.get("$ref", schema.get("$dynamicRef"))
        if isinstance(reference, str):
            rest = {name: schema[name] for name in _APPLICATORS if name in schema}
            rest.pop("$ref", None)
            rest.pop("$dynamicRef", None)
            base = self._referenced(reference, pointer, request=request, files=files)
            return (
                intersection([base, self.of(rest, pointer, request=request, files=files)]) if rest else base
            )
        if "const" in schema:
            return _literal(schema["const"])
        if isinstance(schema.get("enum"), list):
            return union(map(_literal, schema["enum"]))

        def each(keyword: str) -> list[Type]:
            return [
                self.of(part, (*pointer, keyword, str(index)), request=request, files=files)
                for index, part in enumerate(schema.get(keyword) or [])
            ]

        combined = each("allOf")
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                alternatives = each(keyword)
                combined.append(union(self._discriminated(schema, keyword, alternatives, pointer)))
        return intersection([*self._base(schema, pointer, request, files, bool(combined)), *combined])

    def _base(
        self, schema: Mapping[str, Any], pointer: Pointer, request: bool, files: bool, combined: bool
    ) -> list[Type]:
        """Return what the keywords other than references and combinations say; empty if nothing."""
        types = schema.get("type")
        if types is None:
            kinds = ["object"] if any(word in schema for word in _OBJECT) else []
            kinds += ["array"] if "items" in schema or "prefixItems" in schema else []
            if not kinds:
                return []
        else:
            kinds = list(types) if isinstance(types, list) else [types]
        if combined and kinds == ["object"] and not any(word in schema for word in _OBJECT):
            return []
        found = []
        for kind in kinds:
            if kind == "object":
                found.append(self._object(schema, pointer, request, files))
            elif kind == "array":
                found.append(self._array(schema, pointer, request, files))
            else:
                found.append(Type({"integer": "number"}.get(kind, str(kind))))
        return [union(found)]

    def _part(self, schema: Any, pointer: Pointer, request: bool, files: bool) -> Type:
        """Return the type of a property or an item, which is a file if the engine reads it as one."""
        found = files_in(self._document, schema, pointer) if files else None
        either = either_in(self._document, schema, pointer) if files and found is None else None
        if found is None and either is None:
            return self.of(schema, pointer, request=request)
        kinds = [UPLOAD if found == "one" else Type(f"{UPLOAD.text}[]")]
        if either:
            one = union([UPLOAD, *(self.of(part, place, request=request) for part, place in either.others)])
            kinds = [Type(f"{one.within(0)}[]") if either.several else one]
        if "null" in shape_of(self._document, schema, pointer).types:
            kinds.append(Type("null"))
        return union(kinds)

    def _object(self, schema: Mapping[str, Any], pointer: Pointer, request: bool, files: bool) -> Type:
        required = {name for name in schema.get("required") or () if isinstance(name, str)}
        properties = schema.get("properties") or {}
        lines, types = [], []
        for name, node in properties.items():
            place = (*pointer, "properties", name)
            if self.is_hidden(node, place, request=request):
                continue
            kind = self._part(node, place, request, files)
            optional = "" if name in required else "?"
            types += [kind] if name in required else [kind, UNDEFINED]
            described = node if isinstance(node, Mapping) else {}
            note = comment(
                str(described.get("description", "")), deprecated=described.get("deprecated") is True
            )
            lines.append(f"{note}{key(name)}{optional}: {kind.text};")
        lines += [f"{key(name)}: unknown;" for name in sorted(required - properties.keys())]
        index = self._index(schema, pointer, request, files)
        if index is None and not lines:
            index = NEVER if schema.get("additionalProperties") is False and not properties else UNKNOWN
        if index is not None:
            types += [UNKNOWN] * bool(required - properties.keys())
            lines.append(f"[name: string]: {union([index, *types]).text};")
        body = "".join(f"  {line}\n" for line in "\n".join(line.rstrip("\n") for line in lines).split("\n"))
        return Type(f"{{\n{body}}}") if lines else Type("{}")

    def _index(self, schema: Mapping[str, Any], pointer: Pointer, request: bool, files: bool) -> Type | None:
        """Return the type of properties that have no name in the schema; None if there are none."""
        found = [
            self._part(node, (*pointer, "patternProperties", name), request, files)
            for name, node in (schema.get("patternProperties") or {}).items()
        ]
        others = schema.get("additionalProperties")
        if others is not None and others is not False:
            found.append(self._part(others, (*pointer, "additionalProperties"), request, files))
        return union(found) if found else None

    def _array(self, schema: Mapping[str, Any], pointer: Pointer, request: bool, files: bool) -> Type:
        items = self._part(schema.get("items", True), (*pointer, "items"), request, files)
        first = schema.get("prefixItems")
        if not first:
            return Type("never[]" if items == NEVER else f"{items.within(0)}[]")
        least = schema.get("minItems", 0)
        parts = []
        for index, node in enumerate(first):
            kind = self._part(node, (*pointer, "prefixItems", str(index)), request, files)
            parts.append(kind.text if index < least else f"({kind.text})?")
        if items != NEVER:
            parts.append(f"...{items.within(0)}[]")
        return Type(f"[{', '.join(parts)}]")

    # --- References ---------------------------------------------------------------------------------------

    def _referenced(self, reference: str, pointer: Pointer, *, request: bool, files: bool) -> Type:
        target = self._document.target(reference, pointer)
        node = None
        try:
            node = self._document.get(target) if target is not None else None
        except (KeyError, IndexError, ValueError, TypeError):
            target = None
        if target is None:
            raise self._document.error(
                f"unresolved reference {reference}",
                pointer,
                remedy="correct the reference or add the component",
            )
        if self._within is not None and self._leads_to(target, self._within) and self._is_direct(pointer):
            # A type alias cannot refer to itself: what is left of the schema has no alternatives.
            if target == self._within or not isinstance(node, Mapping):
                return UNKNOWN
            rest = {name: value for name, value in node.items() if name not in ("oneOf", "anyOf", "$ref")}
            return self._inline(rest, target, request=request, files=files)
        if files:
            inlined = self._inline(node, target, request=request, files=True)
            if UPLOAD.text in inlined.text:
                return inlined
        return Type(self._prefix + self._name(target, request=request))

    def _inline(self, node: Any, target: Pointer, *, request: bool, files: bool) -> Type:
        if target in self._inlined:
            return Type(self._prefix + self._name(target, request=request))
        self._inlined.add(target)
        try:
            return self.of(node, target, request=request, files=files)
        finally:
            self._inlined.remove(target)

    def _is_direct(self, pointer: Pointer) -> bool:
        """Return whether nothing but references and combinations is between a type and this part of it."""
        assert self._within is not None
        rest = pointer[len(self._within) :]
        return pointer[: len(self._within)] != self._within or _only_combinations(rest)

    def _leads_to(self, start: Pointer, end: Pointer) -> bool:
        """Return whether the type at `start` is made of that at `end`, without an object between them."""
        seen, waiting = set[Pointer](), [start]
        while waiting:
            place = waiting.pop()
            if place == end:
                return True
            if place not in seen:
                seen.add(place)
                waiting += self._made_of(place)
        return False

    def _made_of(self, pointer: Pointer) -> set[Pointer]:
        if pointer not in self._direct:
            found = self._direct[pointer] = set[Pointer]()
            nodes = [self._document.get(pointer)]
            while nodes:
                node = nodes.pop()
                if not isinstance(node, Mapping):
                    continue
                reference = node.get("$ref", node.get("$dynamicRef"))
                if isinstance(reference, str) and (target := self._document.target(reference, pointer)):
                    found.add(target)
                for keyword in ("allOf", "anyOf", "oneOf"):
                    nodes += node.get(keyword) or []
        return self._direct[pointer]

    def _discriminated(
        self, schema: Mapping[str, Any], keyword: str, alternatives: list[Type], pointer: Pointer
    ) -> Iterator[Type]:
        """Yield the alternatives, with the tags that select them if their own schemas do not list these."""
        discriminator = self._discriminators.beside(schema, keyword, pointer)
        for index, (node, kind) in enumerate(zip(schema[keyword], alternatives, strict=True)):
            place = (*pointer, keyword, str(index))
            tags = self._discriminators.unlisted(discriminator, node, place) if discriminator else []
            if discriminator and tags:
                tag = union(map(_literal, tags))
                kind = intersection([kind, Type(f"{{ {key(discriminator.property)}: {tag.text} }}")])
            yield kind


def type_name(name: str) -> str:
    """Turn a name of the contract into that of a type: `pet.Owner-v2` is `PetOwnerV2`."""
    if IDENTIFIER.fullmatch(name):
        return f"{name}_" if name in _RESERVED else name
    text = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9_]+", name) if word)
    return text if text and not text[0].isdigit() else f"_{text}"


def _literal(value: Any) -> Type:
    if isinstance(value, Mapping):
        inner = " ".join(f"{key(name)}: {_literal(part).text};" for name, part in value.items())
        return Type(f"{{ {inner} }}" if inner else "{}")
    if isinstance(value, list):
        return Type(f"[{', '.join(_literal(part).text for part in value)}]")
    return Type(json.dumps(value, ensure_ascii=False))


def _only_combinations(rest: Pointer) -> bool:
    return all(token in ("allOf", "anyOf", "oneOf") for token in rest[::2]) and len(rest) % 2 == 0
