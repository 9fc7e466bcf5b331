"""The Python types of a contract's schemas: the models of schemas.py and the plain dicts of plain.py.

The contract's validator decides what a request may contain, so types may be wider than schemas: no pattern,
bound or format is repeated in them, `allOf` is one class, and what Python cannot express is `Any`. An object
without a name in the contract is named after the part that contains it.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from specfirst.contract.directions import FOREIGN, Direction, Directions
from specfirst.contract.discriminators import Discriminators
from specfirst.contract.document import Document, MediaType, Pointer
from specfirst.contract.names import Names, class_name
from specfirst.contract.shapes import either_in, files_in

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

MODEL_FORMATS = {
    "date-time": "AwareDatetime",
    "date": "date",
    "uuid": "UUID",
    "ipv4": "IPv4Address",
    "ipv6": "IPv6Address",
}
_PLAIN_FORMATS = {"date-time": "datetime", "date": "date"}

_BUILTINS = frozenset(
    {"str", "int", "float", "bool", "bytes", "list", "dict", "date", "datetime", "type_", "NotRequired"}
)
_SHADOWED = frozenset(dir(BaseModel)) | _BUILTINS | {"Annotated", "Field", "MISSING"}
"""Names that a field of a model cannot have: attributes of every model, and types in annotations."""

_TEXTS = frozenset(
    {"title", "description", "example", "examples", "deprecated", "readOnly", "writeOnly", "default"}
)

_MOST_MERGED = 50
"""How many `allOf` may be inside each other; a circle has no end."""


@dataclass(frozen=True)
class Field:
    """A property as an attribute of a class."""

    name: str
    alias: str
    hint: str
    required: bool
    default: str | None
    description: str

    @property
    def renamed(self) -> bool:
        return self.name != self.alias


@dataclass
class Definition:
    """A class, or the alias `target` of another type. `uses` are the names that it needs."""

    name: str
    description: str
    target: str | None = None
    fields: tuple[Field, ...] = ()
    extra: str | None = None
    ignored: tuple[str, ...] = ()
    """The `readOnly` properties, which a request may have and the model does not."""
    uses: set[str] = field(default_factory=set)

    @property
    def renamed(self) -> bool:
        return any(f.renamed for f in self.fields)

    @property
    def functional(self) -> bool:
        """Return whether a TypedDict needs the syntax of a call, because of the names of its keys."""
        taken = _BUILTINS | _words(f.hint for f in self.fields)
        return any(
            not f.alias.isidentifier()
            or keyword.iskeyword(f.alias)
            or f.alias in taken
            or f.alias.startswith("__")
            for f in self.fields
        )


class Types:
    """The types of one document, as models or as plain dicts.

    `names` has the names of inline schemas by pointer, so that both kinds agree on them. A schema with
    `readOnly` or `writeOnly` properties has two types: `Pet` for responses and `PetRequest` for requests.
    """

    def __init__(self, document: Document, names: dict[Pointer, str], *, plain: bool = False) -> None:
        self._document, self._names, self.plain = document, names, plain
        self._formats = _PLAIN_FORMATS if plain else MODEL_FORMATS
        self._definitions: dict[str, Definition] = {}
        self._open: list[Pointer] = []
        self._using: list[set[str]] = []
        self._discriminators = Discriminators(document)
        self._tags = self._tags_of_components()
        self._directions = Directions(document)
        self._direction: Direction = "response"
        self._of_requests = {} if plain else self._request_classes()

    def _request_classes(self) -> dict[str, str]:
        """Name the classes of the components that differ in requests."""
        return {
            name: self._document.classes.unique(f"{chosen}Request")
            for name, chosen in self._document.schema_classes.items()
            if self._directions.differs(self._document.schemas[name], ("components", "schemas", name))
        }

    def components(self) -> None:
        """Define the type of every component."""
        for name in self._document.schemas:
            self._component(name)

    def definition(self, name: str) -> Definition | None:
        return self._definitions.get(name)

    def definitions(self) -> list[tuple[Definition, bool]]:
        """Return the definitions, each after those that it uses; True if it uses one that comes later."""
        components = [
            chosen
            for name, answered in self._document.schema_classes.items()
            for chosen in (answered, self._of_requests.get(name))
        ]
        order = [chosen for chosen in components if chosen in self._definitions]
        order += [name for name in self._definitions if name not in order]
        done: dict[str, tuple[Definition, bool]] = {}
        started: set[str] = set()
        for first in order:
            waiting = [first]
            while waiting:
                name = waiting[-1]
                if name in done:
                    waiting.pop()
                    continue
                definition = self._definitions[name]
                needed = [n for n in sorted(definition.uses) if n in self._definitions and n not in done]
                later = [n for n in needed if n not in started and n != name]
                if name in started or not later:
                    done[name] = (definition, bool(needed))
                    waiting.pop()
                else:
                    started.add(name)
                    waiting += reversed(later)
        return list(done.values())

    def hint(self, schema: Any, pointer: Pointer, role: str, *, direction: Direction = "response") -> str:
        """Return the type of a schema. `role` names it if it is an object without a name of its own."""
        self._direction = direction
        return self._expression(schema, pointer, role)

    def multipart(self, media_type: MediaType, role: str) -> str:
        """Return the class of a multipart body of a request, whose files are streams."""
        self._direction = "request"
        pointer = (*media_type.pointer, "schema")
        if media_type.has_places:
            return self._list_of_parts(media_type, role)
        merged = self._merged(media_type.schema, pointer, 0)
        if merged is None or not merged.properties:
            return "dict[str, Any]"
        return self._class((*pointer, "multipart"), role, media_type.schema, merged, files=True)

    def _list_of_parts(self, media_type: MediaType, role: str) -> str:
        """Return the type of the parts of a multipart body that have places instead of names."""
        schema = {"items": media_type.item_schema} if media_type.schema is None else media_type.schema
        name = "itemSchema" if media_type.schema is None else "schema"
        items, place = schema.get("items"), (*media_type.pointer, name)
        if media_type.schema is not None:
            place = (*place, "items")
        if "prefixItems" in schema or not isinstance(items, Mapping):
            return "list[Any]"
        role = f"{role}Item"
        return f"list[{self._file(items, place, role) or self._expression(items, place, role)}]"

    # --- Expressions ----------------------------------------------------------------------------------

    def _expression(self, schema: Any, pointer: Pointer, role: str) -> str:
        if not isinstance(schema, Mapping) or not schema.keys() - _TEXTS:
            return "Any"
        if isinstance(schema.get("$ref"), str):
            return self._reference(schema, pointer, role)
        if "const" in schema:
            return _literal([schema["const"]])
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return _literal(schema["enum"])
        if schema.get("allOf"):
            return self._all_of(schema, pointer, role)
        for key in ("oneOf", "anyOf"):
            if schema.get(key) and not self._is_narrowed(schema, key):
                return self._union(schema, key, pointer, role)
        return self._typed(schema, pointer, role)

    def _typed(self, schema: Mapping[str, Any], pointer: Pointer, role: str) -> str:
        kinds = schema.get("type")
        if kinds is None:
            kinds = _implied(schema)
        named = [kinds] if isinstance(kinds, str) else list(kinds)
        if not named:
            return "Any"
        return _joined(self._of_type(kind, schema, pointer, role, len(named) > 1) for kind in named)

    def _of_type(
        self, kind: str, schema: Mapping[str, Any], pointer: Pointer, role: str, several: bool
    ) -> str:
        if kind == "string":
            return self._formats.get(str(schema.get("format")), "str")
        if kind in SCALARS:
            return SCALARS[kind]
        if kind == "array":
            items = schema.get("items")
            if "prefixItems" in schema or items is None:
                return "list[Any]"
            return f"list[{self._expression(items, (*pointer, 'items'), f'{role}Item')}]"
        if kind == "object":
            merged = self._merged(schema, pointer, 0)
            assert merged
            if merged.properties:
                # The name of a component is that of the whole type, of which the object is a part.
                return self._class(
                    pointer, f"{role}Object" if several and len(pointer) == 3 else role, schema, merged
                )
            return self._map(schema, pointer, role)
        return "Any"

    def _map(self, schema: Mapping[str, Any], pointer: Pointer, role: str) -> str:
        values = schema.get("additionalProperties")
        if not isinstance(values, Mapping) or "patternProperties" in schema:
            return "dict[str, Any]"
        return f"dict[str, {self._expression(values, (*pointer, 'additionalProperties'), f'{role}Value')}]"

    def _reference(self, schema: Mapping[str, Any], pointer: Pointer, role: str) -> str:
        others = schema.keys() - _TEXTS - {"$ref"}
        if others & {"properties", "allOf", "oneOf", "anyOf"}:
            parts = [{"$ref": schema["$ref"]}, {key: schema[key] for key in others}]
            return self._expression({"allOf": parts}, pointer, role)
        target = self._document.target(schema["$ref"], pointer)
        if target is not None and len(target) == 3 and target[:2] == ("components", "schemas"):
            return self._component(target[2])
        node, target = self._document.follow(schema, pointer)
        if target in self._open:
            return self._names.get(self._key(target, node), "Any")
        if len(target) == 3 and target[:2] == ("components", "schemas"):
            return self._component(target[2])
        self._open.append(target)
        try:
            return self._expression(node, target, role)
        finally:
            self._open.pop()

    def _key(self, pointer: Pointer, schema: Any) -> Pointer:
        """Return the key of a schema's name: requests have one of their own where they differ."""
        differs = self._direction == "request" and self._directions.differs(schema, pointer)
        return (*pointer, "request") if differs else pointer

    def _varies(self, schema: Any, pointer: Pointer) -> bool:
        """Return whether a property is of one direction alone, or has another type in each."""
        marked = any(self._directions.marked(schema, pointer, mark) for mark in FOREIGN.values())
        return marked or self._directions.differs(schema, pointer)

    def _component(self, name: str) -> str:
        """Return the type of a component: its class or alias, and the classes that inherit from it."""
        chosen = self._document.schema_classes[name]
        if self._direction == "request":
            chosen = self._of_requests.get(name, chosen)
        self._use(chosen)
        pointer = ("components", "schemas", name)
        if chosen not in self._definitions:
            self._define_component(name, chosen, pointer)
        return _joined([*map(self._component, self._heirs(name)), chosen])

    def _heirs(self, name: str) -> list[str]:
        discriminator = self._discriminators.heirs.get(name)
        heirs = [*discriminator.tags.values(), discriminator.default] if discriminator else []
        return [heir for heir in dict.fromkeys(heirs) if heir not in (name, None)]

    def _tags_of_components(self) -> Mapping[str, Mapping[str, set[str]]]:
        """Return the tags by which discriminators select a component, by the property that has them."""
        found: dict[str, dict[str, set[str]]] = {}
        discriminators = [*self._discriminators.heirs.values()]
        for pointer, schema in self._document.parts("schema"):
            for key in ("oneOf", "anyOf"):
                if schema.get(key) and (made := self._discriminators.selecting(schema, key, pointer)):
                    discriminators.append(made)
        for discriminator in discriminators:
            for tag, name in discriminator.tags.items():
                # A base has the tags of all that inherit from it.
                if name != discriminator.default and name not in self._discriminators.heirs:
                    found.setdefault(name, {}).setdefault(discriminator.property, set()).add(tag)
        return found

    def _define_component(self, name: str, chosen: str, pointer: Pointer) -> None:
        schema = self._document.schemas[name]
        description = schema.get("description", "") if isinstance(schema, Mapping) else ""
        # A placeholder: the schema may refer to itself.
        definition = self._definitions[chosen] = Definition(chosen, description.strip())
        key = self._key(pointer, schema)
        self._names[key] = chosen
        kinds = schema.get("type") if isinstance(schema, Mapping) else None
        if isinstance(kinds, list) and "object" in kinds and len(kinds) > 1:
            del self._names[key]
        self._using.append(definition.uses)
        target = self._expression(schema, pointer, chosen)
        self._using.pop()
        if target != chosen:
            definition.target = target

    def _use(self, name: str) -> None:
        if self._using:
            self._using[-1].add(name)

    def _union(self, schema: Mapping[str, Any], key: str, pointer: Pointer, role: str) -> str:
        rest = {name: value for name, value in schema.items() if name not in (key, "discriminator")}
        alternatives = schema[key]
        found = []
        for index, part in enumerate(alternatives):
            place = (*pointer, key, str(index))
            title = part.get("title", "") if isinstance(part, Mapping) else ""
            suffix = class_name(title) if re.search("[A-Za-z]", str(title)) else str(index + 1)
            name = (
                role
                if len([p for p in alternatives if p != {"type": "null"}]) == 1 and len(pointer) != 3
                else f"{role}{suffix}"
            )
            if rest.get("properties") and isinstance(part, Mapping) and part != {"type": "null"}:
                part = {"allOf": [rest, part]}
            found.append(self._expression(part, place, name))
        tagged = None if self.plain or "None" in found else self._discriminated(schema, key, pointer, found)
        return tagged or _joined(found)

    def _discriminated(
        self, schema: Mapping[str, Any], key: str, pointer: Pointer, found: Sequence[str]
    ) -> str | None:
        """Return the union with its discriminator, if each alternative is a class that says its tag."""
        name = (schema.get("discriminator") or {}).get("propertyName")
        if name is None or len(set(found)) < 2:
            return None
        discriminator = self._discriminators.selecting(schema, key, pointer)
        if discriminator and discriminator.default:
            # It takes what no other one does.
            last = self._component(discriminator.default)
            ordered = [*(hint for hint in dict.fromkeys(found) if hint != last), last]
            return f"Annotated[{' | '.join(ordered)}, Field(union_mode='left_to_right')]"
        tags: list[str] = []
        for alternative in found:
            fields = self._definitions[alternative].fields if alternative in self._definitions else ()
            tag = next((f for f in fields if f.alias == name == f.name and f.required), None)
            if tag is None or not tag.hint.startswith("Literal["):
                return None
            tags.append(tag.hint)
        if len(set(tags)) < len(tags):
            return None
        return f"Annotated[{' | '.join(dict.fromkeys(found))}, Field(discriminator={name!r})]"

    def _all_of(self, schema: Mapping[str, Any], pointer: Pointer, role: str) -> str:
        rest = {key: value for key, value in schema.items() if key != "allOf" and key not in _TEXTS}
        if not rest.keys() - {"type", "discriminator"} and len(schema["allOf"]) == 1:
            return self._expression(schema["allOf"][0], (*pointer, "allOf", "0"), role)
        merged = self._merged(schema, pointer, 0)
        if merged is not None and merged.properties:
            return self._class(pointer, role, schema, merged)
        parts = [
            (rest, pointer),
            *((part, (*pointer, "allOf", str(i))) for i, part in enumerate(schema["allOf"])),
        ]
        found = [self._expression(part, place, role) for part, place in parts]
        return next((hint for hint in found if hint != "Any"), "Any")

    @staticmethod
    def _is_narrowed(schema: Mapping[str, Any], key: str) -> bool:
        """Return whether the alternatives only narrow the type beside them, such as `required` lists."""
        if "type" not in schema and not schema.get("properties"):
            return False
        new = {"properties", "$ref", "allOf", "anyOf", "oneOf", "items", "type", "additionalProperties"}
        if not schema.get("properties") and schema.get("type") not in ("object", None):
            return all(
                isinstance(part, Mapping)
                and part.get("type", schema["type"]) == schema["type"]
                and "$ref" not in part
                for part in schema[key]
            )
        return all(isinstance(part, Mapping) and not part.keys() & (new - {"type"}) for part in schema[key])

    # --- Classes --------------------------------------------------------------------------------------

    def _merged(self, schema: Any, pointer: Pointer, depth: int) -> _Merged | None:
        """Return the properties of an object with all its `allOf`, or None if a part is no object."""
        if depth > _MOST_MERGED:
            return None
        merged = _Merged()
        if not isinstance(schema, Mapping):
            return merged
        if isinstance(schema.get("$ref"), str):
            target = self._document.follow(schema, pointer)
            found = self._merged(*target, depth + 1)
            if found is None:
                return None
            merged.add(found)
        kinds = schema.get("type", "object")
        if "object" not in ([kinds] if isinstance(kinds, str) else kinds):
            return None
        for index, part in enumerate(schema.get("allOf", [])):
            found = self._merged(part, (*pointer, "allOf", str(index)), depth + 1)
            if found is None:
                return None
            merged.add(found)
        for name, part in (schema.get("properties") or {}).items():
            place = (*pointer, "properties", name)
            known = merged.properties.get(name)
            # A part that only describes, or only narrows, does not replace a type.
            if known is None or (
                isinstance(part, Mapping) and part.keys() & {"$ref", "type", "enum", "const"}
            ):
                merged.properties[name] = (part, place)
        merged.required |= set(schema.get("required", []))
        others = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        if others is False:
            merged.extra = "forbid"
        elif others is not None or "patternProperties" in schema:
            merged.extra = merged.extra or "allow"
        if pointer[:2] == ("components", "schemas") and len(pointer) == 3:
            merged.tags.update(self._tags.get(pointer[2], {}))
        return merged

    def _class(
        self, pointer: Pointer, role: str, schema: Any, merged: _Merged, *, files: bool = False
    ) -> str:
        key = pointer
        if self._direction == "request" and any(self._varies(*part) for part in merged.properties.values()):
            key = (*pointer, "request")
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self._document.classes.unique(class_name(role))
        self._use(name)
        known = self._definitions.get(name)
        if known and known.fields:
            return name
        description = schema.get("description", "") if isinstance(schema, Mapping) else ""
        definition = known or Definition(name, description.strip())
        self._definitions[name] = definition
        definition.extra = merged.extra
        foreign = self._foreign(merged)
        if self._direction == "request" and merged.extra:
            definition.ignored = foreign
        self._using.append(definition.uses)
        definition.fields = tuple(self._fields(name, merged, files, foreign))
        self._using.pop()
        definition.uses.discard(name)
        return name

    def _fields(self, owner: str, merged: _Merged, files: bool, foreign: Container[str]) -> Iterator[Field]:
        hints: dict[str, str] = {}
        for name, (part, place) in merged.properties.items():
            if name in foreign:
                continue
            role = f"{owner}{class_name(name).lstrip('_') or 'Field'}"
            hint = (self._file(part, place, role) if files else None) or self._expression(part, place, role)
            if name in merged.tags and hint == "str":
                hint = _literal(sorted(merged.tags[name]))
            hints[name] = hint
        # An attribute has the same name in both types of a schema.
        types = _words(hints.values())
        identifiers = _attributes(merged.properties, types | {name.removesuffix("Request") for name in types})
        for name, hint in hints.items():
            part = merged.properties[name][0]
            schema: Mapping[str, Any] = part if isinstance(part, Mapping) else {}
            yield Field(
                name=identifiers[name],
                alias=name,
                hint=hint,
                required=name in merged.required,
                default=_default(schema, hint),
                description=schema.get("description", "").strip()
                if "$ref" not in schema or len(schema) > 1
                else "",
            )

    def _foreign(self, merged: _Merged) -> tuple[str, ...]:
        """Return the properties that values of this direction do not have."""
        mark = FOREIGN[self._direction]
        return tuple(
            name
            for name, (part, place) in merged.properties.items()
            if self._directions.marked(part, place, mark)
        )

    def _file(self, schema: Any, pointer: Pointer, role: str) -> str | None:
        """Return the type of a part of a multipart body that is, or may be, a file or a list of files."""
        if files := files_in(self._document, schema, pointer):
            return {"one": "UploadFile", "several": "list[UploadFile]"}[files]
        either = either_in(self._document, schema, pointer)
        if either is None:
            return None
        names = [role, *(f"{role}{number}" for number in range(2, len(either.others) + 1))]
        others = [
            self._expression(part, place, name)
            for (part, place), name in zip(either.others, names, strict=True)
        ]
        hint = _joined(["UploadFile", *others])
        return f"list[{hint}]" if either.several else hint


