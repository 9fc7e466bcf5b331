"""Rules about schemas, so that the generator can express each one exactly."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from specfirst.contract.document import TYPE_NAMES
from specfirst.lint.rules import Problem, rule
from specfirst.lint.view import Part, View, single_type, types

_ANNOTATIONS = {
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "externalDocs",
    "$comment",
}
_BY_TYPE: Mapping[str, set[str]] = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties"},
}
_SCALAR_CONSTRAINTS = _BY_TYPE["string"] | _BY_TYPE["number"]
_KEYWORDS = {"$ref", "type", "enum", "const", "anyOf", "oneOf", "discriminator"}.union(
    _ANNOTATIONS, *_BY_TYPE.values()
)
_NOT_BESIDE_REF = _KEYWORDS - _ANNOTATIONS - {"$ref"} | {"default"}
_OWN_RULE = {"nullable", "readOnly", "writeOnly"}

_INSTEAD = {
    "allOf": "list the properties in one object: closed objects cannot be combined",
    "not": "describe the allowed values",
    "if": "make a schema of its own for each case and a discriminator",
    "then": "make a schema of its own for each case and a discriminator",
    "else": "make a schema of its own for each case and a discriminator",
    "patternProperties": "use an array of objects with a property for the name",
    "propertyNames": "use an array of objects with a property for the name",
    "dependentSchemas": "make a schema of its own for each case and a discriminator",
    "dependentRequired": "make a schema of its own for each case and a discriminator",
    "prefixItems": "use an object, whose properties have names",
    "contains": "check it in the implementation and describe it",
    "unevaluatedProperties": "write `additionalProperties: false`",
    "unevaluatedItems": "write `items`",
    "$dynamicRef": "refer to a component with $ref",
    "$defs": "move the schemas to components/schemas",
}
"""Remedies for keywords that cannot be expressed, other than removing them."""

GENERATED_NAMES = {
    *("APIKeyCookie", "APIKeyHeader", "APIRouter", "Annotated", "Any", "AwareDatetime", "BaseModel", "Body"),
    *("CallerT", "ClassVar", "ConfigDict", "Cookie", "Engine", "Enum", "False", "Field", "HTTPBasic"),
    *("HTTPBearer", "Header", "IPv4Address", "IPv6Address", "Literal", "MISSING", "None", "Path", "Protocol"),
    *("Query", "Result", "RootModel", "Security", "True", "TypeAliasType", "TypeVar", "UUID"),
}
"""Names that generated modules import, or that Python reserves."""


@rule("schema-keyword")
def keywords_are_known(view: View) -> Iterator[Problem]:
    """Unknown keywords are ignored: misspelt ones by validators, others by the generator."""
    for part in view.schemas:
        for name in part.node:
            if name not in _KEYWORDS | _OWN_RULE and not name.startswith("x-"):
                remedy = _INSTEAD.get(name, "remove it, or correct its spelling")
                yield Problem((*part.pointer, name), f"the keyword {name} cannot be expressed", remedy)
            elif part.reference and name in _NOT_BESIDE_REF:
                yield Problem(
                    (*part.pointer, name),
                    f"{name} is next to $ref",
                    "move it to the component, or create another component",
                )


@rule("explicit-type")
def schemas_state_their_type(view: View) -> Iterator[Problem]:
    """A schema without a type accepts every value and becomes `Any`."""
    for part in view.schemas:
        if not part.node.keys() & {"type", "$ref", "anyOf", "oneOf", "allOf", "not", "if"}:
            yield Problem(part.pointer, "the schema has no type", "add `type`")
        if "array" in types(part.node) and "items" not in part.node:
            yield Problem(part.pointer, "the array has no item schema", "add `items`")


@rule("misplaced-constraint")
def constraints_fit_the_type(view: View) -> Iterator[Problem]:
    """A constraint does not apply to other types, and generators drop it from a union of types."""
    for part in view.schemas:
        named = single_type(part.node)
        if not named and len(types(part.node)) < 2:
            continue
        fitting = _BY_TYPE.get("number" if named == "integer" else named or "", set())
        for name in part.node:
            if name in set[str]().union(*_BY_TYPE.values()) - fitting:
                remedy = "remove it, or correct the type"
                if name == "format":
                    remedy = "use minimum and maximum, which are enforced"
                yield Problem(
                    (*part.pointer, name), f"{name} does not apply to {' or '.join(types(part.node))}", remedy
                )


@rule("nullable")
def null_is_written_in_one_of_two_ways(view: View) -> Iterator[Problem]:
    """`nullable` belongs to OpenAPI 3.0 and is ignored in 3.1; generators lose null in all other forms."""
    by_reference = "write `anyOf: [{$ref: ...}, {type: 'null'}]`"
    for part in view.schemas:
        if "nullable" in part.node:
            yield Problem(
                (*part.pointer, "nullable"),
                "nullable has no meaning in OpenAPI 3.1",
                f"write `type: [string, 'null']` or {by_reference.removeprefix('write ')}",
            )
        named, scalars = types(part.node), {"string", "integer", "number", "boolean", "null"}
        if len(named) > 1 and "null" in named and part.node.keys() & (_SCALAR_CONSTRAINTS | {"enum"}):
            yield Problem(
                (*part.pointer, "type"),
                "null is one of the types of a constrained scalar",
                f"create a component for the scalar without null and {by_reference}",
            )
        if len(named) > 1 and not scalars.issuperset(named):
            yield Problem(
                (*part.pointer, "type"),
                f"the generator cannot express the types {', '.join(named)} together",
                by_reference if "null" in named else "make a schema of its own for each type",
            )
        if named == ["null"] and part.field != "anyOf":
            yield Problem((*part.pointer, "type"), "only null is allowed", "remove it, or add another type")


@rule("alternatives")
def alternatives_are_null_or_have_a_discriminator(view: View) -> Iterator[Problem]:
    """Without a discriminator, tools have to guess the alternative, and each guesses differently."""
    for part in view.schemas:
        if "anyOf" in part.node and not (
            _is_nullable_reference(part.node["anyOf"]) or is_narrowed(part.node)
        ):
            yield Problem(
                (*part.pointer, "anyOf"),
                "anyOf is neither a $ref or null, nor several constraints on one scalar type",
                "write `anyOf: [{$ref: ...}, {type: 'null'}]`, one scalar type next to it and in each "
                "alternative, or for objects oneOf with a discriminator",
            )
        if "oneOf" in part.node:
            yield from _discriminated(view, part)
        elif "discriminator" in part.node:
            yield Problem((*part.pointer, "discriminator"), "it has no oneOf", "add oneOf, or remove it")


def is_narrowed(schema: Mapping[str, Any]) -> bool:
    """Return whether `anyOf` lists constraints on one scalar type, such as `*` or entity tags."""
    named, narrowing = schema.get("type"), _SCALAR_CONSTRAINTS | _ANNOTATIONS | {"type", "const"}
    return named in ("string", "integer", "number") and all(
        branch.keys() <= narrowing and branch.get("type") == named for branch in schema.get("anyOf", [{}])
    )


def narrows(part: Part) -> bool:
    """Return whether the part is an alternative of such an `anyOf`."""
    return part.field == "anyOf" and part.parent is not None and is_narrowed(part.parent.node)


def _is_nullable_reference(branches: list[Any]) -> bool:
    return (
        len(branches) == 2 and {"type": "null"} in branches and any("$ref" in branch for branch in branches)
    )


def _discriminated(view: View, part: Part) -> Iterator[Problem]:
    if not part.is_component:
        yield Problem(
            (*part.pointer, "oneOf"), "oneOf has no name", "move it to components/schemas and refer to it"
        )
    match part.node.get("discriminator"):
        case {"propertyName": str(name), "mapping": dict(mapping)}:
            pass
        case _:
            yield Problem(
                part.pointer,
                "oneOf has no discriminator",
                "add `discriminator` with propertyName and mapping",
            )
            return
    constants: dict[str, str] = {}
    for branch in view.children(part):
        node = view.follow(branch).node if branch.field == "oneOf" else {}
        constant = node.get("properties", {}).get(name, {}).get("const")
        if branch.reference and isinstance(constant, str) and name in node.get("required", []):
            constants[constant] = branch.reference
        elif branch.field == "oneOf":
            yield Problem(
                branch.pointer,
                f"the alternative is not a $ref to an object that requires {name!r} with a const",
                f"create a component for each with `{name}: {{type: string, const: ...}}`, required",
            )
    if constants != mapping and len(constants) == len(part.node["oneOf"]):
        yield Problem(
            (*part.pointer, "discriminator"),
            f"the mapping does not name each const of {name!r} with its schema",
            "write one entry per alternative: its const, and its reference as in oneOf",
        )


@rule("named-enum")
def enums_are_named(view: View) -> Iterator[Problem]:
    """Generators invent a name for an enum without one, and a different one at each place."""
    for part in view.schemas:
        if "enum" in part.node and not part.is_component:
            yield Problem(
                (*part.pointer, "enum"),
                "the enum has no name",
                "move it to components/schemas and refer to it",
            )


@rule("literal-values")
def literals_can_be_written_in_types(view: View) -> Iterator[Problem]:
    """Languages have literal types for strings, integers and booleans; generators drop other literals."""
    for part in view.schemas:
        constants = [part.node["const"]] if "const" in part.node else []
        for value in [*part.node.get("enum", []), *constants]:
            typed = {**part.node, "enum": [value]}
            if not isinstance(value, str | int | None) or not view.validators.validator(typed).is_valid(
                value
            ):
                yield Problem(
                    part.pointer,
                    f"the value {value!r} is not a text, integer or boolean that the schema's type allows",
                    "correct the value, or the type",
                )


@rule("named-scalar")
def constrained_scalars_are_named(view: View) -> Iterator[Problem]:
    """Each constraint is defined once, under a name that types and other schemas can refer to."""
    for part in view.schemas:
        header = part.parent is not None and part.parent.kind == "header"
        exempt = part.is_component or header or narrows(part)
        constraints = sorted(part.node.keys() & _SCALAR_CONSTRAINTS)
        if is_narrowed(part.node):
            constraints.append("anyOf")
        if constraints and not exempt and part.reference is None:
            yield Problem(
                part.pointer,
                f"a scalar with {' and '.join(constraints)} has no name",
                "move it to components/schemas and refer to it",
            )


@rule("named-object")
def objects_are_named(view: View) -> Iterator[Problem]:
    """An object becomes a class, and generators invent a name for an object without one."""
    for part in view.schemas:
        if "object" not in types(part.node):
            continue
        others = part.node.get("additionalProperties", True)
        if ("properties" in part.node or others is False) and not part.is_component:
            yield Problem(
                part.pointer, "the object has no name", "move it to components/schemas and refer to it"
            )
        if "properties" in part.node and isinstance(others, dict):
            yield Problem(
                (*part.pointer, "additionalProperties"),
                "the object has both declared and additional properties",
                "move the additional ones to a property of their own",
            )
        if "properties" not in part.node and others is True:
            yield Problem(
                part.pointer,
                "the object declares no properties, so the generator would drop it",
                "list its properties, or set `additionalProperties` to a schema",
            )


@rule("property-name")
def properties_can_be_attributes(view: View) -> Iterator[Problem]:
    """The generator renames a property that cannot be an attribute, so code would know two names for it."""
    taken = TYPE_NAMES | GENERATED_NAMES | view.document.schemas.keys()
    for part in view.schemas:
        name = part.pointer[-1]
        if part.field != "properties":
            continue
        if (
            not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)
            or keyword.iskeyword(name)
            or hasattr(BaseModel, name)
            or name in taken
        ):
            yield Problem(
                part.pointer,
                f"the property {name!r} cannot be an attribute of a generated class",
                "use letters, digits and underscores, and no name of Python, Pydantic or a schema",
            )


@rule("known-required")
def required_properties_exist(view: View) -> Iterator[Problem]:
    """A name in `required` without a property is a misspelling, and a closed object can never have it."""
    for part in view.schemas:
        for index, name in enumerate(part.node.get("required", [])):
            if name not in part.node.get("properties", {}):
                yield Problem(
                    (*part.pointer, "required", str(index)),
                    f"unknown property {name!r} in `required`",
                    "add the property, or correct the name",
                )


@rule("one-way-property")
def no_property_is_read_or_write_only(view: View) -> Iterator[Problem]:
    """Validators and most generators ignore both keywords, so they are not enforced."""
    for part in view.schemas:
        for name in ("readOnly", "writeOnly"):
            if name in part.node:
                yield Problem(
                    (*part.pointer, name),
                    f"{name} is ignored by validators",
                    "use separate schemas for requests and responses",
                )
