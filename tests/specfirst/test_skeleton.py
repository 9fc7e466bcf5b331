"""`specfirst generate --skeleton` writes what is missing, and changes nothing that is written by hand."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

import pytest
from contracts import folder, package
from specfirst.codegen.generate import GenerationError, generate, write
from specfirst.codegen.skeleton import Layout, missing, unfinished, write_missing
from specfirst.contract.document import Document

BY_HAND = '''"""Books, by hand."""

from bookshop.schemas import Isbn
import json


class Books:
    answers = {'not':   "formatted"}

    async def get_book(self, caller: str | None, *, isbn: Isbn) -> None:
        return json.loads("null")  # odd    spacing
    # The end of the class.


def after() -> None: ...
'''


@pytest.fixture
def document() -> Document:
    found: Document = package("bookshop").application.contract()
    return found


@pytest.fixture
def layout(document: Document, tmp_path: Path) -> Layout:
    return Layout(
        generated=folder() / "bookshop",
        package="bookshop",
        implementations=tmp_path / "resources",
        caller="shop.callers:Caller",
        arguments={"database": "shop.databases:Database"},
    )


def write_all(document: Document, layout: Layout) -> None:
    for gap in missing(document, layout):
        write_missing(gap, layout)


def test_a_new_tag_gets_a_module_with_all_its_methods(document: Document, layout: Layout) -> None:
    write_all(document, layout)
    text = layout.module("orders").read_text(encoding="utf-8")
    assert "from bookshop.schemas import " in text
    assert "from shop.callers import Caller\nfrom shop.databases import Database\n" in text
    assert "class Orders:\n    def __init__(self, database: Database) -> None:\n" in text
    for operation in document.operations:
        module = ast.parse(layout.module(operation.tag).read_text(encoding="utf-8"))
        (written,) = [node for node in module.body if isinstance(node, ast.ClassDef)]
        method = next(n for n in written.body if getattr(n, "name", "") == operation.identifier)
        assert isinstance(method, ast.AsyncFunctionDef)
        assert [argument.arg for argument in method.args.kwonlyargs] == [
            *(parameter.identifier for parameter in operation.arguments),
            *(["body"] if operation.body else []),
        ]
        assert ast.unparse(method.body) == "raise NotImplementedError"
    assert missing(document, layout) == []


def test_an_existing_class_gets_methods_at_its_end_and_nothing_else_changes(
    document: Document, layout: Layout
) -> None:
    layout.implementations.mkdir()
    layout.module("books").write_text(BY_HAND, encoding="utf-8")
    write_all(document, layout)
    text = layout.module("books").read_text(encoding="utf-8")
    for part in BY_HAND.split("\n\n\n")[1:]:
        for line in part.splitlines():
            assert line in text.splitlines()
    assert text.count("async def get_book(") == 1
    assert text.index("async def put_book(") < text.index("def after()")
    assert "import json\n" in text
    once = text
    write_all(document, layout)
    assert layout.module("books").read_text(encoding="utf-8") == once


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("class Books\n", "books.py:1: expected ':'; correct the syntax"),
        ("class Shelf: ...\n", "books.py:1: there is no class Books; rename the class that implements"),
    ],
)
def test_a_module_that_cannot_be_read_is_named(
    document: Document, layout: Layout, text: str, problem: str
) -> None:
    layout.implementations.mkdir()
    layout.module("books").write_text(text, encoding="utf-8")
    with pytest.raises(GenerationError) as caught:
        missing(document, layout)
    assert problem in str(caught.value)
    assert layout.module("books").read_text(encoding="utf-8") == text


WRITTEN = """\
class Orders:
    async def get_order(self, caller, /, *, order_id, as_of=None, **more):
        if caller: raise NotImplementedError
        return {}

    async def create_order(self, caller, *, body):
        '''Create it.'''
        raise NotImplementedError("later")
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("body):", "body, extra: int):", "*, body, extra: int)"),
        (", *, body):", "):", "(self, caller)"),
        ("(self, caller, *, body", "(self, *, body", "(self, *, body)"),
        ("async def create_order", "def create_order", "def create_order("),
    ],
)
def test_methods_with_other_parameters_and_without_body_are_found(
    document: Document, layout: Layout, old: str, new: str, found: str
) -> None:
    layout.implementations.mkdir()
    layout.module("orders").write_text(WRITTEN.replace(old, new), encoding="utf-8")
    assert [gap.tag for gap in missing(document, layout)] == ["books"]
    (method,) = unfinished(document, layout)
    assert (method.line, method.name) == (6, "Orders.create_order")
    assert method.expected.startswith("async def create_order(self, caller: Caller, /, *, ")
    assert found in method.found
    layout.module("orders").write_text(WRITTEN, encoding="utf-8")
    assert [method.found for method in unfinished(document, layout)] == [""]


TYPES = """\
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /users/{id}:
    get:
      operationId: getUser
      tags: [user]
      security: [{key: []}]
      parameters: [{name: id, in: path, required: true, schema: {type: string, format: uuid}}]
      responses:
        '200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/User'}}}}
  /callers:
    get:
      operationId: listCallers
      tags: [caller]
      security: [{key: []}]
      parameters: [{name: since, in: query, schema: {type: string, format: date}}]
      responses:
        '200': {description: d, content: {application/json: {schema: {type: object}}}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  schemas: {User: {type: object, properties: {name: {type: string}}}}
"""


def test_a_class_named_as_a_type_gets_another_name_and_all_types_are_imported(tmp_path: Path) -> None:
    contract = tmp_path / "openapi.yaml"
    contract.write_text(TYPES, encoding="utf-8")
    write(generate(contract), tmp_path / "generated")
    layout = Layout(tmp_path / "generated", "generated", tmp_path / "impl", "callers:Caller")
    document = Document.load(contract)
    write_all(document, layout)
    texts = [(tmp_path / f"impl/{name}.py").read_text(encoding="utf-8") for name in ("user", "caller")]
    assert "class UserImplementation:" in texts[0]
    assert "class CallerImplementation:" in texts[1]
    assert "from uuid import UUID\n" in texts[0]
    assert "from datetime import date\n" in texts[1]
    assert "from callers import Caller\n" in texts[0]
    for text in texts:
        # Every name of a signature is imported, or a builtin.
        module = ast.parse(text)
        names = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
        nodes = [node for node in module.body if isinstance(node, ast.ImportFrom)]
        imported = {alias.asname or alias.name for node in nodes for alias in node.names}
        assert names <= imported | {*dir(builtins)}
    assert missing(document, layout) == []


INLINE = """\
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      operationId: query
      tags: [a]
      responses:
        '200':
          description: ''
          headers: {X-Total: {required: true, schema: {type: integer}}}
          content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}
        '404': {description: ''}
"""


def test_generated_code_has_no_empty_texts_and_no_numbered_bodies(tmp_path: Path) -> None:
    contract = tmp_path / "openapi.yaml"
    contract.write_text(INLINE, encoding="utf-8")
    files = {name: content.decode() for name, content in generate(contract).items() if name.endswith(".py")}
    assert "class Query200(Result):" in files["operations.py"]
    assert "class Query200Body(BaseModel):" in files["schemas.py"]
    assert "body: Query200Body | plain.Query200Body" in files["operations.py"]
    assert "summary=" not in files["routers/a.py"]
    assert '"description"' not in files["routers/a.py"]
