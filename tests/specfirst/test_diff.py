"""Each change of a contract is found, is called what it means to clients, and nothing else is."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st
from specfirst.contract.document import Document, pointer_text
from specfirst.diff import RULES, Change, Level, diff, version_problem
from specfirst.diff.changes import Changes
from specfirst.diff.containment import Way
from specfirst.diff.part import Part
from specfirst.diff.schemas import SchemaComparison

from tests.specfirst.notes import NOTES, edited, parsed

ROOT = Path(__file__).parents[2]

CASES = pyyaml.load((Path(__file__).parent / "diff_cases.yaml").read_text(), pyyaml.CSafeLoader)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["change"].replace(" ", "-"))
def test_a_change_is_found_where_it_stands_and_nothing_else_is(case: Any) -> None:
    old, new = parsed(NOTES), parsed(edited(case["edits"]))
    changes = diff(old, new)
    found = [f"{change.level.name.lower()} {pointer_text(change.pointer)}" for change in changes]
    assert sorted(found) == sorted(case["found"]), "\n".join(map(str, changes))
    assert {change.rule for change in changes} <= RULES.keys()


def test_the_table_is_large_enough_and_no_case_stands_in_it_twice() -> None:
    breaking = [case for case in CASES if any(text.startswith("breaking") for text in case["found"])]
    assert len(breaking) >= 80
    assert len(CASES) - len(breaking) >= 60
    assert len({case["change"] for case in CASES}) == len(CASES)


def test_an_operation_that_is_not_stable_may_break() -> None:
    """The same change breaks a stable operation, and each operation tells of its own stability."""

    def notes(level: str | None, *, parameter: bool) -> Document:
        content = copy.deepcopy(dict(parsed(NOTES).content))
        operation = content["paths"]["/notes"]["get"]
        if level:
            operation["x-stability-level"] = level
        if parameter:
            added = {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
            operation.setdefault("parameters", []).append(added)
        return Document(content)

    def found(old: str | None, new: str | None, *, parameter: bool = False) -> list[tuple[str, Level]]:
        changes = diff(notes(old, parameter=False), notes(new, parameter=parameter))
        return [(change.rule, change.level) for change in changes]

    for level in ("draft", "alpha"):
        assert found(level, level, parameter=True) == [("parameter-added-required", Level.COMPATIBLE)]
    for level in ("beta", "stable", None):
        assert found(level, level, parameter=True) == [("parameter-added-required", Level.BREAKING)]
    assert found("beta", "alpha") == found(None, "beta") == [("stability-decreased", Level.BREAKING)]
    assert found("beta", "stable") == found("draft", None) == [("stability-increased", Level.COMPATIBLE)]
    assert found("beta", "ready") == [("stability-invalid", Level.BREAKING)]


def _different_objects(count: int) -> list[Any]:
    return [
        {
            "type": "object",
            "properties": {f"p{n}_{k}": {"type": "string", "maxLength": n + k} for k in range(5)},
            "required": [f"p{n}_0"],
        }
        for n in range(count)
    ]


UNIONS: dict[str, Callable[[list[Any]], Any]] = {
    "in-all-of": lambda members: {"allOf": [{"anyOf": members}, {"type": "object"}]},
    "in-items": lambda members: {"allOf": [{"type": "array", "items": {"anyOf": members}}]},
    "in-properties": lambda members: {
        "allOf": [{"properties": {f"q{n}": {"anyOf": members} for n in range(4)}}, {"type": "object"}]
    },
    "exclusive": lambda members: {"oneOf": members},
}


@pytest.mark.parametrize("union", UNIONS)
def test_long_lists_of_alternatives_are_compared_in_seconds(union: str) -> None:
    """The proof about two lists of 20 objects took 10 seconds, and its time grew with their fourth power."""

    def document(count: int) -> Document:
        content = {"application/json": {"schema": UNIONS[union](_different_objects(count))}}
        post = {"requestBody": {"content": content}, "responses": {"204": {"description": "-"}}}
        info = {"title": "t", "version": "1"}
        return Document({"openapi": "3.1.0", "info": info, "paths": {"/a": {"post": post}}})

    started = time.process_time()
    for count in (12, 20, 50):
        levels = {change.level for change in diff(document(count), document(count + 1))}
        # One more alternative in oneOf may reject a value that matches another one.
        assert levels == {Level.BREAKING if union == "exclusive" else Level.COMPATIBLE}, count
        assert {change.level for change in diff(document(count + 1), document(count))} == {Level.BREAKING}
    assert time.process_time() - started < 10


def test_a_change_inside_one_of_is_found_where_it_stands() -> None:
    """Without a discriminator, the schema was only said to have changed; another order is no change."""
    members: list[Any] = [
        {"type": "string", "enum": ["a", "b"]},
        {"type": "object", "properties": {"size": {"type": "integer", "maximum": 9}}, "required": ["size"]},
    ]

    def document(alternatives: list[Any]) -> Document:
        body = {"content": {"application/json": {"schema": {"oneOf": alternatives}}}}
        post = {"requestBody": body, "responses": {"204": {"description": "-"}}}
        info = {"title": "t", "version": "1"}
        return Document({"openapi": "3.1.0", "info": info, "paths": {"/a": {"post": post}}})

    old, narrower = document(members), copy.deepcopy(members)
    assert diff(old, document(members[::-1])) == []
    narrower[0]["enum"] = ["a"]
    narrower[1]["properties"]["size"]["maximum"] = 5
    schema = ("paths", "/a", "post", "requestBody", "content", "application/json", "schema", "oneOf")
    assert {(change.level, change.pointer) for change in diff(old, document(narrower))} == {
        (Level.BREAKING, (*schema, "0", "enum")),
        (Level.BREAKING, (*schema, "1", "properties", "size", "maximum")),
    }


@pytest.mark.parametrize("keyword", ["oneOf", "allOf", "not", "if", "unevaluatedProperties"])
def test_another_order_is_no_change_in_a_large_schema(keyword: str) -> None:
    """Above 2000 parts, a schema is not compared as a whole; its lists without an order still are."""

    def document(step: int) -> Document:
        def member(number: int) -> Any:
            values = {"type": "string", "enum": [f"{number}", "x"][::step]}
            texts = {f"p{index}": {"type": "string"} for index in range(20)}
            return {"type": "object", "required": ["a", "p1"][::step], "properties": {"a": values, **texts}}

        members = {"oneOf": [member(number) for number in range(100)][::step]}
        schema = {
            "oneOf": {"type": "object", **members},
            "allOf": {"allOf": [{"type": "object"}, members][::step]},
            "unevaluatedProperties": {**members, "unevaluatedProperties": False},
        }.get(keyword, {keyword: members})
        body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Large"}}}}
        post = {"requestBody": body, "responses": {"200": {"description": "-", **body}}}
        content = {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"post": post}},
        }
        return Document(content | {"components": {"schemas": {"Large": schema}}})

    assert diff(document(1), document(-1)) == []


def _kind(name: str, **properties: Any) -> Any:
    kind = {"kind": {"type": "string", "const": name}}
    return {"type": "object", "required": ["kind"], "properties": kind | properties}


_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_COMPONENTS = {
    "A": _kind("a", x=_TEXT),
    "B": _kind("b", x=_TEXT),
    "C": _kind("c", x=_TEXT),
    "E": {"const": "e"},
}
_CHANGED = {
    **{"A": _kind("a", x=_TEXT | {"maxLength": 5}), "C": _kind("c", x=_TEXT), "D": _kind("d", x=_TEXT)},
    "E": True,
}


def _union(names: str, keyword: str = "oneOf", **others: Any) -> Any:
    return {keyword: [{"$ref": f"#/components/schemas/{name}"} for name in names], **others}


def _selected(names: str, **others: Any) -> Any:
    mapping = {name.lower(): f"#/components/schemas/{name}" for name in names}
    return _union(names, discriminator={"propertyName": "kind", "mapping": mapping}, **others)


def _of(keyword: str, *members: Any) -> Any:
    return {keyword: [*members]}


_INLINE = [_kind("a", x=_TEXT), _kind("b", x=_TEXT), _kind("c", x=_TEXT)]
_OTHERS = [_kind("d", x=_TEXT), _kind("c", x=_TEXT), _kind("a", x=_TEXT | {"maxLength": 5})]
_KINDS = [
    "- x: maxLength: none → 5",
    '- object with kind "b" is no longer allowed',
    '+ object with kind "d" is now allowed',
]
_NAMES = ["- x: maxLength: none → 5", "- B is no longer allowed", "+ D is now allowed"]
_EXTENDED = "~ discriminator"


_ANY, _ONE, _HIGH = {"type": "number"}, {"const": 1}, {"minimum": 6}


def _titled(title: str, **properties: Any) -> Any:
    return {"title": title, "type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (_selected("ABC"), _selected("DCA"), [_EXTENDED, *_NAMES]),
        (_union("ABC"), _union("DCA"), _NAMES),
        (_union("ABC", "anyOf"), _union("DCA", "anyOf"), _NAMES),
        (_union("ABC", "anyOf"), _union("DCA"), _NAMES),
        (
            {**_selected("ABC"), "type": "object", "properties": {"id": _TEXT}},
            {**_selected("DCA"), "type": "object", "properties": {"id": _NUMBER}},
            [_EXTENDED, '! id: type: "string" → "integer"', *_NAMES],
        ),
        (_of("oneOf", *_INLINE), _of("oneOf", *_OTHERS), _KINDS),
        (
            _of("anyOf", _of("oneOf", *_INLINE), {"type": "null"}),
            _of("anyOf", {"type": "null"}, _of("oneOf", *_OTHERS)),
            _KINDS,
        ),
        (
            {"properties": {"y": _of("oneOf", *_INLINE[:2])}},
            {"properties": {"y": _of("oneOf", _INLINE[0], _OTHERS[0])}},
            ['- y: object with kind "b" is no longer allowed', '+ y: object with kind "d" is now allowed'],
        ),
        (
            _of("anyOf", _titled("One", a=_TEXT), _titled("Two", b=_TEXT)),
            _of("anyOf", _titled("Two", b=_NUMBER), _titled("Three", q=_TEXT), _titled("One", a=_TEXT)),
            ['! b: type: "string" → "integer"', "+ Three is now allowed"],
        ),
        (
            _of("anyOf", {"properties": {"a": {}, "b": {}}}, {"properties": {"p": {}, "q": {}}}),
            _of("anyOf", {"properties": {"p": {}, "q": {}, "r": {}}}, {"properties": {"a": {}, "b": {}}}),
            ["~ r: the property is added"],
        ),
        (_union("C"), _union("CD"), ["+ D is now allowed"]),
        (_selected("CE"), _selected("CE"), ['+ const: "e" → none']),
        (_union("A", type="object"), {"type": "object"}, ["+ oneOf is removed"]),
        # Nothing changes.
        (_of("oneOf", *_INLINE), _of("anyOf", *_INLINE[::-1]), []),
        (
            _of("oneOf", {"enum": [1, 2]}, {"enum": ["a", "b"]}),
            _of("oneOf", {"enum": ["b", "a"]}, {"enum": [2, 1]}),
            [],
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", Way)
def test_a_change_of_a_union_names_its_members(old: Any, new: Any, found: list[str], way: Way) -> None:
    """Each member is compared with its like: the level follows from the direction alone."""

    def part(schema: Any, schemas: Any) -> Part:
        content = {"openapi": "3.1.0", "x": schema, "components": {"schemas": schemas}}
        return Part.at(Document(content), schema, ("x",))

    before, after = part(old, _COMPONENTS), part(new, {**_COMPONENTS, **_CHANGED})
    changes = Changes(after.document, date.today(), 0)
    SchemaComparison(changes, "here", way).compare(before, after)
    narrower, wider = ("breaking", "compatible")[:: 1 if way is Way.REQUEST else -1]
    levels = {"-": narrower, "+": wider, "!": "breaking", "~": "compatible"}
    expected = [f"{levels[text[0]]}{text[1:]}" for text in found]
    texts = [
        f"{change.level.name.lower()} {change.places[0]}: {change.what if 'discr' in change.rule else change}"
        for change in changes.sorted()
    ]
    texts = [text.replace(" here: property", "", 1).replace(" here:", "", 1) for text in texts]
    assert sorted(texts) == sorted(expected)


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (_of("oneOf", _ANY), _of("oneOf", _ANY, _ONE), Way.REQUEST),
        (_of("oneOf", _ANY, _ONE), _of("oneOf", _ANY), Way.RESPONSE),
        (_of("anyOf", _ANY, _ONE), _of("oneOf", _ANY, _ONE), Way.REQUEST),
        (_of("oneOf", {"maximum": 5}, _HIGH), _of("oneOf", {"maximum": 6}, _HIGH), Way.REQUEST),
    ],
)  # fmt: skip
def test_members_of_one_of_that_overlap_break(old: Any, new: Any, way: Way) -> None:
    """More is allowed by each member, but a value that matches two of them is refused."""
    assert breaks(old, new, way)


def test_a_reference_to_the_whole_document_can_be_compared() -> None:
    content = copy.deepcopy(dict(parsed(NOTES).content))
    content["paths"]["/notes"]["get"]["responses"]["418"] = {"$ref": "#"}
    assert diff(Document(content), Document(content)) == []
    assert diff(parsed(NOTES), Document(content)) != []


def test_a_reference_in_an_example_is_text() -> None:
    """DigitalOcean's contract has one; it refers to nothing."""
    content = copy.deepcopy(dict(parsed(NOTES).content))
    content["paths"]["/notes"]["get"]["x-example"] = {"example": {"$ref": "examples.yml#/notes"}}
    assert diff(Document(content), Document(content)) == []


