"""Make values that a JSON Schema allows: examples where there are any, else plausible ones.

The values depend only on the schema and the seed. Each complete value is checked with the contract's
validator, so a keyword that the maker does not know, such as `not`, costs attempts and never validity.
"""

from __future__ import annotations

import base64
import math
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import islice
from random import Random
from typing import Any
from urllib.parse import quote
from uuid import UUID

import jsonschema_rs

from specfirst.contract.directions import Directions
from specfirst.contract.discriminators import Discriminators
from specfirst.contract.document import Document, Pointer, pointer_text
from specfirst.runtime.texts import NoText, matching
from specfirst.runtime.validation import Validator

_ATTEMPTS = 40
_VARIANTS = 16
"""How many combinations of alternatives are tried at one place."""

_DEEP = 4
"""Below this depth, values are as small as the schema allows."""

_DEEPEST = 24
_LARGE = 400
"""A value with this many parts gets no further optional ones."""

_LARGEST = 20_000


Scope = tuple[Pointer, ...]
"""The schemas with `$id` through which references have led, the first one first."""

_DATA = frozenset({"const", "default", "enum", "example", "examples"})


class NoValue(Exception):
    """No value of a schema was found."""


def sendable(validator: Validator, example: Any) -> Any:
    """Return an example without the properties that no answer may have, such as `writeOnly` ones."""
    paths = [e.instance_path for e in validator.iter_errors(example) if e.kind.name == "falseSchema"]
    example = deepcopy(example) if paths else example
    for path in paths:
        owner = example
        for token in path[:-1]:
            owner = owner[token]
        if path and isinstance(owner, dict):
            owner.pop(path[-1], None)
    return example


class Values:
    """Makes values for the schemas of one document.

    `validator` compiles a schema. `omits` is `writeOnly` for values that a server sends: properties with
    this mark are left out.
    """

    def __init__(
        self,
        document: Document,
        validator: Callable[[Mapping[str, Any]], Validator],
        seed: int = 0,
        omits: str = "writeOnly",
    ) -> None:
        self.validator = validator
        self._document, self._seed, self._omits = document, seed, omits
        self._directions = Directions(document)
        heirs = Discriminators(document).heirs.items()
        self._heirs = {f"#/components/schemas/{name}": found for name, found in heirs if found.default}

    def heirs(self, reference: str, seen: Sequence[str]) -> list[Any]:
        """Return the components that values of this one must be, if its discriminator has a default.

        None are returned for a component that such an heir, which is in `seen`, consists of.
        """
        found = self._heirs.get(reference)
        if found is None:
            return []
        names = dict.fromkeys([str(found.default), *found.tags.values()])
        references = {name: f"#/components/schemas/{name}" for name in names}
        if not {reference, *references.values()}.isdisjoint(seen):
            return []
        return [
            {"allOf": [{"$ref": to}, *([_tagged(found.property, tags)] if (tags := found.of(name)) else [])]}
            for name, to in references.items()
        ]

    def value(self, schema: Mapping[str, Any] | bool, name: str = "") -> Any:
        """Return a valid value; the same schema, `name` and seed give the same value. Raises NoValue."""
        if isinstance(schema, bool):
            if not schema:
                raise NoValue
            schema = {}
        try:
            validator = self.validator(schema)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
            raise NoValue from None
        for attempt in range(_ATTEMPTS):
            # Random accepts a text as its seed, and does not depend on PYTHONHASHSEED.
            maker = _Maker(self, Random(f"{self._seed} {name} {attempt}"), attempt)  # noqa: S311
            try:
                value = maker.make(schema, name, 0)
            except NoValue:
                continue
            if validator.is_valid(value):
                return value
        raise NoValue

    def example(self, schema: Mapping[str, Any]) -> list[Any]:
        """Return the schema's own examples that are valid, if there are any."""
        found = [*schema.get("examples", ())] if isinstance(schema.get("examples"), list) else []
        found += [schema[keyword] for keyword in ("example", "default") if keyword in schema]
        if not found:
            return []
        bare = {key: value for key, value in schema.items() if key not in ("examples", "example", "default")}
        validator = self.validator(bare)
        return [
            value for value in (sendable(validator, value) for value in found) if validator.is_valid(value)
        ]

    def resolve(self, reference: str, scope: Scope) -> tuple[Any, Scope]:
        """Return what a reference leads to, and the schema resources on the way to there.

        In a contract with `$id`, all references in it lead from the document, as those in other schemas do.
        """
        place = self._document.target(reference)
        if place is None:
            raise NoValue
        try:
            node = self._document.get(place)
        except (KeyError, IndexError, ValueError, TypeError):
            raise NoValue from None
        if not self._document.resources:
            return node, scope
        scope = (*scope, self._document.resource(place))
        return self._from_document(node, place, scope), scope

    def _from_document(self, node: Any, place: Pointer, scope: Scope) -> Any:
        if isinstance(node, list):
            return [self._from_document(part, (*place, str(i)), scope) for i, part in enumerate(node)]
        if not isinstance(node, Mapping):
            return node
        parts = {
            key: value if key in _DATA else self._from_document(value, (*place, key), scope)
            for key, value in node.items()
        }
        target = None
        if isinstance(reference := node.get("$ref"), str):
            target = self._document.target(reference, place)
        elif isinstance(reference := parts.pop("$dynamicRef", None), str):
            target = self._document.dynamic_target(reference, place, scope)
        return parts if target is None else {**parts, "$ref": quote(pointer_text(target), safe="#/~")}

    def omitted(self, schema: Any) -> bool:
        return self._directions.marked(schema, (), self._omits)


