"""Rules about schemas, so that the generator can express each one exactly."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from specfirst.contract.document import TYPE_NAMES, Pointer
from specfirst.lint.rules import STYLE, WARNING, Edit, Violation, rule
from specfirst.lint.view import Part, View, exists, target, types, walk

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
_CONSTRAINTS = set[str]().union(*_BY_TYPE.values())
_KEYWORDS = {"$ref", "type", "enum", "const", "anyOf", "oneOf", "discriminator"}.union(
    _ANNOTATIONS, *_BY_TYPE.values()
)
_NOT_BESIDE_REF = _KEYWORDS - _ANNOTATIONS - {"$ref"} | {"default"}
_OWN_RULE = {"nullable", "readOnly", "writeOnly"}
_VOCABULARY = _KEYWORDS | {
    *("$id", "$schema", "$anchor", "$dynamicAnchor", "$dynamicRef", "$vocabulary", "$defs", "definitions"),
    *("allOf", "not", "if", "then", "else", "prefixItems", "contains", "minContains", "maxContains"),
    *("patternProperties", "propertyNames", "dependentSchemas", "dependentRequired"),
    *("unevaluatedItems", "unevaluatedProperties"),
    *("contentEncoding", "contentMediaType", "contentSchema", "xml"),
}
"""The keywords of JSON Schema 2020-12 and OpenAPI."""

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


@rule("unknown-keyword", WARNING)
def keywords_are_known(view: View) -> Iterator[Violation]:
    """Validators ignore an unknown keyword, so a constraint with a misspelt name is not enforced."""
    for part in view.schemas:
        for name in part.node:
            if name not in _VOCABULARY and name not in _OWN_RULE and not name.startswith("x-"):
                nearest = get_close_matches(name, _VOCABULARY, 1)
                remedy = (
                    f"write {nearest[0]}, or remove it" if nearest else "remove it, or let it begin with x-"
                )
                yield Violation((*part.pointer, name), f"unknown keyword {name!r}", remedy)


@rule("ignored-sibling", WARNING, fixable=True)
def nothing_is_ignored_beside_a_reference(view: View) -> Iterator[Violation]:
    """OpenAPI 3.0 ignores everything next to `$ref`, so a constraint there is not enforced."""
    if not str(view.source.get("openapi", "")).startswith("3.0."):
        return
    for part in walk(Part("document", view.source, (), None)):
        if part.reference is None or part.kind == "path item":
            continue
        for name in part.node:
            if name not in ("$ref", "summary", "description") and not name.startswith("x-"):
                yield Violation(
                    (*part.pointer, name),
                    f"{name} is next to $ref and has no effect",
                    "remove it, or move it to what the reference leads to",
                    (Edit("remove", (*part.pointer, name)),),
                )


@rule("schema-keyword", STYLE)
def keywords_are_those_that_types_express(view: View) -> Iterator[Violation]:
    """Types cannot express these keywords, so types are wider than schemas, and differ between languages."""
    for part in view.schemas:
        for name in part.node:
            if name in _VOCABULARY and name not in _KEYWORDS | _OWN_RULE:
                remedy = _INSTEAD.get(name, "remove it")
                yield Violation((*part.pointer, name), f"types cannot express the keyword {name}", remedy)
            elif part.reference and name in _NOT_BESIDE_REF:
                yield Violation(
                    (*part.pointer, name),
                    f"{name} is next to $ref",
                    "move it to the component, or create another component",
                )


_MAY_BE_BOOLEAN = ("additionalProperties", "unevaluatedProperties", "unevaluatedItems")


@rule("explicit-type", STYLE)
def schemas_state_their_type(view: View) -> Iterator[Violation]:
    """A schema without a type accepts every value and becomes `Any`."""
    for part in view.parts.values():
        if part.kind == "schema" and isinstance(part.node, bool) and part.field not in _MAY_BE_BOOLEAN:
            yield Violation(part.pointer, "the schema is a boolean", "write a schema with a type")
    for part in view.schemas:
        if not part.node.keys() & {"type", "$ref", "anyOf", "oneOf", "allOf", "not", "if"}:
            yield Violation(part.pointer, "the schema has no type", "add `type`")
        if "array" in types(part.node) and "items" not in part.node:
            yield Violation(part.pointer, "the array has no item schema", "add `items`")


@rule("misplaced-constraint", WARNING, fixable=True)
def constraints_fit_the_type(view: View) -> Iterator[Violation]:
    """A constraint has no effect on values of another type."""
    for part in view.schemas:
        named = types(part.node)
        if not named or part.reference:
            continue
        fitting = {"format"}.union(
            *(_BY_TYPE.get("number" if name == "integer" else name, set()) for name in named)
        )
        for name in part.node:
            if name in _CONSTRAINTS - fitting:
                yield Violation(
                    (*part.pointer, name),
                    f"{name} does not apply to {' or '.join(named)}",
                    "remove it, or correct the type",
                    (Edit("remove", (*part.pointer, name)),),
                )


@rule("nullable", WARNING)
def nullable_is_of_openapi_3_0(view: View) -> Iterator[Violation]:
    """`nullable` belongs to OpenAPI 3.0; later versions ignore it."""
    if str(view.source.get("openapi", "")).startswith("3.0."):
        return
    for part in view.schemas:
        if "nullable" in part.node:
            yield Violation(
                (*part.pointer, "nullable"),
                "nullable has no meaning since OpenAPI 3.1",
                "write `type: [string, 'null']` or `anyOf: [{$ref: ...}, {type: 'null'}]`",
            )


@rule("null-form", STYLE)
def null_is_written_in_one_of_two_ways(view: View) -> Iterator[Violation]:
    """Generators lose null in all other forms."""
    by_reference = "write `anyOf: [{$ref: ...}, {type: 'null'}]`"
    for part in view.schemas:
        named, scalars = types(part.node), {"string", "integer", "number", "boolean", "null"}
        if len(named) > 1 and "null" in named and part.node.keys() & (_SCALAR_CONSTRAINTS | {"enum"}):
            yield Violation(
                (*part.pointer, "type"),
                "null is one of the types of a constrained scalar",
                f"create a component for the scalar without null and {by_reference}",
            )
        if len(named) > 1 and not scalars.issuperset(named):
            yield Violation(
                (*part.pointer, "type"),
                f"the generator cannot express the types {', '.join(named)} together",
                by_reference if "null" in named else "make a schema of its own for each type",
            )
        if named == ["null"] and part.field != "anyOf":
            yield Violation((*part.pointer, "type"), "only null is allowed", "remove it, or add another type")


@rule("type-list", WARNING)
def a_schema_has_one_type(view: View) -> Iterator[Violation]:
    """Many generators make an empty type of a list of types; they can read `oneOf`."""
    for part in view.schemas:
        named = [name for name in types(part.node) if name != "null"]
        if len(named) > 1:
            yield Violation(
                (*part.pointer, "type"),
                f"the schema has the types {', '.join(named)}",
                "write `oneOf`, with one type in each alternative",
            )


@rule("discriminator-mapping", WARNING)
def discriminators_select_schemas(view: View) -> Iterator[Violation]:
    """A value of the discriminator that selects no schema makes clients fail, or guess."""
    for part in view.schemas:
        discriminator = part.node.get("discriminator") or {}
        default = discriminator.get("defaultMapping")
        if (
            isinstance(default, str)
            and (place := selected_schema(default))
            and not exists(view.content, place)
        ):
            yield Violation(
                (*part.pointer, "discriminator", "defaultMapping"),
                f"the default is {default}, which does not exist",
                "correct the reference, or add the schema",
            )
        mapping = discriminator.get("mapping") or {}
        for value, name in mapping.items():
            place = selected_schema(name)
            if place and not exists(view.content, place):
                yield Violation(
                    (*part.pointer, "discriminator", "mapping", value),
                    f"the value {value!r} selects {name}, which does not exist",
                    "correct the reference, or add the schema",
                )


def selected_schema(name: str) -> Pointer | None:
    """Return the schema that a discriminator's mapping names; None if it is in another document."""
    if name.startswith("#/"):
        return target(name)
    return ("components", "schemas", name) if re.fullmatch(r"[A-Za-z0-9._-]+", name) else None