@pytest.mark.parametrize("recursive", [False, True])
def test_nested_all_of_is_compared_once_per_component(*, recursive: bool) -> None:
    """Comparing the schemas in `allOf` twice at each of 40 levels would never end."""

    def document(end: str) -> Document:
        content = copy.deepcopy(dict(parsed(NOTES).content))
        last: dict[str, Any] = {"type": "object", "properties": {"end": {"type": end}}}
        if recursive:
            last["properties"]["back"] = {"$ref": "#/components/schemas/C0"}
        own = {"type": "object", "properties": {"own": {"type": "string"}}}
        links = {f"C{n}": {"allOf": [{"$ref": f"#/components/schemas/C{n + 1}"}, own]} for n in range(40)}
        content.setdefault("components", {}).setdefault("schemas", {}).update(links | {"C40": last})
        schema = {"$ref": "#/components/schemas/C0"}
        answer = {"description": "-", "content": {"application/json": {"schema": schema}}}
        content["paths"]["/links"] = {"get": {"operationId": "links", "responses": {"200": answer}}}
        return Document(content)

    found = [(change.rule, change.pointer) for change in diff(document("string"), document("integer"))]
    changed = ("components", "schemas", "C40", "properties", "end", "type")
    assert found == [("response-type-widened", changed)]


