"""Small contracts of one construct each, generated in this process, and served in it.

The templates are those of `specfirst generate`; only fastapi-code-generator and ruff, which take seconds,
are left out. `scripts/conformance` runs the whole chain.
"""

from __future__ import annotations

import importlib
import itertools
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from jinja2 import Environment, FileSystemLoader
from specfirst.codegen import generate as generation
from specfirst.codegen.views import variables
from specfirst.contract.document import Document
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.errors import Unauthenticated
from specfirst.runtime.routing import Engine

_TEMPLATES = Environment(  # noqa: S701  # The templates are Python, not HTML.
    loader=FileSystemLoader(Path(generation.__file__).parent / "templates" / "routers")
)
_FOLDER = Path(tempfile.mkdtemp(prefix="constructs_"))
_NUMBERS = itertools.count()

Json = dict[str, Any]

THING: Json = {"type": "object", "properties": {"a": {"type": "string"}}}
REF: Json = {"$ref": "#/components/schemas/Thing"}


def content(schema: Any, media_type: str = "application/json", **more: Any) -> Json:
    return {media_type: {"schema": schema, **more}}


def ok(schema: Any = REF, **more: Any) -> Json:
    """The response 200 with a JSON body."""
    return {"200": {"description": "ok", "content": content(schema, **more)}}


DONE: Json = {"204": {"description": "done"}}


def contract(
    operation: Json | None = None,
    *,
    method: str = "get",
    path: str = "/things",
    version: str = "3.1.0",
    schemas: Json | None = None,
    paths: Json | None = None,
    **more: Any,
) -> Json:
    """A contract of one operation, `things`, unless `paths` has others."""
    named = {"operationId": "things", "tags": ["things"], "responses": ok(), **(operation or {})}
    components = more.pop("components", {})
    return {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": {path: {method: named}} if paths is None else paths,
        "components": {"schemas": {"Thing": THING} if schemas is None else schemas, **components},
        **more,
    }


def posting(body: Json, **more: Any) -> Json:
    """A contract of one operation that takes this content and answers nothing."""
    operation = {"requestBody": {"required": True, "content": body}, "responses": DONE}
    return contract(operation, method="post", **more)


@dataclass
class Service:
    """A served contract, the modules that were generated, and the calls of the implementation."""

    modules: Any
    app: ContractAPI
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the last call."""
        return self.calls[-1][1]

    async def get(self, path: str = "/things", **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str = "/things", **options: Any) -> httpx.Response:
        return await self.request("POST", path, **options)

    async def put(self, path: str = "/things", **options: Any) -> httpx.Response:
        return await self.request("PUT", path, **options)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async with self.client() as client:
            return await client.request(method, path, **options)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            yield client


def generated(source: Mapping[str, Any] | Document) -> tuple[Document, Any]:
    """Generate a package from a contract; return the contract and the package's name."""
    document = source if isinstance(source, Document) else Document(source)
    # Tests import this module by two names, each with a folder of its own.
    name = f"{_FOLDER.name}_{next(_NUMBERS)}"
    package = _FOLDER / name
    (package / "routers").mkdir(parents=True)
    if str(_FOLDER) not in sys.path:
        sys.path.insert(0, str(_FOLDER))
    values = variables(document)
    for module in ("__init__", "schemas", "plain", "operations", "components", "application"):
        (package / f"{module}.py").write_text(_TEMPLATES.get_template(f"{module}.jinja2").render(values))
    (package / "routers" / "__init__.py").write_text("")
    for tag in document.modules.values():
        text = _TEMPLATES.get_template("routers.jinja2").render({**values, "tag": tag})
        (package / "routers" / f"{tag}.py").write_text(text)
    (package / "openapi.json").write_bytes(document.to_json())
    (package / "openapi.yaml").write_bytes(document.to_json())
    (package / "servers.json").write_text("{}")
    importlib.invalidate_caches()
    return document, name


def serve(
    source: Mapping[str, Any] | Document, answers: Mapping[str, Any] | None = None, **options: Any
) -> Service:
    """Serve a contract. An answer is what the operation of that Python name returns, raises, or makes."""
    document, name = generated(source)
    modules = {
        part: importlib.import_module(f"{name}.{part}") for part in ("application", "schemas", "operations")
    }
    options.setdefault("authenticate", dict.fromkeys(document.security_schemes, _anybody))
    engine: Engine[Any] = Engine(
        modules["application"].contract(), authorize=lambda caller, values: None, **options
    )
    service = Service(type("Modules", (), modules), None)  # type: ignore[arg-type]  # Set below.

    def method(operation: str) -> Any:
        async def called(_: object, *caller: Any, **arguments: Any) -> Any:
            service.calls.append((operation, arguments))
            answer = (answers or {}).get(operation)
            if isinstance(answer, Exception):
                raise answer
            if callable(answer):
                answer = answer(service, **arguments)
            return await answer if hasattr(answer, "__await__") else answer

        return called

    implementations = (
        {}
        if engine.mock
        else {
            tag: type(
                tag, (), {o.identifier: method(o.identifier) for o in document.operations if o.module == tag}
            )()
            for tag in dict.fromkeys(operation.module for operation in document.operations)
        }
    )
    service.app = ContractAPI(engine, modules["application"].build_router(engine, **implementations))
    return service


def errors(response: httpx.Response) -> list[tuple[Any, ...]]:
    """Where and by which rule a request is invalid."""
    assert response.status_code == 422, response.text
    return [(*item["loc"], item["type"]) for item in json.loads(response.text)["detail"]]


async def _anybody(credential: str, scopes: tuple[str, ...]) -> str:
    if credential == "nobody":
        raise Unauthenticated
    return credential