@rule("alternatives", STYLE)
def alternatives_are_null_or_have_a_discriminator(view: View) -> Iterator[Violation]:
    """Without a discriminator, tools have to guess the alternative, and each guesses differently."""
    for part in view.schemas:
        if "anyOf" in part.node and not (
            _is_nullable_reference(part.node["anyOf"]) or is_narrowed(part.node)
        ):
            yield Violation(
                (*part.pointer, "anyOf"),
                "anyOf is neither a $ref or null, nor several constraints on one scalar type",
                "write `anyOf: [{$ref: ...}, {type: 'null'}]`, one scalar type next to it and in each "
                "alternative, oneOf with scalar types, or for objects oneOf with a discriminator",
            )
        if is_scalar_union(part.node):
            continue
        if "oneOf" in part.node:
            yield from _discriminated(view, part)
        elif "discriminator" in part.node and "properties" not in part.node:
            yield Violation((*part.pointer, "discriminator"), "it has no oneOf", "add oneOf, or remove it")


def is_scalar_union(schema: Mapping[str, Any]) -> bool:
    """Return whether `oneOf` lists scalar types that exclude each other, such as a name or an index."""
    branches = schema.get("oneOf", [])
    named = [branch.get("type") for branch in branches if _known(branch) <= _ANNOTATIONS | {"type"}]
    return len(named) == len(branches) and sorted(named, key=str) in _EXCLUSIVE