def test_schemas_that_refer_to_each_other_are_compared_in_linear_time() -> None:
    """Every schema refers to every other, as in Stripe's contract; the walk of all ways never ends."""
    names = [f"S{n}" for n in range(40)]

    def document(longest: int) -> Document:
        schemas: dict[str, Any] = {
            name: {
                "type": "object",
                "properties": {
                    **{
                        other: {"anyOf": [{"type": "string"}, {"$ref": f"#/components/schemas/{other}"}]}
                        for other in names
                    },
                    "text": {"type": "string", "maxLength": longest},
                },
            }
            for name in names
        }
        paths = {
            f"/{name}": {
                "get": {
                    "operationId": name,
                    "responses": {
                        "200": {
                            "description": "-",
                            "content": {"application/json": {"schema": schemas[name]}},
                        }
                    },
                }
            }
            for name in names[:10]
        }
        info = {"title": "t", "version": "1"}
        return Document(
            {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}
        )

    started = time.process_time()
    changes = diff(document(9), document(8))
    # 0.5 s; without the comparison of each pair once, hours.
    assert time.process_time() - started < 10
    components = [change for change in changes if change.pointer[0] == "components"]
    assert len(components) == len(names)
    assert all(len(change.places) == 10 for change in components)


def test_a_contract_is_the_same_as_itself() -> None:
    for path in [ROOT / "openapi.yaml", *(ROOT / "tests" / "specfirst" / "contracts").glob("*.yaml")]:
        document = Document.load(path)
        assert diff(document, document) == [], path
        assert diff(document, Document(copy.deepcopy(document.content))) == [], path


