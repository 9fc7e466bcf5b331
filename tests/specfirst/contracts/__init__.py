"""Contracts of other services, each generated once per run into a temporary folder, and served in-process."""

from __future__ import annotations

import atexit
import importlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx

from specfirst.application import ContractAPI
from specfirst.codegen.generate import generate, write
from specfirst.document import tag_name
from specfirst.errors import Invalid, Refusal, Unauthenticated
from specfirst.routing import Engine

CONTRACTS = Path(__file__).parent
PROJECT = CONTRACTS.parents[2]


@cache
def folder() -> Path:
    """Where the packages are generated; Python finds them there."""
    path = Path(tempfile.mkdtemp(prefix="contracts-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    sys.path.insert(0, str(path))
    return path


@cache
def package(name: str) -> SimpleNamespace:
    """The modules that are generated from a contract."""
    write(generate(CONTRACTS / f"{name}.yaml"), folder() / name)
    names = ("application", "operations", "schemas", "components")
    return SimpleNamespace(**{part: importlib.import_module(f"{name}.{part}") for part in names})


@dataclass
class Served:
    """An application, and what its implementation was called with."""

    app: ContractAPI
    engine: Engine[str]
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    @property
    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://shop")

    @property
    def arguments(self) -> dict[str, Any]:
        """What the only call was given."""
        ((_, _, arguments),) = self.calls
        return arguments

    @property
    def caller(self) -> Any:
        ((_, (caller,), _),) = self.calls
        return caller

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async with self.client as client:
            return await client.request(method, path, **options)


def serve(name: str, answers: Mapping[str, Any], **options: Any) -> Served:
    """Serve a contract. An answer is what the operation returns, raises, or makes of its arguments."""
    modules = package(name)
    options = {"authenticate": dict.fromkeys(("staff", "apiKey", "till", "person"), anybody)} | options
    options = {"authorize": lambda caller, values: None} | options
    if name == "bookshop":
        options = {"error_body": problem} | options
    engine: Engine[str] = Engine(modules.application.contract(), **options)
    served = Served(ContractAPI.__new__(ContractAPI), engine)
    implementations = {
        tag_name(operation.tag): _implementation(modules.operations, operation.tag, answers, served)
        for operation in engine.document.operations
    }
    router = modules.application.build_router(engine, **implementations)
    served.app = ContractAPI(engine, router)
    return served


def _implementation(operations: ModuleType, tag: str, answers: Mapping[str, Any], served: Served) -> object:
    protocol = getattr(operations, f"{tag.title()}Operations")

    def method(name: str) -> Callable[..., Any]:
        async def called(self: object, *callers: Any, **arguments: Any) -> Any:
            served.calls.append((name, callers, arguments))
            answer = answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer(*callers, **arguments) if callable(answer) else answer

        return called

    names = [name for name in vars(protocol) if not name.startswith("_")]
    return type(tag.title(), (), {name: method(name) for name in names})()


async def anybody(credential: str, scopes: tuple[str, ...]) -> str:
    """Knows whoever gives a name; "false" is nobody's."""
    if credential in ("", "false"):
        raise Unauthenticated
    return credential


def problem(refusal: Refusal) -> dict[str, Any]:
    """The bookshop's error shape (RFC 9457)."""
    findings = refusal.findings if isinstance(refusal, Invalid) else []
    errors = [f"{'/'.join(map(str, finding.loc))}: {finding.msg}" for finding in findings]
    return {"title": refusal.detail, "status": int(refusal.status), "errors": errors}