_EXCLUSIVE = [
    [*others, number, *texts]
    for others in ([], ["boolean"])
    for number in ("integer", "number")
    for texts in ([], ["string"])
    if others or texts
] + [["boolean", "string"]]
"""The lists of scalar types of which a value has at most one; an integer is a number too."""


def alternates(part: Part) -> bool:
    """Return whether the part is an alternative of such a `oneOf`."""
    return part.field == "oneOf" and part.parent is not None and is_scalar_union(part.parent.node)


def _known(schema: Mapping[str, Any]) -> set[str]:
    """Return the keywords, without extensions."""
    return {name for name in schema if not name.startswith("x-")}


def is_narrowed(schema: Mapping[str, Any]) -> bool:
    """Return whether `anyOf` lists constraints on one scalar type, such as `*` or entity tags."""
    named, narrowing = schema.get("type"), _SCALAR_CONSTRAINTS | _ANNOTATIONS | {"type", "const"}
    return named in ("string", "integer", "number") and all(
        isinstance(branch, Mapping) and _known(branch) <= narrowing and branch.get("type") == named
        for branch in schema.get("anyOf", [{}])
    )


def narrows(part: Part) -> bool:
    """Return whether the part is an alternative of such an `anyOf`."""
    return part.field == "anyOf" and part.parent is not None and is_narrowed(part.parent.node)


def _is_nullable_reference(branches: list[Any]) -> bool:
    return (
        len(branches) == 2
        and {"type": "null"} in branches
        and any(isinstance(branch, Mapping) and "$ref" in branch for branch in branches)
    )


def _discriminated(view: View, part: Part) -> Iterator[Violation]:
    if not part.is_component:
        yield Violation(
            (*part.pointer, "oneOf"), "oneOf has no name", "move it to components/schemas and refer to it"
        )
    match part.node.get("discriminator"):
        case {"propertyName": str(name), "mapping": dict(mapping)}:
            pass
        case _:
            yield Violation(
                part.pointer,
                "oneOf has no discriminator",
                "add `discriminator` with propertyName and mapping",
            )
            return
    constants: dict[str, str] = {}
    for branch in view.children(part):
        node = view.follow(branch).node if branch.field == "oneOf" else {}
        node = node if isinstance(node, Mapping) else {}
        selector = node.get("properties", {}).get(name)
        constant = selector.get("const") if isinstance(selector, Mapping) else None
        if branch.reference and isinstance(constant, str) and name in node.get("required", []):
            constants[constant] = branch.reference
        elif branch.field == "oneOf":
            yield Violation(
                branch.pointer,
                f"the alternative is not a $ref to an object that requires {name!r} with a const",
                f"create a component for each with `{name}: {{type: string, const: ...}}`, required",
            )
    if constants != mapping and len(constants) == len(part.node["oneOf"]):
        yield Violation(
            (*part.pointer, "discriminator"),
            f"the mapping does not name each const of {name!r} with its schema",
            "write one entry per alternative: its const, and its reference as in oneOf",
        )


@rule("named-enum", STYLE)
def enums_are_named(view: View) -> Iterator[Violation]:
    """Generators invent a name for an enum without one, and a different one at each place."""
    for part in view.schemas:
        if "enum" in part.node and not part.is_component:
            yield Violation(
                (*part.pointer, "enum"),
                "the enum has no name",
                "move it to components/schemas and refer to it",
            )