def test_what_breaks_does_not_depend_on_what_moved_or_was_added_elsewhere() -> None:
    old = parsed(NOTES)
    for case in CASES[::3]:
        new = parsed(edited(case["edits"]))
        content = copy.deepcopy(dict(new.content))
        for section in (content["paths"], content["components"]["schemas"], content["components"]):
            for name in reversed(list(section)):
                section[name] = section.pop(name)
        content["paths"]["/first"] = {"get": {"responses": {"200": {"description": "The first."}}}}
        before = [change for change in diff(old, new) if change.level is Level.BREAKING]
        after = [change for change in diff(old, Document(content)) if change.level is Level.BREAKING]
        assert sorted(map(str, before)) == sorted(map(str, after)), case["change"]


def test_a_change_of_a_component_is_told_once_with_the_places_where_clients_meet_it() -> None:
    edits = [{"old": "maxLength: 100", "new": "maxLength: 99"}]
    breaking, compatible = diff(parsed(NOTES), parsed(edited(edits)))
    assert breaking.places == (
        "POST /notes request body: property text",
        "PUT /notes/{note_id} request body: property text",
    )
    assert compatible.places == (
        "GET /notes response 200 body: property items[].text",
        "POST /notes response 201 body: property text",
        "GET /notes/{note_id} response 200 body: property text",
    )
    assert str(breaking) == str(compatible) == "maxLength: 100 → 99"
    assert breaking.reason == "values that were accepted are refused"
    assert (breaking.rule, compatible.rule) == ("request-max-length-narrowed", "response-max-length-narrowed")


