"""A contract for comparisons, in which each schema is sent, received, or both."""

from __future__ import annotations

from functools import cache

from specfirst.contract.document import Document
from specfirst.contract.yaml import parse
from specfirst.diff import require_comparable

NOTES = r"""
openapi: 3.1.0
info: {title: Notes, version: 1.4.2}
x-max-body-bytes: 1000
x-response-headers:
  X-Request-ID: {required: true, schema: {type: string}}
servers:
  - url: https://one.example
  - url: https://two.example
security:
  - login: [read]
tags:
  - name: notes
paths:
  /notes:
    get:
      operationId: listNotes
      tags: [notes]
      summary: List
      security: []
      parameters:
        - {name: color, in: query, schema: {$ref: '#/components/schemas/Color'}}
        - {name: words, in: query, schema: {type: array, maxItems: 5, items: {type: string, maxLength: 9}}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 50, default: 20}}
        - {name: X-Page, in: header, schema: {type: integer, minimum: 1, maximum: 9}}
        - {name: owner, in: query, required: true, schema: {type: string, maxLength: 9}}
        - {name: X-Words, in: header, schema: {type: array, items: {type: string}}}
      responses:
        '200':
          description: The notes.
          headers:
            X-Total: {required: true, schema: {type: integer, minimum: 0, maximum: 99}}
            X-Hint: {schema: {type: string}}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Notes'}
        '404': {$ref: '#/components/responses/Problem'}
    post:
      operationId: createNote
      tags: [notes]
      summary: Create
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/NoteCreate'}
            example: {text: Hello}
          application/merge-patch+json:
            schema: {$ref: '#/components/schemas/NoteCreate'}
      responses:
        '201':
          description: The note.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Note'}
          links:
            Get: {operationId: getNote}
        '404': {$ref: '#/components/responses/Problem'}
  /notes/{note_id}:
    parameters:
      - {$ref: '#/components/parameters/NoteId'}
    get:
      operationId: getNote
      tags: [notes]
      summary: Read
      responses:
        '200':
          description: The note.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Note'}
    put:
      operationId: replaceNote
      tags: [notes]
      summary: Replace
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/NoteCreate'}
      responses:
        '204': {description: It is replaced.}
  /shapes:
    put:
      operationId: putShape
      tags: [notes]
      summary: Shape
      security:
        - login: [read]
        - key: []
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Shape'}
      responses:
        '200':
          description: The shape.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Shape'}
  /settings:
    put:
      operationId: putSettings
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Settings'}
      responses:
        '200':
          description: The settings.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Settings'}
components:
  securitySchemes:
    login:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://one.example/token
          scopes: {read: To read, write: To write}
    key: {type: apiKey, in: header, name: X-Key}
  parameters:
    NoteId:
      name: note_id
      in: path
      required: true
      description: Which note.
      schema: {type: integer, minimum: 1, maximum: 1000}
  responses:
    Problem:
      description: There is a problem.
      content:
        application/json:
          schema: {$ref: '#/components/schemas/Problem'}
  schemas:
    Color:
      type: string
      enum: [red, green, blue]
    Text:
      type: string
      description: A text.
      minLength: 1
      maxLength: 100
      pattern: '^[a-z]*$'
    Moment:
      type: string
      format: date-time
      pattern: 'Z$'
    Author:
      type: object
      additionalProperties: false
      required: [name]
      properties:
        name: {$ref: '#/components/schemas/Text'}
        site: {type: [string, 'null'], maxLength: 50}
    NoteCreate:
      type: object
      additionalProperties: false
      required: [text]
      properties:
        text: {$ref: '#/components/schemas/Text'}
        color: {description: Its color., $ref: '#/components/schemas/Color'}
        author: {$ref: '#/components/schemas/Author'}
        due:
          anyOf:
            - $ref: '#/components/schemas/Moment'
            - type: 'null'
        labels:
          type: array
          maxItems: 10
          items:
            type: string
            maxLength: 20
    Note:
      type: object
      additionalProperties: false
      required: [id, text, color, author, due, replies]
      properties:
        id: {type: integer, minimum: 1, maximum: 1000}
        text: {$ref: '#/components/schemas/Text'}
        color: {$ref: '#/components/schemas/Color'}
        author: {$ref: '#/components/schemas/Author'}
        due:
          anyOf:
            - $ref: '#/components/schemas/Moment'
            - type: 'null'
        replies: {type: array, maxItems: 9, items: {$ref: '#/components/schemas/Note'}}
        rank: {type: number, maximum: 5}
    Notes:
      type: object
      additionalProperties: false
      required: [items, counts, kind]
      properties:
        items:
          type: array
          maxItems: 50
          items: {$ref: '#/components/schemas/Note'}
        counts: {type: object, additionalProperties: {type: integer}}
        kind: {type: string, const: notes}
    Problem:
      type: object
      additionalProperties: false
      required: [detail]
      properties:
        detail: {type: string}
    Circle:
      type: object
      additionalProperties: false
      required: [kind, radius]
      properties:
        kind: {type: string, const: circle}
        radius: {type: number, minimum: 0}
    Square:
      type: object
      additionalProperties: false
      required: [kind, side]
      properties:
        kind: {type: string, const: square}
        side: {type: number, minimum: 0}
    Settings:
      type: object
      additionalProperties: false
      not: {required: [loud, quiet]}
      properties:
        loud: {type: boolean}
        quiet: {type: boolean}
    Shape:
      oneOf:
        - $ref: '#/components/schemas/Circle'
        - $ref: '#/components/schemas/Square'
      discriminator:
        propertyName: kind
        mapping:
          circle: '#/components/schemas/Circle'
          square: '#/components/schemas/Square'
""".lstrip()
"""Text, Color and Author travel both ways, NoteCreate there, and Note, which contains itself, back."""


@cache
def parsed(text: str) -> Document:
    document = Document(parse(text.encode())[0])
    require_comparable(document)
    return document


def edited(edits: list[dict[str, str]], text: str = NOTES) -> str:
    for edit in edits:
        assert text.count(edit["old"]) == 1, edit["old"]
        text = text.replace(edit["old"], edit["new"])
    return text