@rule("enum-values", WARNING)
def enum_values_are_allowed(view: View) -> Iterator[Violation]:
    """A value that the other keywords of its schema do not allow can never be valid."""
    for part in view.schemas:
        others = {name: part.node[name] for name in ("type", *_SCALAR_CONSTRAINTS) if name in part.node}
        validator = view.validators.compiled(others) if others else None
        for pointer, value in _literals(part) if validator else ():
            if validator and not validator.is_valid(value):
                yield Violation(
                    pointer,
                    f"the schema does not allow the value {value!r} of its own enum or const",
                    "correct the value, or the type",
                )


@rule("literal-values", STYLE)
def literals_can_be_written_in_types(view: View) -> Iterator[Violation]:
    """Languages have literal types for strings, integers and booleans; generators drop other literals."""
    for part in view.schemas:
        for pointer, value in _literals(part):
            if not isinstance(value, str | int | None):
                yield Violation(
                    pointer,
                    f"the value {value!r} is not a text, integer or boolean",
                    "use another value, or describe it",
                )


def _literals(part: Part) -> Iterator[tuple[Pointer, Any]]:
    """Yield the values of `enum` and `const`, with their places."""
    for index, value in enumerate(part.node.get("enum", [])):
        yield (*part.pointer, "enum", str(index)), value
    if "const" in part.node:
        yield (*part.pointer, "const"), part.node["const"]


@rule("named-scalar", STYLE)
def constrained_scalars_are_named(view: View) -> Iterator[Violation]:
    """Each constraint is defined once, under a name that types and other schemas can refer to."""
    for part in view.schemas:
        header = part.parent is not None and part.parent.kind == "header"
        exempt = part.is_component or header or narrows(part)
        constraints = sorted(part.node.keys() & _SCALAR_CONSTRAINTS)
        if is_narrowed(part.node):
            constraints.append("anyOf")
        if constraints and not exempt and part.reference is None:
            yield Violation(
                part.pointer,
                f"a scalar with {' and '.join(constraints)} has no name",
                "move it to components/schemas and refer to it",
            )


@rule("named-object", STYLE)
def objects_are_named(view: View) -> Iterator[Violation]:
    """An object becomes a class, and generators invent a name for an object without one."""
    for part in view.schemas:
        if "object" not in types(part.node):
            continue
        others = part.node.get("additionalProperties", True)
        if ("properties" in part.node or others is False) and not part.is_component:
            yield Violation(
                part.pointer, "the object has no name", "move it to components/schemas and refer to it"
            )
        if "properties" in part.node and isinstance(others, dict):
            yield Violation(
                (*part.pointer, "additionalProperties"),
                "the object has both declared and additional properties",
                "move the additional ones to a property of their own",
            )
        if "properties" not in part.node and others is True:
            yield Violation(
                part.pointer,
                "the object declares no properties, so the generator would drop it",
                "list its properties, or set `additionalProperties` to a schema",
            )


@rule("property-name", STYLE)
def properties_can_be_attributes(view: View) -> Iterator[Violation]:
    """The generator renames a property that cannot be an attribute, so code would know two names for it."""
    taken = TYPE_NAMES | GENERATED_NAMES | view.content.get("components", {}).get("schemas", {}).keys()
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
            yield Violation(
                part.pointer,
                f"the property {name!r} cannot be an attribute of a generated class",
                "use letters, digits and underscores, and no name of Python, Pydantic or a schema",
            )


@rule("known-required", WARNING)
def required_properties_exist(view: View) -> Iterator[Violation]:
    """A name in `required` without a property is often misspelt, and a closed object can never have it."""
    for part in view.schemas:
        combined = part.node.keys() & _COMBINING or (part.parent and part.field in _COMBINING)
        closed = part.node.get("additionalProperties") is False and "patternProperties" not in part.node
        # Without properties of its own, and in combinations, a schema may be about properties of another one.
        if not closed and (combined or "properties" not in part.node):
            continue
        for index, name in enumerate(part.node.get("required", [])):
            if name not in part.node.get("properties", {}):
                yield Violation(
                    (*part.pointer, "required", str(index)),
                    f"unknown property {name!r} in `required`",
                    "add the property, or correct the name",
                )


_COMBINING = {
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "dependentSchemas",
}


@rule("one-way-property", STYLE)
def no_property_is_read_or_write_only(view: View) -> Iterator[Violation]:
    """Most validators and generators of clients ignore both keywords, so they have one type for both ways."""
    for part in view.schemas:
        for name in ("readOnly", "writeOnly"):
            if name in part.node:
                yield Violation(
                    (*part.pointer, name),
                    f"{name} is ignored by most tools",
                    "use separate schemas for requests and responses",
                )