def test_what_cannot_be_proven_breaks_and_says_so() -> None:
    edits = [{"old": "'^[a-z]*$'", "new": "'^[a-z0-9]*$'"}]
    changes = diff(parsed(NOTES), parsed(edited(edits)))
    assert [change.level for change in changes] == [Level.BREAKING] * 2
    assert {change.reason for change in changes} == {
        "it cannot be proven that every value that was accepted still is",
        "it cannot be proven that clients receive no value that could not come before",
    }


EDITS_OF_THE_CONTRACT = [
    ("maxLength: 255\n      pattern: '^[^", "maxLength: 200\n      pattern: '^[^",
     "POST /api/{user_id}/tasks request body: property title"),
    ("enum: [low, medium, high]", "enum: [low, high]", "GET /api/{user_id}/tasks query parameter priority"),
    ("required: [items, total, next_cursor]\n      properties:\n        items:\n          type: array\n"
     "          description: The tasks", "required: [items, total]\n      properties:\n        items:\n"
     "          type: array\n          description: The tasks",
     "GET /api/{user_id}/tasks response 200 body: property next_cursor"),
    ("      maximum: 1000\n      default: 100", "      maximum: 1000\n      default: 50",
     "GET /api/{user_id}/tasks query parameter limit"),
    ("          required: true\n          schema:\n            $ref: '#/components/schemas/RetryAfter'\n"
     "          example: 1\n      content",
     "          schema:\n            $ref: '#/components/schemas/RetryAfter'\n"
     "          example: 1\n      content",
     "GET /ready response 503 header retry-after"),
    ("operationId: getUser\n", "operationId: readUser\n", "GET /api/{user_id}"),
    ("scheme: bearer\n      bearerFormat: JWT\n", "scheme: basic\n", "security scheme bearerAuth"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place"), EDITS_OF_THE_CONTRACT)
def test_a_break_of_the_project_s_contract_is_found(old: str, new: str, place: str) -> None:
    text = (ROOT / "openapi.yaml").read_text()
    changed = parsed(edited([{"old": old, "new": new}], text))
    changes = diff(Document.load(ROOT / "openapi.yaml"), changed)
    breaking = [change for change in changes if change.level is Level.BREAKING]
    assert len(breaking) == 1
    assert breaking[0].places[0] == place


# Schemas at random. What no change is said to break is tried out with values.


_BOUNDS = st.integers(0, 3)
_SCALARS = st.one_of(
    st.fixed_dictionaries({"type": st.just("string")}, optional={"minLength": _BOUNDS, "maxLength": _BOUNDS}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": _BOUNDS, "maximum": _BOUNDS, "exclusiveMinimum": _BOUNDS},
    ),
    st.just({"type": "boolean"}),
    st.lists(st.sampled_from(["a", "ab", "b"]), min_size=1, max_size=3, unique=True).map(
        lambda values: {"type": "string", "enum": values}
    ),
    st.sampled_from([{"type": ["string", "null"]}, {"type": ["integer", "string"]}, {"const": "a"}, {}]),
    st.sampled_from([{"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^a$"}]),
)


def _objects(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "type": st.just("object"),
            "properties": st.dictionaries(st.sampled_from("pq"), schemas, max_size=2),
        },
        optional={
            "required": st.lists(st.sampled_from("pq"), unique=True, max_size=2),
            "additionalProperties": st.one_of(st.booleans(), schemas),
            "minProperties": _BOUNDS,
        },
    )


SCHEMAS = st.recursive(
    _SCALARS,
    lambda schemas: st.one_of(
        _objects(schemas),
        st.fixed_dictionaries({"type": st.just("array"), "items": schemas}, optional={"maxItems": _BOUNDS}),
        st.lists(schemas, min_size=1, max_size=2).map(lambda branches: {"anyOf": branches}),
        st.lists(schemas, min_size=1, max_size=2).map(lambda branches: {"oneOf": branches}),
        schemas.map(lambda schema: {"anyOf": [schema, {"type": "null"}]}),
    ),
    max_leaves=4,
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A schema and one that is mostly like it."""
    old = draw(SCHEMAS)
    return old, draw(SCHEMAS) if draw(st.integers(0, 4)) == 0 else mutated(draw, old)


def mutated(draw: st.DrawFn, schema: Any) -> Any:
    """Change one thing, at the top or within."""
    schema = copy.deepcopy(schema)
    inner: list[tuple[Any, Any]] = [
        (schema, name) for name in ("items", "additionalProperties") if name in schema
    ]
    inner += [(schema["properties"], name) for name in schema.get("properties", {})]
    inner += [(schema[key], index) for key in ("anyOf", "oneOf") for index in range(len(schema.get(key, [])))]
    deeper = draw(st.integers(0, 3)) > 0
    if inner and deeper:
        holder, name = draw(st.sampled_from(inner))
        holder[name] = draw(SCHEMAS) if isinstance(holder[name], bool) else mutated(draw, holder[name])
        return schema
    other = draw(SCHEMAS)
    if schema and draw(st.booleans()):
        schema.pop(draw(st.sampled_from(sorted(schema))))
    return {**schema, **other} if schema.get("type") == other.get("type") and draw(st.booleans()) else other


_LEAVES: list[Any] = [None, True, 0, 1, 2, 3, 4, -1, 1.5, "", "a", "b", "ab", "aba", "abaa"]
VALUES: list[Any] = [
    *_LEAVES, [], {}, *([leaf] for leaf in _LEAVES), ["a"] * 2, ["b"] * 3, [1] * 4, [{}], [{"p": 1}],
    *({name: leaf} for name in "pqr" for leaf in _LEAVES),
    *({"p": one, "q": other} for one in _LEAVES for other in _LEAVES[::3]),
    {"p": {}}, {"p": {"q": 1}}, {"p": {"p": "a"}}, {"p": ["a"]}, {"p": [1], "q": "a"}, {"p": {}, "q": {}},
    {"p": 1, "q": 1, "r": 1}, {"p": "a", "r": None},
]  # fmt: skip


def schema_changes(old: Any, new: Any, way: Way) -> list[Change]:
    before, after = (Part.at(Document({"x": schema}), schema, ("x",)) for schema in (old, new))
    changes = Changes(after.document, date.today(), 0)
    SchemaComparison(changes, "here", way).compare(before, after)
    return changes.sorted()


def breaks(old: Any, new: Any, way: Way) -> bool:
    return any(change.level is Level.BREAKING for change in schema_changes(old, new, way))


def opened(schema: Any) -> Any:
    """The schema as a client reads it that ignores properties it does not know."""
    if isinstance(schema, list):
        return [opened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: opened(value)
        for name, value in schema.items()
        if not (name == "additionalProperties" and value is False)
    }


@pytest.mark.parametrize(
    ("old", "new", "request_breaks", "response_breaks"),
    [
        # A name can be required without being described.
        ({"required": ["p"]}, {"properties": {"p": {}}}, False, True),
        ({"required": ["p"]}, {"required": ["p"]}, False, False),
        ({}, {"required": ["p"]}, True, False),
        # In an open object, any value could stand under the name of a property that is added.
        ({}, {"properties": {"p": {"type": "null"}}}, True, False),
        ({}, {"properties": {"p": {}}}, False, False),
        (
            {"additionalProperties": {"type": "null"}},
            {"additionalProperties": {"type": "null"}, "properties": {"p": {"type": "string"}}},
            True,
            True,
        ),
        ({"additionalProperties": False}, {"properties": {"p": {"type": "null"}}}, False, False),
        # What is added may have been admitted before by other means.
        ({"anyOf": [{"type": "number"}]}, {"anyOf": [{"type": "number"}, {"type": "integer"}]}, False, False),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, {"anyOf": [{"type": "number"}]}, False, False),
        ({"type": ["string", "null"]}, {"type": ["null", "string"]}, False, False),
        ({"type": ["string", "null"], "enum": ["a", None]}, {"enum": ["a"]}, True, False),
        # Without a discriminator, what fits two alternatives is refused.
        ({"oneOf": [{"type": "number"}]}, {"oneOf": [{"type": "number"}, {"type": "integer"}]}, True, False),
        # Beside a pattern, a bound can still be judged.
        (
            {"type": "string", "pattern": "^a", "maxLength": 3},
            {"type": "string", "pattern": "^a", "maxLength": 4},
            False,
            True,
        ),
        ({"type": "string", "pattern": "^[ab]$"}, {"type": "string", "pattern": "^[a-b]$"}, True, True),
        # What Rust cannot read as a regular expression proves nothing.
        ({"type": "string"}, {"type": "string", "pattern": "("}, True, True),
    ],
)
def test_each_way_is_judged_by_the_values_that_travel(
    old: Any, new: Any, request_breaks: bool, response_breaks: bool
) -> None:
    assert breaks(old, new, Way.REQUEST) == request_breaks
    assert breaks(old, new, Way.RESPONSE) == response_breaks


_HASH = {"type": "string", "pattern": "^#[0-9A-F]{6}$"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_HASH, _HASH | {"maxLength": 7}),
        (_HASH, _HASH | {"minLength": 7, "maxLength": 7}),
        (_HASH, _HASH | {"minLength": 1, "maxLength": 100}),
        ({"pattern": "^a+$"}, {"pattern": "^a+$", "minLength": 1}),
        ({"pattern": "b{2}"}, {"pattern": "b{2}", "minLength": 2}),
        ({"type": "string", "const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"type": "integer"}, {"type": "integer", "format": "int64"}),
        ({"type": "object"}, {"type": "object", "additionalProperties": True, "properties": {}}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}),
    ],
)
def test_the_same_in_other_words_is_no_change(old: Any, new: Any) -> None:
    for way in Way:
        assert schema_changes(old, new, way) == []
        assert schema_changes(new, old, way) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_HASH, _HASH | {"maxLength": 6}),
        (_HASH, _HASH | {"minLength": 8}),
        ({"pattern": "^a+$"}, {"pattern": "^a+$", "maxLength": 9}),
        ({"pattern": "a{7}"}, {"pattern": "a{7}", "maxLength": 7}),
        ({"pattern": "^a|b$"}, {"pattern": "^a|b$", "maxLength": 1}),
    ],
)
def test_a_bound_that_the_pattern_does_not_imply_is_a_change(old: Any, new: Any) -> None:
    assert breaks(old, new, Way.REQUEST)
    assert breaks(new, old, Way.RESPONSE)


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ("/api/{user_id}", "/api/me", True),
        ("/api/{user_id}/tasks", "/api/me/tasks", True),
        ("/api/{user_id}/{name}", "/api/me/{name}", True),
        ("/api/{user_id}/{name}", "/api/{user_id}/tasks", True),
        ("/api/{user_id}/tasks", "/api/me/{name}", True),
        ("/api/me/{name}", "/api/{user_id}/tasks", False),
        ("/api/me", "/api/{user_id}", False),
        ("/api/{user_id}", "/api", False),
        ("/api/{user_id}", "/me/{user_id}", False),
        ("/api/{user_id}", "/api/longer-than-9", False),
    ],
)
def test_a_path_that_takes_requests_from_another_breaks(old: str, new: str, broken: bool) -> None:
    before = {"info": {}, "paths": {old: path_item(old)}}
    after = {"info": {}, "paths": {old: path_item(old), new: path_item(new)}}
    (change,) = diff(Document(before), Document(after))
    assert (change.level is Level.BREAKING) == broken
    assert not broken or change.reason == f"it takes requests that were for {old}"
    assert diff(Document(after), Document(after)) == []


def path_item(path: str) -> Any:
    schema = {"type": "string", "maxLength": 9}
    names = re.findall(r"\{(\w+)\}", path)
    return {
        "parameters": [{"name": name, "in": "path", "required": True, "schema": schema} for name in names],
        "get": {"operationId": f"get{path}", "responses": {"200": {"description": "It."}}},
    }


@pytest.mark.parametrize(("old", "new"), [("bearer", "Bearer"), ("BASIC", "basic")])
def test_the_name_of_an_authentication_scheme_has_no_case(old: str, new: str) -> None:
    documents = [
        Document({"info": {}, "components": {"securitySchemes": {"x": {"type": "http", "scheme": scheme}}}})
        for scheme in (old, new)
    ]
    assert diff(*documents) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://a.example/v1", "HTTPS://A.Example:443/v1/"),
        ("http://a.example:80", "http://a.example"),
        ("/", ""),
        ("./", "/"),
        ("https://{host}/v1", "https://{host}/v1/"),
    ],
)
def test_servers_that_are_spelled_otherwise_are_the_same(one: str, other: str) -> None:
    documents = [
        Document({"info": {}, "servers": [{"url": url}], "paths": {"/a": path_item("/a")}})
        for url in (one, other)
    ]
    assert diff(*documents) == []


def test_alternatives_are_compared_each_with_its_like() -> None:
    old = {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "integer", "maximum": 5}, {"type": "null"}]}
    new = {"anyOf": [{"type": "integer", "maximum": 6}, {"type": "null"}, {"type": "string", "maxLength": 6}]}
    found = schema_changes(old, new, Way.RESPONSE)
    assert [(str(change), pointer_text(change.pointer)) for change in found] == [
        ("maximum: 5 → 6", "#/x/anyOf/0/maximum"),
        ("maxLength: 5 → 6", "#/x/anyOf/2/maxLength"),
    ]


@settings(max_examples=150, deadline=None)
@given(pairs())
def test_what_does_not_break_requests_admits_every_value_that_was_admitted(pair: tuple[Any, Any]) -> None:
    old, new = pair
    if breaks(old, new, Way.REQUEST):
        return
    before, after = (jsonschema_rs.Draft202012Validator(schema) for schema in pair)
    refused = [value for value in VALUES if before.is_valid(value) and not after.is_valid(value)]
    assert refused == []


@settings(max_examples=150, deadline=None)
@given(pairs())
def test_what_does_not_break_responses_sends_no_value_that_was_ruled_out(pair: tuple[Any, Any]) -> None:
    old, new = pair
    if breaks(old, new, Way.RESPONSE):
        return
    before, after = (jsonschema_rs.Draft202012Validator(schema) for schema in (opened(old), new))
    unforeseen = [value for value in VALUES if after.is_valid(value) and not before.is_valid(value)]
    assert unforeseen == []


@settings(max_examples=50, deadline=None)
@given(SCHEMAS)
def test_a_schema_breaks_nothing_when_it_stays_as_it_is(schema: Any) -> None:
    for way in Way:
        assert not breaks(schema, copy.deepcopy(schema), way)


# The version, and the script.


@pytest.mark.parametrize(
    ("old", "new", "breaking", "problem"),
    [
        ("1.2.3", "1.2.3", False, None),
        ("1.2.3", "1.2.4", False, None),
        ("1.2.3", "2.0.0", True, None),
        ("1.2.3", "2.0.0-rc.1", True, None),
        ("2.0.0-rc.1", "2.0.0-rc.2", False, None),
        ("2.0.0-rc.9", "2.0.0-rc.10", False, None),
        ("2.0.0-rc.1", "2.0.0", False, None),
        ("1.2.3", "1.2.3", True, "info.version is still 1.2.3; increase it to 2.0.0"),
        ("1.2.3", "1.10.0", True, "info.version is 1.2.3 before and now 1.10.0; increase it to 2.0.0"),
        ("0.2.0", "0.3.0", True, "increase it to 1.0.0"),
        ("1.2.3", "1.2.2", False, "info.version went down, from 1.2.3 to 1.2.2"),
        ("1.10.0", "1.9.0", False, "info.version went down"),
        ("2.0.0", "1.9.9", True, "info.version went down"),
        ("2.0.0", "2.0.0-rc.1", False, "info.version went down"),
        ("2.0.0-rc.1", "2.0.0-beta", False, "info.version went down"),
    ],
)
def test_the_version_must_say_that_something_breaks(
    old: str, new: str, breaking: bool, problem: str | None
) -> None:
    documents = [Document({"info": {"version": version}}) for version in (old, new)]
    found = version_problem(*documents, breaking=breaking)
    assert (found is None) if problem is None else (found is not None and problem in "; ".join(found[1:]))


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0.0", "01.0.0", "one", "", "2026-11-27"])
def test_a_version_that_is_not_semantic_excuses_nothing(version: str) -> None:
    documents = [Document({"info": {"version": each}}) for each in ("1.0.0", version)]
    assert version_problem(*documents, breaking=False) is None
    found = version_problem(*documents, breaking=True)
    assert found is not None
    assert found[:2] == ("version-not-raised", f"info.version {version} does not announce breaking changes")


COMBINED = """
openapi: 3.1.0
info: {title: t, version: 1.0.0}
paths:
  /a:
    post:
      operationId: a
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/In'}}}}
      responses: {'204': {description: d}}
components:
  schemas:
    In: {allOf: [{$ref: '#/components/schemas/Base'}, {required: [name]}], maxProperties: 9}
    Base:
      type: object
      properties: {name: {type: [string, 'null']}, home: {$ref: '#/components/schemas/Home'}}
    Home: {type: object, properties: {zip: {type: string}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "found"),
    [
        ("[string, 'null']", "string", "Base/properties/name", "null is no longer allowed"),
        ("Home: {", "Home: {required: [zip], ", "Home/properties/zip", "required: false → true"),
        ("{required: [name]}", "{required: [home]}", "In/allOf/1", "required: false → true"),
        ("maxProperties: 9", "maxProperties: 8", "In/maxProperties", "maxProperties: 9 → 8"),
        (", {required: [name]}", ", {required: [name]}, {required: [zip]}", "In", "allOf changed"),
    ],
)
def test_a_change_inside_all_of_is_named(old: str, new: str, place: str, found: str) -> None:
    breaking = [
        change
        for change in diff(parsed(COMBINED), parsed(COMBINED.replace(old, new)))
        if change.level is Level.BREAKING
    ]
    assert [str(change) for change in breaking] == [found]
    assert pointer_text(breaking[0].pointer).startswith(f"#/components/schemas/{place}")