class _Merged:
    """The properties of an object and of all that it consists of."""

    def __init__(self) -> None:
        self.properties: dict[str, tuple[Any, Pointer]] = {}
        self.required: set[str] = set()
        self.extra: str | None = None
        self.tags: dict[str, set[str]] = {}

    def add(self, other: _Merged) -> None:
        for name, part in other.properties.items():
            self.properties.setdefault(name, part)
        self.required |= other.required
        self.extra = other.extra or self.extra


def _attributes(names: Iterable[str], taken: Container[str]) -> dict[str, str]:
    """Give each property a name that an attribute of a model can have, different from the others.

    A name in `taken`, the types that the class uses, cannot be the name of an attribute with a value.
    """
    names = [*names]
    given = Names()
    kept = {name: given.unique(name) for name in names if _is_attribute(name) and name not in taken}
    found = {}
    for name in names:
        identifier = kept.get(name)
        if identifier is None:
            text = re.sub(r"\W+", "_", name).strip("_")
            if not text or not text[0].isidentifier():
                text = f"field_{text}".rstrip("_")
            identifier = given.unique(text if _is_attribute(text) and text not in taken else f"{text}_")
        found[name] = identifier
    return found


def _words(hints: Iterable[str]) -> set[str]:
    """Return the names in type hints; the texts in literals are none."""
    return {
        word for hint in hints for word in re.findall(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(\w+)""", hint)
    }


def _is_attribute(name: str) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and name not in _SHADOWED
    )


def _implied(schema: Mapping[str, Any]) -> list[str]:
    if schema.keys() & {"properties", "additionalProperties", "patternProperties", "required"}:
        return ["object"]
    return ["array"] if schema.keys() & {"items", "prefixItems"} else []


def _literal(values: Iterable[Any]) -> str:
    """Return the type of a list of values: a Literal if Python can write them in one."""
    values = list(values)
    literals = [value for value in values if isinstance(value, str | int) and not isinstance(value, float)]
    hints = [f"Literal[{', '.join(dict.fromkeys(map(_quoted, literals)))}]"] if literals else []
    for value in values:
        if isinstance(value, float):
            hints.append("float")
        elif isinstance(value, Mapping):
            hints.append("dict[str, Any]")
        elif isinstance(value, list):
            hints.append("list[Any]")
    if "float" in hints:
        # An integer is a float too, and 2 may arrive as 2.0.
        rest = [value for value in literals if isinstance(value, str | bool)]
        hints = [*([f"Literal[{', '.join(map(_quoted, rest))}]"] if rest else []), *hints[bool(literals) :]]
    if None in values:
        hints.append("None")
    return _joined(hints)


def _quoted(value: Any) -> str:
    return repr(value)


def _joined(hints: Iterable[str]) -> str:
    """Return the union of types, with None at its end."""
    found = list(dict.fromkeys(part for hint in hints for part in _members(hint)))
    if "Any" in found or not found:
        return "Any"
    if "None" in found and len(found) > 1:
        found = [*(hint for hint in found if hint != "None"), "None"]
    return " | ".join(found)


def _members(hint: str) -> list[str]:
    """Split a union at its outer level."""
    members, depth, start, quote, escaped = [], 0, 0, "", False
    for index, character in enumerate(hint):
        if quote:
            if character == quote and not escaped:
                quote = ""
            escaped = character == "\\" and not escaped
        elif character in "\"'":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == "|" and depth == 0:
            members.append(hint[start:index].strip())
            start = index + 1
    return [*members, hint[start:].strip()]


_JSON_HINT = re.compile(r"(str|int|float|bool|None|list|dict|Any|Literal\[.*\]|[\[\], |])*")


def _default(schema: Mapping[str, Any], hint: str) -> str | None:
    """Return the default of an optional property as Python code, if the type takes it as it is."""
    default = schema.get("default")
    if default is None or not _JSON_HINT.fullmatch(hint):
        return None
    if isinstance(default, list | dict):
        # Pydantic copies it for each instance.
        return repr(default) if hint.startswith(("list", "dict", "Any")) else None
    if hint.startswith("Literal["):
        return repr(default) if _quoted(default) in hint else None
    names = {str: "str", bool: "bool", int: "int", float: "float"}
    accepted = {names[type(default)], "Any"} | ({"float"} if isinstance(default, int) else set())
    return repr(default) if accepted & set(_members(hint)) else None
