"""Every rule of the contract's lint finds its breach, on the line where it stands, and nothing else."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml as pyyaml
from openapi_spec_validator import OpenAPIV31SpecValidator
from specfirst.contract.document import Document, Pointer, pointer_text
from specfirst.lint import RECOMMENDED, RULES, STRICT, Problem, Severity, catalogue, lint

CONTRACT = Path(__file__).parents[2] / "openapi.yaml"

GOOD: Any = pyyaml.load(
    r"""
openapi: 3.1.0
info: {title: Notes, version: 1.0.0}
x-max-body-bytes: 1000
x-response-headers:
  X-Request-ID:
    description: Names the request.
    required: true
    schema: {type: string}
  X-Content-Type-Options:
    description: No guessing.
    required: true
    schema: {type: string, const: nosniff}
security:
  - login: []
tags:
  - name: notes
    description: Notes.
paths:
  /notes:
    get:
      operationId: listNotes
      tags: [notes]
      summary: List
      description: Lists notes.
      security: []
      parameters:
        - name: color
          in: query
          description: Only notes of these colours.
          schema: {type: array, items: {$ref: '#/components/schemas/Color'}}
        - name: X-Page
          in: header
          description: Which page.
          schema: {$ref: '#/components/schemas/Page'}
      responses:
        '200':
          description: The notes.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Notes'}
              example: {items: [], shape: {kind: circle, radius: 1.5}, hint: null}
        '422': {$ref: '#/components/responses/Problem'}
        '500': {$ref: '#/components/responses/Problem'}
    post:
      operationId: createNote
      tags: [notes]
      summary: Create
      description: Creates a note.
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/NoteCreate'}
            example: {text: Hello}
      responses:
        '201':
          description: The note.
          headers:
            Location:
              description: Where it is.
              required: true
              schema: {type: string, format: uri-reference}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Note'}
              examples:
                usual: {$ref: '#/components/examples/Note'}
          links:
            Get:
              operationId: getNote
              parameters: {path.note_id: $response.body#/id}
        '400': {$ref: '#/components/responses/Problem'}
        '401': {$ref: '#/components/responses/Unauthorized'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        '500': {$ref: '#/components/responses/Problem'}
  /notes/{note_id}:
    parameters:
      - {$ref: '#/components/parameters/PathNoteId'}
    get:
      operationId: getNote
      tags: [notes]
      summary: Read
      description: Reads a note.
      responses:
        '200':
          description: The note.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Note'}
              examples:
                usual: {$ref: '#/components/examples/Note'}
        '401': {$ref: '#/components/responses/Unauthorized'}
        '403': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        '500': {$ref: '#/components/responses/Problem'}
components:
  securitySchemes:
    login: {type: http, scheme: bearer}
  parameters:
    PathNoteId:
      name: note_id
      in: path
      required: true
      description: Which note.
      schema: {$ref: '#/components/schemas/NoteId'}
      example: 7
  examples:
    Note:
      value: {id: 7, text: Hello, color: red, hint: null}
  responses:
    Problem:
      description: Something is wrong.
      content:
        application/json:
          schema: {$ref: '#/components/schemas/Problem'}
    Unauthorized:
      description: Who are you?
      headers:
        WWW-Authenticate:
          description: How to say it.
          required: true
          schema: {type: string}
      content:
        application/json:
          schema: {$ref: '#/components/schemas/Problem'}
  schemas:
    NoteId:
      type: integer
      description: A note's id.
      format: int64
      minimum: 1
      maximum: 9007199254740991
    Page:
      type: integer
      description: The number of a page.
      minimum: 1
      maximum: 100
      default: 1
    Text:
      type: string
      description: A text.
      maxLength: 100
      pattern: '^[^\x00]*$'
    Color:
      type: string
      description: A colour.
      enum: [red, blue]
    Moment:
      type: string
      description: A moment.
      format: date-time
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'
    NoteCreate:
      type: object
      description: A note to create.
      additionalProperties: false
      required: [text]
      properties:
        text:
          $ref: '#/components/schemas/Text'
        color:
          $ref: '#/components/schemas/Color'
        due:
          description: Until when, or null.
          anyOf:
            - $ref: '#/components/schemas/Moment'
            - type: 'null'
    Note:
      type: object
      description: A note.
      required: [id, text, color, hint]
      properties:
        id:
          $ref: '#/components/schemas/NoteId'
        text:
          $ref: '#/components/schemas/Text'
        color:
          $ref: '#/components/schemas/Color'
        hint:
          type: [string, 'null']
          description: What else there is to say.
    Notes:
      type: object
      description: Some notes.
      required: [items, shape, hint]
      properties:
        items:
          type: array
          description: The notes.
          items:
            $ref: '#/components/schemas/Note'
        shape:
          $ref: '#/components/schemas/Shape'
        hint:
          description: What else there is to say.
          anyOf:
            - type: 'null'
            - $ref: '#/components/schemas/Text'
    Shape:
      description: A form.
      oneOf:
        - $ref: '#/components/schemas/Circle'
        - $ref: '#/components/schemas/Square'
      discriminator:
        propertyName: kind
        mapping:
          circle: '#/components/schemas/Circle'
          square: '#/components/schemas/Square'
    Circle:
      type: object
      description: A circle.
      required: [kind, radius]
      properties:
        kind: {type: string, const: circle, description: Its kind.}
        radius: {type: number, description: Its radius.}
    Square:
      type: object
      description: A square.
      required: [kind, side]
      properties:
        kind: {type: string, const: square, description: Its kind.}
        side: {type: number, description: Its side.}
    Problem:
      type: object
      description: What is wrong.
      required: [detail]
      properties:
        detail:
          type: string
          description: What it is.
""",
    pyyaml.CSafeLoader,
)


REMOVED = object()
"""In an edit: the part is taken out."""

LIST, CREATE, READ = "#/paths/~1notes/get", "#/paths/~1notes/post", "#/paths/~1notes~1{note_id}/get"
JSON = "content/application~1json"
SCHEMAS = "#/components/schemas"
EXTRA = f"{SCHEMAS}/Extra"


STAR = {"type": "string", "const": "*"}
LETTERS = {"type": "string", "pattern": "^[a-z]*$"}


NOTE = {"schema": {"$ref": f"{SCHEMAS}/NoteCreate"}, "example": {"text": "a"}}


class Breach(NamedTuple):
    """Edits, by pointer, that make the good document break one rule, and where it is found."""

    rule: str
    edits: dict[str, Any]
    place: str


def breach(rule: str, place: str, value: Any, found: str | None = None) -> Breach:
    """One edit, found where it is made unless said otherwise."""
    return Breach(rule, {place: value}, found or place)


def extra(rule: str, schema: dict[str, Any], keyword: str = "") -> Breach:
    """A schema that breaks a rule as a component which both a request and a response use."""
    edits = {
        EXTRA: {"description": "More.", **schema},
        f"{SCHEMAS}/NoteCreate/properties/extra": {"$ref": EXTRA},
    }
    return Breach(rule, edits, f"{EXTRA}/{keyword}" if keyword else EXTRA)


def sent(rule: str, schema: dict[str, Any], keyword: str = "") -> Breach:
    """A schema that breaks a rule as a property of a request body."""
    place = f"{SCHEMAS}/NoteCreate/properties/extra"
    return breach(rule, place, {"description": "More.", **schema}, f"{place}/{keyword}" if keyword else place)


def answered(rule: str, schema: dict[str, Any], keyword: str = "") -> Breach:
    """A schema that breaks a rule as a property of a response body."""
    place = f"{SCHEMAS}/Problem/properties/detail"
    return breach(rule, place, {"description": "More.", **schema}, f"{place}/{keyword}" if keyword else place)


def ref(section: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}


TEXT, COLOR, PAGE, MOMENT = (ref("schemas", name) for name in ("Text", "Color", "Page", "Moment"))
PROBLEM = ref("responses", "Problem")
OPERATION: dict[str, Any] = {
    "operationId": "extra",
    "tags": ["notes"],
    "summary": "More",
    "description": "More.",
    "security": [],
    "responses": {"204": {"description": "Done."}, "422": PROBLEM, "500": PROBLEM},
}


def path(name: str, **fields: Any) -> dict[str, Any]:
    """A path item with one path parameter and one operation."""
    parameter = {
        "name": name,
        "in": "path",
        "required": True,
        "description": "A.",
        "schema": {"type": "boolean"},
    }
    return {"parameters": [parameter], **{key: {**OPERATION, **more} for key, more in fields.items()}}


OAUTH = {
    "type": "oauth2",
    "description": "Log in.",
    "flows": {"implicit": {"authorizationUrl": "https://example.com/", "scopes": {"read": "Read."}}},
}
DELETION = {**OPERATION, "operationId": "remove"}
NOTE_ID = GOOD["paths"]["/notes/{note_id}"]["parameters"][0]
QUERY = {"in": "query", "description": "More.", "schema": PAGE}
LINK = f"{CREATE}/responses/201/links/Get"

BREACHES = [
    # The structure.
    breach("openapi-version", "#/openapi", "3.3.0"),
    breach("openapi-version", "#/openapi", "3.1"),
    breach("openapi-version", "#/openapi", 3.1),
    breach("openapi-version", "#/openapi", REMOVED),
    breach("openapi-structure", f"{LIST}/tags", "notes"),
    breach("openapi-structure", f"{LIST}/sumary", "List"),
    breach("openapi-structure", "#/paths/notes", {}),
    breach("openapi-structure", f"{LIST}/responses/4220", {}),
    breach("openapi-structure", "#/components/securitySchemes/login/type", "password"),
    breach("openapi-structure", "#/components/parameters/PathNoteId/required", False),
    breach(
        "openapi-structure",
        "#/components/parameters/PathNoteId/schema",
        REMOVED,
        "#/components/parameters/PathNoteId",
    ),
    breach("version-text", "#/info/version", 1.0),
    breach("document-url", "#/info/contact", {"url": "not a URL"}, "#/info/contact/url"),
    breach("document-url", "#/info/contact", {"email": "nobody"}, "#/info/contact/email"),
    breach("schema-structure", f"{SCHEMAS}/Text/type", "text"),
    breach("readable-pattern", f"{SCHEMAS}/Text/pattern", "^("),
    breach("schema-structure", f"{SCHEMAS}/Note/required", "id"),
    breach("reference", "#/paths/~1notes~1{note_id}/parameters/0", ref("parameters", "Id")),
    breach("reference", f"{LIST}/responses/422", ref("parameters", "PathNoteId")),
    sent("component-reference", {"$ref": f"{SCHEMAS}/Note/properties/text"}),
    breach("reference", EXTRA, {"$ref": EXTRA}),
    breach("body-content", f"{CREATE}/requestBody/content", {}),
    # Paths and parameters.
    breach("path-template", "#/paths/~1n{id", {}),
    breach("path-template", "#/paths/~1{}", {}),
    breach("path-template", "#/paths/~1{a}{b}", {}),
    breach("path-template", "#/paths/~1{id}~1{id}", {}),
    breach("path-segments", "#/paths/~1a#copy", {}),
    breach("path-segments", "#/paths/~1a?b=c", {}),
    breach("path-segments", "#/paths/~1a~1~1b", {}),
    breach("path-segments", "#/paths/~1a~1..", {}),
    breach("path-segments", "#/paths/~1a~1%2e", {}),
    breach("plain-path", "#/paths/~1n-{id}", {}),
    breach("plain-path", "#/paths/~1%7E", {}),
    breach("plain-path", "#/paths/~1{an-id}", {}),
    breach("undeclared-parameter", "#/paths/~1{id}", {"get": OPERATION}, "#/paths/~1{id}/get"),
    breach(
        "path-parameters",
        f"{LIST}/parameters/0",
        {**QUERY, "name": "id", "in": "path", "required": True},
    ),
    breach("equal-templates", "#/paths/~1notes~1{id}", {}),
    Breach(
        "distinct-paths",
        {
            "#/paths/~1x~1{a}": path("a", get={}),
            "#/paths/~1x~1{b}": path("b", get={"operationId": "other"}, put={"operationId": "put"}),
        },
        "#/paths/~1x~1{b}",
    ),
    breach("trailing-slash", "#/paths/~1more~1", {}),
    breach("repeated-parameter", f"{LIST}/parameters/2", {**QUERY, "name": "color"}),
    breach(
        "parameter-schema",
        f"{LIST}/parameters/2",
        {**QUERY, "name": "extra", "schema": ref("schemas", "Shape")},
        f"{LIST}/parameters/2/schema",
    ),
    breach("parameter-schema", f"{LIST}/parameters/1/schema", {"type": "array", "items": PAGE}),
    breach(
        "parameter-schema",
        f"{LIST}/parameters/0/schema/items",
        {"type": "array", "items": COLOR},
        f"{LIST}/parameters/0/schema",
    ),
    breach(
        "parameter-schema",
        f"{LIST}/parameters/2",
        {**QUERY, "name": "extra", "schema": {"type": ["boolean", "null"]}},
        f"{LIST}/parameters/2/schema",
    ),
    breach("header-parameter", f"{LIST}/parameters/1/name", "Accept", f"{LIST}/parameters/1"),
    breach(
        "cursor-order",
        f"{LIST}/parameters",
        [{**QUERY, "name": name} for name in ("offset", "cursor")],
    ),
    # Servers.
    breach("servers", "#/servers", [{"url": "/v1?x"}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": "https://h/a#b"}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": "https://h/a%20b"}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": "https://h/a//b"}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": "https://[h/a"}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": "wss://h/a"}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": "/a\tb"}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": ""}], "#/servers/0/url"),
    breach("servers", "#/servers", [{"url": "/v1"}, {"url": "/{version}"}], "#/servers/1/url"),
    breach(
        "servers",
        "#/servers",
        [{"url": "/{v}", "variables": {"v": {"default": "v1", "enum": ["v2"]}}}],
        "#/servers/0/variables/v/default",
    ),
    breach(
        "servers",
        "#/servers",
        [
            {
                "url": "https://{a}.{b}.{c}",
                "variables": {name: {"default": "0", "enum": [*"0123456789x"]} for name in "abc"},
            }
        ],
        "#/servers/0/url",
    ),
    Breach(
        "servers",
        {"#/servers": [{"url": "https://h"}, {"url": "/v1"}], "#/paths/~1v1~1notes": {}},
        "#/servers",
    ),
    breach("server-slash", "#/servers", [{"url": "/"}], "#/servers/0/url"),
    breach("server-slash", "#/servers", [{"url": "https://h/v1/"}], "#/servers/0/url"),
    # Operations.
    breach("unsupported", "#/webhooks", {}),
    breach(
        "text-schema",
        f"{CREATE}/requestBody/content/text~1csv",
        {"schema": {"$ref": f"{SCHEMAS}/NoteCreate"}, "example": {"text": "Hello"}},
        f"{CREATE}/requestBody/content/text~1csv/schema",
    ),
    breach("unsupported", f"{LIST}/callbacks", {}),
    breach("servers", f"{LIST}/servers", [{"url": "/v2?x"}], f"{LIST}/servers/0/url"),
    breach("servers", "#/paths/~1notes/servers", [{"url": "ftp://h"}], "#/paths/~1notes/servers/0/url"),
    breach("operation-id-case", f"{LIST}/operationId", "list_notes"),
    breach("operation-id", f"{LIST}/operationId", REMOVED),
    breach("unique-operation-id", f"{CREATE}/operationId", "listNotes"),
    breach("python-identifiers", f"{CREATE}/operationId", "listNOTES"),
    breach("python-identifiers", f"{LIST}/parameters/2", {**QUERY, "name": "x_page"}),
    breach("one-tag", f"{LIST}/tags", ["notes", "notes"]),
    breach("one-tag", f"{LIST}/tags", REMOVED),
    breach("one-tag", f"{LIST}/tags", ["my notes"]),
    breach("one-tag", f"{LIST}/tags", ["others"]),
    Breach("tag-parent", {"#/openapi": "3.2.0", "#/tags/0/parent": "others"}, "#/tags/0/parent"),
    Breach(
        "unique-tag",
        {
            "#/tags/1": {"name": "other", "description": "A."},
            "#/tags/2": {"name": "other", "description": "B."},
        },
        "#/tags/2",
    ),
    Breach(
        "bodiless-method",
        {
            f"{LIST}/requestBody": {"content": {"application/json": NOTE}},
            **{f"{LIST}/responses/{status}": PROBLEM for status in (400, 413, 415)},
        },
        f"{LIST}/requestBody",
    ),
    breach(
        "delete-order",
        "#/paths",
        {
            "/shelves/{note_id}": {"parameters": [NOTE_ID], "delete": DELETION},
            "/shelves/{note_id}/notes": {"parameters": [NOTE_ID], "put": OPERATION},
            **GOOD["paths"],
        },
        "#/paths/~1shelves~1{note_id}/delete",
    ),
    breach(
        "delete-order",
        "#/paths/~1shelves~1{note_id}",
        {
            "parameters": [NOTE_ID],
            "delete": DELETION,
            "put": OPERATION,
        },
        "#/paths/~1shelves~1{note_id}/delete",
    ),
    breach("max-body-bytes", "#/x-max-body-bytes", 0),
    breach("max-body-bytes", "#/x-max-body-bytes", True),
    breach("max-body-bytes", "#/x-max-body-bytes", "1 MB"),
    breach(
        "response-headers",
        "#/x-response-headers/X-Build",
        {"description": "Which build.", "schema": {"type": "string"}, "example": "1"},
        "#/x-response-headers/X-Build/schema",
    ),
    breach("openapi-structure", "#/x-response-headers/X-Build", {"const": "1"}),
    Breach(
        "description",
        {"#/x-response-headers/X-Request-ID/description": REMOVED},
        "#/x-response-headers/X-Request-ID",
    ),
    breach("security-requirement", f"{READ}/security", [{}, {"logn": []}], f"{READ}/security/1/logn"),
    Breach(
        "oauth-scopes",
        {"#/components/securitySchemes/oauth": OAUTH, f"{READ}/security": [{"oauth": ["read", "reed"]}]},
        f"{READ}/security/0/oauth/1",
    ),
    # Responses and links.
    *(
        breach("declared-statuses", f"{operation}/responses/{status}", REMOVED, f"{operation}/responses")
        for operation, status in [
            (CREATE, 400),
            (CREATE, 401),
            (CREATE, 413),
            (CREATE, 415),
            (LIST, 422),
            (LIST, 500),
            (READ, 403),
        ]
    ),
    breach("success-response", f"{READ}/responses/200", REMOVED, f"{READ}/responses"),
    breach("success-status", f"{READ}/responses/102", {"description": "Wait."}),
    breach(
        "success-status",
        f"{READ}/responses/204",
        {"description": "Done.", "content": {"application/json": {"schema": TEXT, "example": "a"}}},
        f"{READ}/responses/204/content",
    ),
    breach(
        "challenge",
        "#/components/responses/Unauthorized/headers",
        REMOVED,
        "#/components/responses/Unauthorized",
    ),
    breach(
        "challenge",
        "#/components/responses/Unauthorized/headers/WWW-Authenticate/required",
        False,
        "#/components/responses/Unauthorized",
    ),
    breach(
        "named-body",
        f"{LIST}/responses/409",
        {"description": "A.", "content": {"application/json": {"schema": {"type": "boolean"}}}},
        f"{LIST}/responses/409/{JSON}/schema",
    ),
    Breach(
        "inline-body",
        {
            f"{CREATE}/requestBody": ref("requestBodies", "NewNote"),
            "#/components/requestBodies": {"NewNote": {"content": {"application/json": NOTE}}},
        },
        f"{CREATE}/requestBody",
    ),
    Breach(
        "inline-body",
        {
            f"{READ}/responses/200": ref("responses", "OneNote"),
            "#/components/responses/OneNote": GOOD["paths"]["/notes/{note_id}"]["get"]["responses"]["200"],
        },
        f"{READ}/responses/200",
    ),
    breach("create-links", f"{CREATE}/responses/201/links", REMOVED, f"{CREATE}/responses/201"),
    breach(
        "link-target",
        f"{CREATE}/responses/201/links/Other",
        {"operationId": "getOther"},
        f"{CREATE}/responses/201/links/Other/operationId",
    ),
    breach("link-target", f"{LINK}/parameters/query.id", "7"),
    breach("link-target", f"{LINK}/parameters", REMOVED, LINK),
    breach("link-target", f"{LINK}/parameters/path.note_id", "$response.body#/note/id"),
    breach("link-target", f"{LINK}/parameters/path.note_id", "$request.path.id"),
    breach("link-target", f"{LINK}/parameters/path.note_id", "$response.header.Id"),
    # Ignores.
    breach("ignore", f"{LIST}/x-specfirst-ignore", "one-tag"),
    breach("ignore", f"{LIST}/x-specfirst-ignore", {}),
    *(
        breach("ignore", f"{LIST}/x-specfirst-ignore", {name: reason}, f"{LIST}/x-specfirst-ignore/{name}")
        for name, reason in [
            ("one-tagg", "Both are needed."),
            ("one-tag", " "),
            ("one-tag", None),
            ("reference", "It works."),
            ("ignore", "No."),
        ]
    ),
    breach(
        "unused-ignore",
        f"{LIST}/x-specfirst-ignore",
        {"one-tag": "Both are needed."},
        f"{LIST}/x-specfirst-ignore/one-tag",
    ),
    # How schemas are written.
    breach("schema-dialect", "#/jsonSchemaDialect", "http://json-schema.org/draft-07/schema#"),
    *(
        breach(
            "discriminator-mapping",
            f"{SCHEMAS}/Circle/discriminator",
            {"propertyName": "kind", "mapping": {"box": name}},
            f"{SCHEMAS}/Circle/discriminator/mapping/box",
        )
        for name in ("Box", f"{SCHEMAS}/Box")
    ),
    extra(
        "unknown-keyword", {"type": "string", "maxLength": 3, "pattern": "^a$", "maxLenght": 3}, "maxLenght"
    ),
    extra("schema-keyword", {"type": "boolean", "not": {"type": "boolean", "const": True}}, "not"),
    extra("schema-keyword", {"allOf": [TEXT]}, "allOf"),
    extra("schema-keyword", {"type": "array", "items": TEXT, "prefixItems": [TEXT]}, "prefixItems"),
    extra("explicit-type", {"type": "array", "items": True}, "items"),
    sent("schema-keyword", {**TEXT, "maxLength": 3}, "maxLength"),
    extra("explicit-type", {}),
    extra("explicit-type", {"type": "array"}),
    extra("misplaced-constraint", {"type": "boolean", "minimum": 3}, "minimum"),
    extra("nullable", {"type": "boolean", "nullable": True}, "nullable"),
    extra("null-form", {"type": ["array", "null"], "items": TEXT}, "type"),
    extra("null-form", {"type": ["string", "null"], "maxLength": 3, "pattern": "^a$"}, "type"),
    extra("null-form", {"type": "null"}, "type"),
    answered("type-list", {"type": ["string", "boolean"]}, "type"),
    sent("alternatives", {"anyOf": [TEXT, COLOR]}, "anyOf"),
    sent("alternatives", {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "anyOf"),
    sent("alternatives", {"type": "boolean", "discriminator": {"propertyName": "kind"}}, "discriminator"),
    breach("alternatives", f"{SCHEMAS}/Shape/discriminator", REMOVED, f"{SCHEMAS}/Shape"),
    breach("alternatives", f"{SCHEMAS}/Shape/discriminator/mapping", REMOVED, f"{SCHEMAS}/Shape"),
    breach(
        "alternatives",
        f"{SCHEMAS}/Shape/discriminator/mapping",
        {"circle": f"{SCHEMAS}/Circle", "box": f"{SCHEMAS}/Square"},
        f"{SCHEMAS}/Shape/discriminator",
    ),
    breach("alternatives", f"{SCHEMAS}/Shape/oneOf/2", TEXT),
    answered(
        "alternatives",
        {
            "oneOf": [ref("schemas", "Circle")],
            "discriminator": {"propertyName": "kind", "mapping": {"circle": f"{SCHEMAS}/Circle"}},
        },
        "oneOf",
    ),
    sent("named-enum", {"type": "string", "enum": ["a"]}, "enum"),
    extra("literal-values", {"type": "number", "enum": [1.5]}, "enum/0"),
    extra("satisfiable", {"type": "integer", "minimum": 5, "maximum": 3}, "minimum"),
    extra("enum-values", {"type": "string", "enum": ["a", 1]}, "enum/1"),
    extra("enum-values", {"type": "boolean", "const": "true"}, "const"),
    answered("named-scalar", {"type": "string", "maxLength": 3}),
    answered("named-object", {"type": "object", "properties": {}}),
    answered("named-object", {"type": "object"}),
    breach("named-object", f"{SCHEMAS}/Problem/additionalProperties", TEXT),
    *(
        Breach(
            "property-name",
            {
                f"{SCHEMAS}/Problem/properties/{name}": {"type": "boolean", "description": "More."},
                f"{SCHEMAS}/Problem/required/1": name,
            },
            f"{SCHEMAS}/Problem/properties/{name}",
        )
        for name in ("a-b", "from", "copy", "str", "Text", "_a")
    ),
    extra(
        "known-required", {"type": "object", "additionalProperties": False, "required": ["a"]}, "required/0"
    ),
    sent("one-way-property", {"type": "boolean", "readOnly": True}, "readOnly"),
    sent("one-way-property", {"type": "boolean", "writeOnly": True}, "writeOnly"),
    # What travels.
    breach("closed-request", f"{SCHEMAS}/NoteCreate/additionalProperties", REMOVED, f"{SCHEMAS}/NoteCreate"),
    sent("closed-request", {"type": "object", "additionalProperties": TEXT}),
    sent("request-default", {"type": "boolean", "default": True}, "default"),
    extra("request-default", {"type": "string", "enum": ["a"], "default": "a"}, "default"),
    sent("one-request-type", {"oneOf": [{"type": "boolean"}, {"type": "number"}]}, "oneOf"),
    breach(
        "required-in-response", f"{SCHEMAS}/Circle/required", ["kind"], f"{SCHEMAS}/Circle/properties/radius"
    ),
    extra("bounded-integer", {"type": "integer", "minimum": 1}, "maximum"),
    extra(
        "bounded-integer",
        {"type": "integer", "format": "int64", "minimum": -(2**53), "maximum": 1},
        "minimum",
    ),
    extra("bounded-integer", {"type": "integer", "maximum": 1}, "minimum"),
    extra("wide-integer", {"type": "integer", "minimum": 0, "maximum": 2**31}, "maximum"),
    extra("wide-integer", {"type": "integer", "minimum": -(2**31) - 1, "maximum": 0}, "minimum"),
    Breach(
        "date-time-pattern",
        {
            EXTRA: {"type": "string", "description": "More.", "format": "date-time"},
            f"{SCHEMAS}/Problem/properties/detail": {"$ref": EXTRA},
        },
        f"{EXTRA}/format",
    ),
    extra("format", {"type": "string", "format": "email", "maxLength": 9}, "format"),
    extra("format", {"type": "string", "format": "datetime", "pattern": "^a$"}, "format"),
    extra("format", {"type": "string", "format": "uuid", "maxLength": 36}, "maxLength"),
    extra("portable-pattern", {"type": "string", "maxLength": 9, "pattern": "^(?!b)a$"}, "pattern"),
    extra("portable-pattern", {"type": "string", "pattern": r"^\d$"}, "pattern"),
    extra(
        "portable-pattern", {"type": "string", "maxLength": 20, "pattern": "^[A-Za-z0-9,--/]*$"}, "pattern"
    ),
    extra("pattern-syntax", {"type": "string", "maxLength": 9, "pattern": r"^a\-b$"}, "pattern"),
    extra("schema-structure", {"oneOf": [TEXT], "discriminator": True}, "discriminator"),
    extra("readable-pattern", {"type": "string", "pattern": "^(a{1000}){1000}$"}, "pattern"),
    extra("readable-pattern", {"type": "string", "pattern": r"^[\b]$"}, "pattern"),
    extra("no-nul", {"type": "string", "maxLength": 9}),
    extra("no-nul", {"type": "string", "maxLength": 9, "pattern": "^[^a]*$"}),
    extra("no-nul", {"type": "string", "maxLength": 9, "pattern": "[a-z]"}),
    extra("no-nul", {"type": "string", "maxLength": 9, "pattern": "^[0-9]+[^a]*$"}),
    extra("no-nul", {"type": "string", "maxLength": 9, "format": "regex"}),
    Breach(
        "no-nul",
        {
            EXTRA: {"type": "string", "description": "More.", "maxLength": 9},
            f"{LIST}/parameters/0/schema/items": {"$ref": EXTRA},
        },
        EXTRA,
    ),
    extra("bounded-string", {"type": "string", "pattern": "^[a-z]*$"}),
    extra("bounded-string", {"type": "string", "pattern": "^[a-z]{2,}$"}),
    extra("bounded-string", {"type": "string", "format": "uri-reference"}),
    # Components.
    *(
        Breach(
            "schema-name",
            {
                f"{SCHEMAS}/{name}": {"type": "boolean", "description": "More."},
                f"{SCHEMAS}/NoteCreate/properties/other": ref("schemas", name),
            },
            f"{SCHEMAS}/{name}",
        )
        for name in ("extra", "Extra_", "TEXT", "BaseModel", "CreateNote201", "NotesOperations")
    ),
    Breach(
        "distinct-component-name",
        {
            "#/components/parameters/Note": GOOD["components"]["parameters"]["PathNoteId"],
            "#/paths/~1notes~1{note_id}/parameters/0": ref("parameters", "Note"),
            "#/components/parameters/PathNoteId": REMOVED,
        },
        "#/components/parameters/Note",
    ),
    breach("unused-component", EXTRA, {"type": "boolean", "description": "More."}),
    breach("unused-component", "#/components/securitySchemes/other", {"type": "http", "scheme": "basic"}),
    Breach(
        "unused-component",
        {"#/components/parameters/Extra": {"name": "extra", **QUERY, "schema": {"type": "boolean"}}},
        "#/components/parameters/Extra",
    ),
    # Documentation.
    breach("description", f"{LIST}/summary", REMOVED, LIST),
    breach("description", f"{LIST}/description", " ", LIST),
    breach("description", f"{LIST}/parameters/1/description", REMOVED, f"{LIST}/parameters/1"),
    breach("description", "#/components/responses/Problem/description", "", "#/components/responses/Problem"),
    breach(
        "description",
        f"{CREATE}/responses/201/headers/Location/description",
        REMOVED,
        f"{CREATE}/responses/201/headers/Location",
    ),
    breach("description", "#/tags/0/description", REMOVED, "#/tags/0"),
    breach("description", f"{SCHEMAS}/Note/description", REMOVED, f"{SCHEMAS}/Note"),
    breach(
        "description",
        f"{SCHEMAS}/Note/properties/hint/description",
        REMOVED,
        f"{SCHEMAS}/Note/properties/hint",
    ),
    breach("example", f"{CREATE}/requestBody/{JSON}/example", REMOVED, f"{CREATE}/requestBody/{JSON}"),
    breach("example", f"{LIST}/responses/200/{JSON}/example", REMOVED, f"{LIST}/responses/200/{JSON}"),
    breach("valid-example", f"{CREATE}/requestBody/{JSON}/example/text", 7),
    breach("valid-example", "#/components/examples/Note/value/color", "green"),
    breach(
        "valid-example",
        f"{LIST}/responses/200/{JSON}/example/items",
        [{"id": 0, "text": "a", "color": "red", "hint": None}],
        f"{LIST}/responses/200/{JSON}/example/items/0/id",
    ),
    breach("valid-example", "#/components/parameters/PathNoteId/example", "7"),
    breach("valid-example", f"{SCHEMAS}/Page/default", 0),
    breach(
        "valid-example",
        f"{SCHEMAS}/Moment/examples",
        ["2026-02-30T00:00:00Z"],
        f"{SCHEMAS}/Moment/examples/0",
    ),
]


def edited(folder: Path, edits: dict[str, Any]) -> tuple[Document, list[str]]:
    """Write the good document with edits (as JSON, which is YAML) and read it back with its lines."""
    content = copy.deepcopy(GOOD)
    for place, value in edits.items():
        *way, last = tokens(place)
        node = content
        for token in way:
            node = node[int(token)] if isinstance(node, list) else node[token]
        if value is REMOVED:
            del node[last]
        elif isinstance(node, list):
            node[int(last) : int(last) + 1] = [value]
        else:
            node[last] = value
    path = folder / "openapi.yaml"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return Document.load(path), path.read_text(encoding="utf-8").splitlines()


def tokens(place: str) -> Pointer:
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in place.split("/")[1:])


def names(violations: list[Problem]) -> list[tuple[str, str]]:
    return [(violation.rule, pointer_text(violation.pointer)) for violation in violations]


def test_a_good_document_has_no_violations(tmp_path: Path) -> None:
    document, _ = edited(tmp_path, {})
    assert lint(document, STRICT) == []
    assert list(OpenAPIV31SpecValidator(document.content).iter_errors()) == []


@pytest.mark.parametrize(
    "servers",
    [
        [],
        [{"url": "/v1"}, {"url": "https://api.example.com/v1"}, {"url": "http://localhost:8000"}],
        [
            {
                "url": "{scheme}://{region}.example.com:{port}/{base}",
                "variables": {
                    "scheme": {"default": "https", "enum": ["http", "https"]},
                    "region": {"default": "eu"},
                    "port": {"default": "443"},
                    "base": {"default": "v2", "enum": ["v1", "v2"]},
                },
            }
        ],
    ],
)
def test_servers_with_paths_and_variables_are_accepted(servers: list[Any], tmp_path: Path) -> None:
    document, _ = edited(tmp_path, {"#/servers": servers})
    assert lint(document, STRICT) == []


def test_the_contract_has_no_violations() -> None:
    assert [str(violation) for violation in lint(Document.load(CONTRACT), STRICT)] == []


@pytest.mark.parametrize("case", BREACHES, ids=lambda case: f"{case.rule} {case.place}")
def test_a_breach_is_found_where_it_stands_and_nothing_else_is(case: Breach, tmp_path: Path) -> None:
    document, lines = edited(tmp_path, case.edits)
    found = lint(document, STRICT)
    assert names(found) == [(case.rule, case.place)]
    [violation] = found
    assert violation.message
    assert violation.remedy
    place = violation.pointer
    while not exists(document, place):
        place = place[:-1]
    assert violation.line
    line = lines[violation.line - 1].strip()
    # A reference is shown at its $ref, and a value of a list where it is.
    field = ("$ref",) if case.rule == "reference" else ()
    assert line.startswith(
        (f'"{(*place, *field)[-1]}":' if place else "{", "{", '"', json.dumps(value_at(document, place)))
    )
    assert violation.place == ":".join(map(str, document.origin((*place, *field)) or ()))


def value_at(document: Document, place: Pointer) -> Any:
    return document.get(place) if place else None


def exists(document: Document, place: Pointer) -> bool:
    try:
        document.get(place)
    except (KeyError, IndexError):
        return False
    return True


@pytest.mark.parametrize(
    ("types", "accepted"),
    [
        (("string", "integer"), True),
        (("boolean", "number", "string"), True),
        (("integer", "number"), False),
        (("string", "string"), False),
        (("string", "array"), False),
        (("string",), False),
    ],
)
def test_a_response_may_have_scalars_that_exclude_each_other(
    types: tuple[str, ...], accepted: bool, tmp_path: Path
) -> None:
    schema = {"description": "More.", "oneOf": [{"type": name} for name in types]}
    document, _ = edited(tmp_path, {f"{SCHEMAS}/Problem/properties/detail": schema})
    assert ("alternatives" not in {problem.rule for problem in lint(document, STRICT)}) == accepted


CLOSED = {"type": "object", "additionalProperties": False, "properties": {"name": {"type": "string"}}}
OPENED = {"type": "object", "properties": {"id": {"type": "integer"}}}
NODE = {"type": "object", "properties": {"next": ref("schemas", "Extra")}}
UNSATISFIABLE: dict[str, tuple[dict[str, Any], str]] = {
    "closed and required": ({"allOf": [CLOSED, {**OPENED, "required": ["id"]}]}, "allOf"),
    "closed and optional": ({"allOf": [CLOSED, OPENED]}, "allOf"),
    "closed by the whole": ({**CLOSED, "allOf": [{**OPENED, "required": ["id"]}]}, "allOf"),
    "types": ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "allOf"),
    "enums": ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["c"]}]}, "allOf"),
    "bounds of two": ({"allOf": [{"type": "number", "minimum": 5}, {"maximum": 3}]}, "allOf"),
    "a property of two": (
        {"allOf": [{**OPENED, "required": ["id"]}, {"properties": {"id": {"type": "string"}}}]},
        "allOf/0/properties/id",
    ),
    "lengths": ({"type": "string", "minLength": 5, "maxLength": 3}, "minLength"),
    "items": ({"type": ["array", "null"], "minItems": 5, "maxItems": 3}, "minItems"),
    "exclusive": ({"type": "number", "exclusiveMinimum": 3, "maximum": 3}, "exclusiveMinimum"),
    "no integer": ({"type": "integer", "minimum": 1.2, "maximum": 1.8}, ""),
    "count": ({"type": "object", "required": ["a", "b"], "maxProperties": 1}, ""),
    "without end": ({**NODE, "required": ["next"]}, ""),
    "no alternative": ({"type": "object", "oneOf": [{"type": "string"}, {"type": "null"}]}, "oneOf"),
}
SELF = ref("schemas", "Extra")
SATISFIABLE: dict[str, dict[str, Any]] = {
    "open": {"allOf": [{**CLOSED, "additionalProperties": True}, {**OPENED, "required": ["id"]}]},
    "the same property": {"allOf": [CLOSED, {"required": ["name"]}]},
    "an end": {"required": ["next"], "properties": {"next": {"anyOf": [SELF, {"type": "null"}]}}},
    "a tree": {"required": ["c"], "properties": {"c": {"type": "array", "items": SELF}}},
    "a condition": {"type": "integer", "not": {"minimum": 5, "maximum": 3}},
    "patterns": {"allOf": [{**CLOSED, "patternProperties": {"^i": {}}}, {**OPENED, "required": ["id"]}]},
    "number and integer": {"allOf": [{"type": "number"}, {"type": "integer"}]},
    "alternatives of their base": {"oneOf": [{"allOf": [SELF, {"required": ["a"]}]}, {"allOf": [SELF]}]},
}


def unsatisfiable(folder: Path, schema: dict[str, Any]) -> list[str]:
    """Where the rule finds a problem in a component, relative to it."""
    document, _ = edited(folder, {EXTRA: schema})
    found = [pointer_text(problem.pointer) for problem in lint(document) if problem.rule == "satisfiable"]
    return [place.removeprefix(EXTRA).removeprefix("/") for place in found]


@pytest.mark.parametrize("name", UNSATISFIABLE)
def test_constraints_that_exclude_each_other_are_found(name: str, tmp_path: Path) -> None:
    schema, place = UNSATISFIABLE[name]
    found = unsatisfiable(tmp_path, schema)
    assert len(found) == 1
    assert found[0].startswith(place)


@pytest.mark.parametrize("name", SATISFIABLE)
def test_constraints_that_allow_a_value_are_fine(name: str, tmp_path: Path) -> None:
    assert unsatisfiable(tmp_path, SATISFIABLE[name]) == []


def test_every_rule_has_a_breach_here_and_says_why_it_exists() -> None:
    assert {case.rule for case in BREACHES} == set(RULES) - {"ignored-sibling"}
    for rule in RULES.values():
        assert rule.reason.endswith("."), rule.name
        assert "\n" not in rule.reason, rule.name


@pytest.mark.parametrize("rule", [name for name, example in catalogue.examples().items() if "bad" in example])
def test_the_examples_of_a_rule_are_bad_and_good(rule: str) -> None:
    example = catalogue.examples()[rule]
    found = {
        kind: {problem.rule for problem in lint(Document(whole(example.get("in"), example[kind])), STRICT)}
        for kind in ("bad", "good")
    }
    assert rule in found["bad"]
    assert rule not in found["good"]


def whole(place: str | None, fragment: str) -> dict[str, Any]:
    """Put the fragment of an example into a document, and a response into each operation without one."""
    part = pyyaml.safe_load(fragment)
    if place == "operation":
        part = {"paths": {"/books": {"post": part}}}
    elif place in ("paths", "schemas"):
        part = {"paths": part} if place == "paths" else {"components": {"schemas": part}}
    for item in part.get("paths", {}).values():
        for method in ("get", "post", "delete"):
            if method in item:
                item[method].setdefault("responses", {"204": {"description": "Done."}})
    return {"openapi": "3.1.0", "info": {"title": "Books", "version": "1"}, "paths": {}, **part}


def test_the_documentation_page_is_what_the_rules_say() -> None:
    """python -m specfirst.lint.catalogue > docs/specfirst/lint-rules.md"""
    page = Path(__file__).parents[2] / "docs" / "specfirst" / "lint-rules.md"
    assert set(catalogue.examples()) == set(RULES)
    assert page.read_text(encoding="utf-8") == catalogue.page()


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param(
            {f"{EXTRA}": {"type": "string", "description": "More.", **schema}}, id=json.dumps(schema)
        )
        for schema in (
            {"pattern": "^#[0-9A-F]{6}$"},
            {"pattern": "^(a|b[|*]){1,3}$"},
            {"pattern": r"^\*\\$"},
            {"pattern": "^[^\\x00-\\x1f]{1,9}$"},
            {"format": "uuid"},
            {"format": "date", "pattern": "^2[0-9]{3}-[0-9]{2}-[0-9]{2}$"},
            {"format": "uri-reference", "maxLength": 100},
            {"const": "a"},
            {"enum": ["a"], "x-more": {"any": 1}},
        )
    ],
)
def test_a_text_in_a_request_that_is_bounded_and_without_nul_is_fine(
    edits: dict[str, Any], tmp_path: Path
) -> None:
    document, _ = edited(tmp_path, {**edits, f"{SCHEMAS}/NoteCreate/properties/extra": {"$ref": EXTRA}})
    assert names(lint(document, STRICT)) == []


@pytest.mark.parametrize(
    "pattern", ["^[a-z]+$", "^a|b$", "[a-z]", "^a", r"^a\$", "^(a*)$", "^a{2,}$", "^(a|b)|c$", r"^[\]]+$"]
)
def test_a_pattern_that_leaves_the_length_open_is_found(pattern: str, tmp_path: Path) -> None:
    schema = {"type": "string", "description": "More.", "pattern": pattern}
    document, _ = edited(tmp_path, {EXTRA: schema, f"{SCHEMAS}/NoteCreate/properties/extra": {"$ref": EXTRA}})
    assert ("bounded-string", EXTRA) in names(lint(document, STRICT))


def test_all_violations_are_listed_at_once_in_the_order_of_the_document(tmp_path: Path) -> None:
    document, _ = edited(
        tmp_path,
        {
            f"{SCHEMAS}/Note/description": REMOVED,
            f"{LIST}/operationId": "list_notes",
            f"{LIST}/tags": [],
            "#/x-max-body-bytes": 0,
        },
    )
    found = lint(document, STRICT)
    assert [violation.rule for violation in found] == [
        "max-body-bytes",
        "operation-id-case",
        "one-tag",
        "description",
    ]
    assert [violation.line for violation in found] == sorted(violation.line or 0 for violation in found)


def test_a_breach_in_a_shared_component_is_listed_once(tmp_path: Path) -> None:
    document, _ = edited(tmp_path, {f"#/components/responses/Problem/{JSON}/schema": {"type": "boolean"}})
    assert names(lint(document, STRICT)) == [("named-body", f"#/components/responses/Problem/{JSON}/schema")]


def test_structural_errors_are_listed_with_their_causes_only(tmp_path: Path) -> None:
    scheme = "#/components/securitySchemes/login"
    document, _ = edited(tmp_path, {f"{scheme}/type": "password", "#/foo": 1, f"{LIST}/summry": ""})
    assert names(lint(document, STRICT)) == [
        ("openapi-structure", f"{LIST}/summry"),
        ("openapi-structure", f"{scheme}/type"),
        ("openapi-structure", "#/foo"),
    ]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
@pytest.mark.parametrize(
    ("place", "value", "message", "remedy"),
    [
        ("in", "querry", '"querry" is not one of ', "did you mean query?"),
        ("style", "foam", '"foam" is not one of ', "did you mean form?"),
        (
            "schema/type",
            "sting",
            '"sting" is not one of "array", "boolean", "integer", ',
            "did you mean string?",
        ),
        ("in", "path", "a path parameter needs `required: true`", "write `required: true`"),
        ("required", False, "a path parameter needs `required: true`", "write `required: true`"),
    ],
)
def test_a_wrong_value_is_shown_with_those_that_are_allowed(
    version: str, place: str, value: object, message: str, remedy: str
) -> None:
    parameter = {"name": "id", "in": "path" if place == "required" else "query", "schema": {"type": "string"}}
    owner = parameter["schema"] if "/" in place else parameter
    owner[place.rpartition("/")[2]] = value  # type: ignore[index]
    operation = {"parameters": [parameter], "responses": {"200": {"description": "d"}}}
    info = {"title": "t", "version": "1"}
    content = {"openapi": version, "info": info, "paths": {"/{id}": {"get": operation}}}
    problems = [p for p in lint(Document(content)) if p.rule.endswith("-structure")]
    assert message in "".join(problem.message for problem in problems)
    assert [problem.remedy for problem in problems] == [remedy]


def test_other_rules_run_beside_structural_errors(tmp_path: Path) -> None:
    document, _ = edited(
        tmp_path,
        {
            "#/openapi": "4.0.0",
            "#/components/parameters/PathNoteId/in": "body",
            f"{SCHEMAS}/Text/type": "text",
            f"{SCHEMAS}/Page/default": 0,
            f"{LIST}/operationId": "list_notes",
            f"{READ}/responses/500": ref("responses", "Missing"),
        },
    )
    assert names(lint(document, STRICT)) == [
        ("openapi-version", "#/openapi"),
        ("operation-id-case", f"{LIST}/operationId"),
        ("reference", f"{READ}/responses/500"),
        ("openapi-structure", "#/components/parameters/PathNoteId/in"),
        ("valid-example", f"{SCHEMAS}/Page/default"),
        ("schema-structure", f"{SCHEMAS}/Text/type"),
    ]


def test_3_0_ignores_what_is_beside_a_reference() -> None:
    """Later versions do not, or reject it."""
    document = Document(
        {
            "openapi": "3.0.3",
            "info": {"title": "A", "version": "1"},
            "paths": {},
            "components": {
                "schemas": {
                    "Text": {"type": "string"},
                    "Name": {"$ref": f"{SCHEMAS}/Text", "maxLength": 9, "description": "A name."},
                }
            },
        }
    )
    assert names(lint(document, {"ignored-sibling": Severity.WARNING})) == [
        ("ignored-sibling", f"{SCHEMAS}/Name/maxLength")
    ]


def test_an_ignore_hides_the_problems_inside_its_object(tmp_path: Path) -> None:
    edits: dict[str, Any] = {f"{LIST}/tags": [], f"{CREATE}/tags": []}
    document, _ = edited(tmp_path, {**edits, f"{LIST}/x-specfirst-ignore": {"one-tag": "It is about all."}})
    assert names(lint(document, STRICT)) == [("one-tag", f"{CREATE}/tags")]
    document, _ = edited(tmp_path, {**edits, "#/x-specfirst-ignore": {"one-tag": "There are none."}})
    assert lint(document, STRICT) == []


def test_an_ignore_of_a_rule_that_is_off_is_no_problem(tmp_path: Path) -> None:
    document, _ = edited(tmp_path, {"#/x-specfirst-ignore": {"one-tag": "There are none."}})
    assert lint(document, RECOMMENDED) == []


@pytest.mark.parametrize(
    ("rule", "recommended"),
    [
        ("path-parameters", Severity.ERROR),
        ("declared-statuses", Severity.WARNING),
        ("unused-component", Severity.STYLE),
        ("description", None),
    ],
)
def test_the_sets_have_their_severities(rule: str, recommended: Severity | None) -> None:
    assert RECOMMENDED.get(rule) == recommended
    assert STRICT[rule] is Severity.ERROR


def test_a_violation_reads_as_a_line_a_rule_a_problem_a_place_and_a_remedy(tmp_path: Path) -> None:
    document, _ = edited(tmp_path, {"#/x-max-body-bytes": 0})
    [violation] = lint(document, STRICT)
    assert str(violation) == (
        f"{tmp_path}/openapi.yaml:{violation.line}:2: error max-body-bytes: "
        "0 is not a number of bytes at #/x-max-body-bytes; write a positive integer, such as 65536"
    )


def test_a_document_without_lines_can_be_checked(tmp_path: Path) -> None:
    document = Document({**GOOD, "x-max-body-bytes": 0})
    [violation] = lint(document, STRICT)
    assert violation.line is None
    assert str(violation).startswith("error max-body-bytes: ")


def test_a_contract_of_usual_size_is_checked_in_less_than_a_second() -> None:
    document = Document.load(CONTRACT)
    started = time.perf_counter()
    lint(document, STRICT)
    assert time.perf_counter() - started < 1


def test_a_get_with_an_etag_declares_what_its_conditions_answer() -> None:
    """The engine evaluates If-Match and If-None-Match there, whether they are declared or not."""
    document = Document.load(Path(__file__).parent / "contracts" / "bookshop.yaml")
    assert lint(document, STRICT) == []
    content = copy.deepcopy(dict(document.content))
    for status in ("304", "412"):
        del content["paths"]["/books/{isbn}"]["get"]["responses"][status]
    found = lint(Document(content), STRICT)
    assert [violation.message for violation in found] == ["GET /books/{isbn} does not declare 304, 412"]


@pytest.mark.parametrize(
    ("schema", "accepted"),
    [
        ({"type": "string", "maxLength": 9, "anyOf": [STAR, LETTERS]}, True),
        ({"type": "integer", "minimum": 0, "maximum": 9, "anyOf": [{"type": "integer", "const": 1}]}, True),
        # Each alternative says its type, for generators that combine them with nothing.
        ({"type": "string", "maxLength": 9, "anyOf": [STAR, {"pattern": "^a$"}]}, False),
        ({"type": "string", "maxLength": 9, "anyOf": [STAR, {"type": "integer", "const": 1}]}, False),
        ({"anyOf": [STAR, LETTERS]}, False),
        ({"type": "string", "anyOf": [STAR, {"type": "string", "pattern": "^[^\\x00]*$"}]}, False),
    ],
)
def test_a_scalar_may_have_alternative_constraints(schema: dict[str, Any], accepted: bool) -> None:
    document = Document.load(Path(__file__).parent / "contracts" / "bookshop.yaml")
    content = copy.deepcopy(dict(document.content))
    content["components"]["schemas"]["Tags"] = {"description": "Tags.", **schema}
    assert (lint(Document(content), STRICT) == []) == accepted


def test_the_time_is_linear_in_the_size_of_the_document() -> None:
    """Validators share one registry, so an example costs what its own schema costs."""

    def seconds(operations: int) -> float:
        content: Any = copy.deepcopy(GOOD)
        for number in range(operations):
            content["components"]["schemas"][f"Note{number}"] = GOOD["components"]["schemas"]["Note"]
            operation = copy.deepcopy(GOOD["paths"]["/notes"]["get"])
            schema = {"$ref": f"{SCHEMAS}/Note{number}"}
            operation["responses"]["200"]["content"]["application/json"] = {
                "schema": schema,
                "example": GOOD["components"]["examples"]["Note"]["value"],
            }
            content["paths"][f"/notes{number}"] = {"get": {**operation, "operationId": f"list{number}"}}
        started = time.process_time()
        assert lint(Document(content), STRICT) == []
        return time.process_time() - started

    seconds(10)
    # It would be 25 if it were quadratic.
    assert seconds(250) / seconds(50) < 12