class _Maker:
    """One attempt to make one value."""

    def __init__(self, values: Values, random: Random, attempt: int) -> None:
        self._values, self._random, self._attempt = values, random, attempt
        self._parts = 0

    def make(self, schema: Any, name: str, depth: int) -> Any:
        self._parts += 1
        if depth > _DEEPEST or self._parts > _LARGEST:
            raise NoValue
        for flat in islice(self._variants(schema, depth, (), ()), _VARIANTS):
            try:
                return self._of(self._named(flat, schema), name, depth)
            except NoValue:
                continue
        raise NoValue

    def _small(self, depth: int) -> bool:
        # Every third attempt is as small as possible: some combinations of schemas only allow such values.
        return depth >= _DEEP or self._parts > _LARGE or self._attempt % 3 == 2

    def _named(self, flat: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
        """Let the discriminator of a component, which it may inherit, name the component."""
        discriminator = flat.get("discriminator")
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(discriminator, Mapping) or not isinstance(reference, str) or self._attempt % 2:
            return flat
        if self._values.heirs(reference, ()):
            return flat
        return _merge(flat, _discriminated(discriminator, reference))

    def _variants(
        self, schema: Any, depth: int, seen: tuple[str, ...], scope: Scope
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the schema with its references, `allOf` and one alternative of each choice merged."""
        if isinstance(schema, bool):
            if schema:
                yield {}
            return
        own = {key: value for key, value in schema.items() if key not in _APPLICATORS}
        groups: list[list[Any]] = []
        if isinstance(reference := schema.get("$ref", schema.get("$dynamicRef")), str):
            if reference in seen:
                return
            if heirs := self._values.heirs(reference, seen):
                self._random.shuffle(heirs)
                groups.append(heirs)
            else:
                seen = (*seen, reference)
                target, scope = self._values.resolve(reference, scope)
                groups.append([target])
        groups += [[part] for part in schema.get("allOf", ())]
        for keyword in ("oneOf", "anyOf"):
            if alternatives := schema.get(keyword):
                own.pop("discriminator", None)
                groups.append(self._ordered(alternatives, schema.get("discriminator"), depth))
        if "if" in schema:
            groups.append(
                [
                    {"allOf": [schema["if"], schema.get("then", True)]},
                    {"allOf": [schema.get("else", True)]},
                ]
            )
        yield from self._merged(own, groups, depth, seen, scope)

    def _merged(
        self,
        own: Mapping[str, Any],
        groups: Sequence[list[Any]],
        depth: int,
        seen: tuple[str, ...],
        scope: Scope,
    ) -> Iterator[Mapping[str, Any]]:
        if not groups:
            yield own
            return
        for alternative in groups[0]:
            for flat in self._variants(alternative, depth, seen, scope):
                try:
                    merged = _merge(own, flat)
                except NoValue:
                    continue
                yield from self._merged(merged, groups[1:], depth, seen, scope)

    def _ordered(self, alternatives: Iterable[Any], discriminator: Any, depth: int) -> list[Any]:
        """Order alternatives by preference: null last, and scalars first where values are to be small."""
        listed = [*alternatives]
        self._random.shuffle(listed)
        listed.sort(key=lambda alternative: _rank(alternative, self._small(depth)))
        if not isinstance(discriminator, Mapping) or self._attempt % 2:
            return listed
        return [
            {"allOf": [alternative, _discriminated(discriminator, reference)]}
            if isinstance(alternative, Mapping) and isinstance(reference := alternative.get("$ref"), str)
            else alternative
            for alternative in listed
        ]

    def _of(self, flat: Mapping[str, Any], name: str, depth: int) -> Any:
        if "const" in flat:
            return flat["const"]
        if self._attempt < _ATTEMPTS // 2 and (examples := self._values.example(flat)):
            return examples[0]
        if "enum" in flat:
            # null last.
            choices = [value for value in flat["enum"] if value is not None] or [*flat["enum"]]
            if not choices:
                raise NoValue
            return self._random.choice(choices)
        for kind in self._kinds(flat, depth):
            try:
                return getattr(self, f"_{kind}")(flat, name, depth)
            except NoValue:
                continue
        raise NoValue

    def _kinds(self, flat: Mapping[str, Any], depth: int) -> list[str]:
        kinds = flat.get("type")
        if kinds is None:
            return [kind for kind, keywords in _KEYWORDS.items() if not keywords.isdisjoint(flat)] or [
                "string" if depth else "object"
            ]
        listed = [kinds] if isinstance(kinds, str) else [*kinds]
        self._random.shuffle(listed)
        return sorted(listed, key=lambda kind: _rank({"type": kind}, self._small(depth)))

    # The types of JSON. -----------------------------------------------------------------------------------

    def _null(self, flat: Mapping[str, Any], name: str, depth: int) -> None:
        return None

    def _boolean(self, flat: Mapping[str, Any], name: str, depth: int) -> bool:
        return self._random.random() < 0.5

    def _integer(self, flat: Mapping[str, Any], name: str, depth: int) -> int:
        return int(self._number({**flat, "multipleOf": _multiple(flat.get("multipleOf", 1), 1)}, name, depth))

    def _number(self, flat: Mapping[str, Any], name: str, depth: int) -> float:
        # Exact arithmetic: 0.1 is no multiple of 0.01 in binary.
        step = Fraction(str(flat.get("multipleOf", "0.01")))
        low, high = _bounds(flat)
        if low is None:
            low = Fraction(1) if high is None or high >= 1 else high - 100 * step
            # Late attempts look for values that `not` or `oneOf` allows.
            low -= 1000 * (self._attempt > _ATTEMPTS // 2)
        first = math.ceil(low / step)
        last = first + 999 if high is None else math.floor(high / step)
        if "exclusiveMinimum" in flat and first * step <= Fraction(str(flat["exclusiveMinimum"])):
            first += 1
        if "exclusiveMaximum" in flat and last * step >= Fraction(str(flat["exclusiveMaximum"])):
            last -= 1
        if last < first:
            if "multipleOf" in flat or high is None:
                raise NoValue
            # The range lies between two hundredths.
            return float((low + high) / 2)
        value = self._random.randint(first, min(last, first + 999)) * step
        return int(value) if value.denominator == 1 else float(value)

    def _string(self, flat: Mapping[str, Any], name: str, depth: int) -> str:
        rules = {key: flat[key] for key in ("minLength", "maxLength", "pattern", "format") if key in flat}
        shortest, longest = int(rules.get("minLength", 0)), rules.get("maxLength")
        longest = None if longest is None else int(longest)
        valid = self._values.validator(rules).is_valid if rules else None
        for text in self._texts(flat, name, shortest, longest):
            if valid is None or valid(text):
                return text
        raise NoValue

    def _texts(self, flat: Mapping[str, Any], name: str, shortest: int, longest: int | None) -> Iterator[str]:
        """Yield texts, the most plausible first."""
        if (form := _FORMATS.get(flat.get("format", ""))) is not None:
            yield from (form(self._random) for _ in range(3))
        elif flat.get("contentEncoding") == "base64":
            yield _base64(self._random)
        text = self._words(name)[: None if self._attempt < _ATTEMPTS // 2 else self._attempt % 5]
        while len(text) < shortest:
            text += f" {self._words('')}"
        yield text
        # Without a space at the end.
        yield text[: shortest if longest is None else longest].strip().ljust(shortest, "x")
        if pattern := flat.get("pattern"):
            for more in (2, 3, 0, 1, 6, 12, shortest, longest or shortest):
                with suppress(NoText):
                    yield matching(pattern, self._random, shortest, more)
        yield ""

    def _words(self, name: str) -> str:
        words = name.replace("-", "_").lower()
        for suffix, choices in _NAMED.items():
            if words == suffix or words.endswith(f"_{suffix}"):
                return self._random.choice(choices)
        return " ".join(self._random.choice(_WORDS) for _ in range(2))

    def _array(self, flat: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        first = [*flat.get("prefixItems", ())]
        items = flat.get("items", flat.get("unevaluatedItems", True))
        shortest, longest = int(flat.get("minItems", 0)), int(flat.get("maxItems", 10**6))
        if "contains" in flat:
            shortest = max(shortest, int(flat.get("minContains", 1)))
        wanted = shortest if self._small(depth) else max(shortest, len(first), 1 + (depth < 2))
        if items is False:
            wanted = min(wanted, len(first))
        made: list[Any] = []
        contained = int(flat.get("minContains", 1)) if "contains" in flat else 0
        for index in range(min(wanted, longest)):
            schema = first[index] if index < len(first) else items
            if contained > 0 and index >= len(first):
                contained -= 1
                schema = {"allOf": [schema, flat["contains"]]}
            try:
                made.append(self._item(schema, name, depth + 1, made if flat.get("uniqueItems") else ()))
            except NoValue:
                if index < shortest:
                    raise
                break
        if len(made) < shortest:
            raise NoValue
        return made

    def _item(self, schema: Any, name: str, depth: int, others: Sequence[Any]) -> Any:
        for _ in range(_ATTEMPTS):
            value = self.make(schema, name, depth)
            if value not in others:
                return value
        # The only example of a property of an object is often its own duplicate.
        self._attempt = _ATTEMPTS
        value = self.make(schema, name, depth)
        if value in others:
            raise NoValue
        return value

    def _object(self, flat: Mapping[str, Any], name: str, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = flat.get("properties", {})
        required = dict.fromkeys(flat.get("required", ()))
        most = int(flat.get("maxProperties", 10**6))
        made: dict[str, Any] = {}
        for key in sorted(
            [*properties, *(key for key in required if key not in properties)],
            key=lambda key: key not in required,
        ):
            schema = properties.get(key, None)
            if schema is None:
                schema = self._unnamed(flat, key)
            optional = key not in required
            if self._values.omitted(schema):
                continue
            if optional and (
                self._small(depth)
                or len(made) >= most
                or (isinstance(schema, Mapping) and schema.get("deprecated") is True)
            ):
                continue
            try:
                made[key] = self.make(schema, key, depth + 1)
            except NoValue:
                if not optional:
                    raise
        for key, needed in flat.get("dependentRequired", {}).items():
            for other in needed if key in made else ():
                if other not in made:
                    made[other] = self.make(properties.get(other, True), other, depth + 1)
        self._add_properties(flat, made, depth)
        # In the order of the contract.
        order = [*properties]
        return dict(
            sorted(made.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))
        )

    @staticmethod
    def _unnamed(flat: Mapping[str, Any], key: str) -> Any:
        """Return the schema of a property that is not declared."""
        parts = []
        for pattern, schema in flat.get("patternProperties", {}).items():
            try:
                parts += [schema] if re.search(pattern, key) else []
            except re.error:
                continue
        if parts:
            return {"allOf": parts}
        return flat.get("additionalProperties", flat.get("unevaluatedProperties", True))

    def _add_properties(self, flat: Mapping[str, Any], made: dict[str, Any], depth: int) -> None:
        """Add undeclared properties up to the minimum, and for a plain map one or two."""
        least = int(flat.get("minProperties", 0))
        extra = flat.get("additionalProperties")
        patterns = flat.get("patternProperties", {})
        is_map = isinstance(extra, Mapping) and not flat.get("properties")
        wanted = least
        if (is_map or (patterns and not made)) and not self._small(depth):
            wanted = max(least, 2 if is_map else len(patterns))
        wanted = min(wanted, int(flat.get("maxProperties", 10**6)))
        for number in range(4 * wanted):
            if len(made) >= wanted:
                return
            try:
                key = self._key(flat, number)
                if key not in made and key not in flat.get("properties", {}):
                    schema = self._unnamed(flat, key)
                    made[key] = self.make(schema, key, depth + 1)
            except NoValue:
                continue
        if len(made) < least:
            raise NoValue

    def _key(self, flat: Mapping[str, Any], number: int) -> str:
        patterns = [*flat.get("patternProperties", {})]
        if (patterns and flat.get("additionalProperties") is False) or (patterns and number < len(patterns)):
            with suppress(NoText):
                return matching(patterns[number % len(patterns)], self._random, 0, 3)
            raise NoValue
        if isinstance(names := flat.get("propertyNames"), Mapping):
            return str(self.make({"type": "string", "allOf": [names]}, "", _DEEP))
        return f"{self._random.choice(_WORDS)}{number if number >= 2 else ''}"


_APPLICATORS = frozenset({"$ref", "$dynamicRef", "allOf", "oneOf", "anyOf", "if", "then", "else"})

_KEYWORDS = {
    "object": {
        *("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
        *("propertyNames", "dependentRequired", "maxProperties"),
    },
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"},
    "string": {"pattern", "minLength", "maxLength", "format", "contentEncoding", "contentMediaType"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}
"""The keywords that suggest the type of a schema without `type`."""


def _rank(alternative: Any, small: bool) -> int:
    kind = alternative.get("type") if isinstance(alternative, Mapping) else None
    if kind == "null":
        return 0 if small else 3
    # A reference may be to anything.
    return 2 if small and (kind in ("object", "array", None)) else 1


def _discriminated(discriminator: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """Return the schema that lets the discriminator's property name this component."""
    component = reference.rpartition("/")[2]
    names = [
        name for name, target in discriminator.get("mapping", {}).items() if target in (reference, component)
    ]
    return _tagged(discriminator.get("propertyName", ""), names or [component])


def _tagged(property_: str, tags: Sequence[Any]) -> dict[str, Any]:
    return {"properties": {property_: {"enum": [*tags]}}}


def _merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema that allows roughly what both allow. Raises NoValue if nothing fits both."""
    if not first:
        return second
    merged = dict(first)
    for keyword, value in second.items():
        merged[keyword] = _MERGES.get(keyword, _keep)(merged[keyword], value) if keyword in merged else value
    if "const" in merged and merged["const"] not in merged.get("enum", [merged["const"]]):
        raise NoValue
    return merged


def _keep(first: Any, second: Any) -> Any:
    return first


def _same(first: Any, second: Any) -> Any:
    if first != second:
        raise NoValue
    return first


def _both_types(first: Any, second: Any) -> Any:
    one = {first} if isinstance(first, str) else {*first}
    other = {second} if isinstance(second, str) else {*second}
    both = one & other
    if "integer" in one | other and "number" in one | other:
        both |= {"integer"}
    if not both:
        raise NoValue
    return sorted(both)


def _both_values(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    both = [value for value in first if value in second]
    if not both:
        raise NoValue
    return both


def _both(first: Any, second: Any) -> Any:
    return first if first == second else {"allOf": [first, second]}


def _each(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **first,
        **{name: _both(first[name], schema) if name in first else schema for name, schema in second.items()},
    }


def _multiple(first: Any, second: Any) -> Any:
    one, other = Fraction(str(first)), Fraction(str(second))
    common = Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))
    return int(common) if common.denominator == 1 else float(common)


def _any(first: Any, second: Any) -> bool:
    return bool(first or second)


_MERGES: Mapping[str, Callable[[Any, Any], Any]] = {
    "type": _both_types,
    "const": _same,
    "enum": _both_values,
    "multipleOf": _multiple,
    "required": lambda first, second: [*dict.fromkeys([*first, *second])],
    "properties": _each,
    "patternProperties": _each,
    "dependentRequired": _each,
    "additionalProperties": _both,
    "items": _both,
    "contains": _both,
    "propertyNames": _both,
    "uniqueItems": _any,
    "readOnly": _any,
    "writeOnly": _any,
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max
    ),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}


def _bounds(flat: Mapping[str, Any]) -> tuple[Fraction | None, Fraction | None]:
    low = [Fraction(str(flat[key])) for key in ("minimum", "exclusiveMinimum") if key in flat]
    high = [Fraction(str(flat[key])) for key in ("maximum", "exclusiveMaximum") if key in flat]
    return max(low, default=None), min(high, default=None)


# Texts. ---------------------------------------------------------------------------------------------------

_WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper"),
    *("kestrel", "lagoon", "maple", "nectar", "orchid", "pebble", "quartz", "river", "summit", "willow"),
)
_NAMED: Mapping[str, Sequence[str]] = {
    "email": ("ada@example.com", "alan@example.com", "grace@example.com"),
    "first_name": ("Ada", "Alan", "Grace"),
    "last_name": ("Hopper", "Lovelace", "Turing"),
    "full_name": ("Ada Lovelace", "Alan Turing", "Grace Hopper"),
    "username": ("ada", "alan", "grace"),
    "phone": ("+1 202 555 0100", "+44 20 7946 0018"),
    "city": ("Berlin", "Lagos", "Lima", "Osaka"),
    "country": ("DE", "JP", "NG", "PE"),
    "currency": ("EUR", "USD", "JPY"),
    "url": ("https://example.com/amber", "https://example.com/birch"),
    "version": ("1.0.0", "1.2.3", "2.0.1"),
}
_SINCE = datetime(2025, 1, 1, tzinfo=UTC)


def _base64(random: Random) -> str:
    return base64.b64encode(random.randbytes(12)).decode()


def _when(random: Random) -> datetime:
    return _SINCE + timedelta(seconds=random.randrange(365 * 86400))


def _word(random: Random) -> str:
    return random.choice(_WORDS)


_FORMATS: Mapping[str, Callable[[Random], str]] = {
    "date-time": lambda random: _when(random).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "date": lambda random: _when(random).strftime("%Y-%m-%d"),
    "time": lambda random: _when(random).strftime("%H:%M:%SZ"),
    "duration": lambda random: f"P{random.randint(1, 30)}D",
    "email": lambda random: f"{_word(random)}@example.com",
    "idn-email": lambda random: f"{_word(random)}@example.com",
    "hostname": lambda random: f"{_word(random)}.example.com",
    "idn-hostname": lambda random: f"{_word(random)}.example.com",
    # The addresses that are reserved for documentation (RFC 5737, RFC 3849).
    "ipv4": lambda random: f"192.0.2.{random.randint(1, 254)}",
    "ipv6": lambda random: f"2001:db8::{random.randint(1, 0xFFFF):x}",
    "uri": lambda random: f"https://example.com/{_word(random)}",
    "url": lambda random: f"https://example.com/{_word(random)}",
    "uri-reference": lambda random: f"/{_word(random)}",
    "iri": lambda random: f"https://example.com/{_word(random)}",
    "iri-reference": lambda random: f"/{_word(random)}",
    "uri-template": lambda random: f"https://example.com/{_word(random)}/{{id}}",
    "json-pointer": lambda random: f"/{_word(random)}/{random.randint(0, 9)}",
    "relative-json-pointer": lambda random: f"{random.randint(0, 3)}/{_word(random)}",
    "regex": lambda random: f"^{_word(random)}[0-9]+$",
    "uuid": lambda random: str(UUID(int=random.getrandbits(128), version=4)),
    "byte": _base64,
    "base64url": lambda random: base64.urlsafe_b64encode(random.randbytes(12)).decode(),
    "password": lambda random: "".join(random.choice(string.ascii_letters) for _ in range(12)),
}
