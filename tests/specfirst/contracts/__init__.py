"""Contracts of other services, each generated once per run into a temporary folder, and served in-process."""

from __future__ import annotations

import atexit
import hashlib
import importlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
from specfirst.codegen.generate import generate, write
from specfirst.contract.document import tag_name
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.errors import APIError, Invalid, Unauthenticated
from specfirst.runtime.routing import Engine

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
    shutil.copytree(_generated(name), folder() / name)
    names = ("application", "operations", "schemas", "components")
    return SimpleNamespace(**{part: importlib.import_module(f"{name}.{part}") for part in names})


def _generated(name: str) -> Path:
    """The package in build/, generated if the contract, the generator or its dependencies have changed.

    Generating takes seconds, and each process that runs tests would do it again.
    """
    contract = CONTRACTS / f"{name}.yaml"
    sources = [path for path in (PROJECT / "specfirst/src").rglob("*") if path.suffix in (".py", ".jinja2")]
    settings = PROJECT.glob("requirements-dev.txt")
    digest = hashlib.sha256()
    for path in sorted([contract, *sources, *settings]):
        digest.update(path.read_bytes())
    cached = PROJECT / "build" / "contracts" / digest.hexdigest()[:16] / name
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as temporary:
            write(generate(contract), Path(temporary) / name)
            # Another process may have been faster.
            with suppress(OSError):
                (Path(temporary) / name).rename(cached)
    return cached


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


def serve(name: str, answers: Mapping[str, Any], *, shared: bool = True, **options: Any) -> Served:
    """Serve a contract. An answer is what the operation returns, raises, or makes of its arguments.

    Building an application takes a third of a second, so tests with the same options share one,
    except those that change it before it starts (`shared=False`).
    """
    options = {"authenticate": None, "authorize": None} | options
    try:
        application = _shared(name, **options) if shared else _Shared(name, options)
    except TypeError:
        # Options that cannot be told apart by their values.
        application = _Shared(name, options)
    served = Served(application.app, application.engine)
    application.served, application.answers = served, answers
    return served


@cache
def _shared(name: str, **options: Any) -> _Shared:
    return _Shared(name, options)


class _Shared:
    """An application that answers what the test that served it last wants."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.answers: Mapping[str, Any] = {}
        modules = package(name)
        defaults = {
            "authenticate": dict.fromkeys(("staff", "apiKey", "till", "person"), anybody),
            "authorize": lambda caller, values: None,
        }
        options = {key: defaults[key] if value is None else value for key, value in options.items()}
        if name == "bookshop":
            options = {"error_body": problem} | options
        self.engine: Engine[str] = Engine(modules.application.contract(), **options)
        implementations = {
            tag_name(operation.tag): self._implementation(modules.operations, operation.tag)
            for operation in self.engine.document.operations
        }
        self.app = ContractAPI(self.engine, modules.application.build_router(self.engine, **implementations))
        self.served = Served(self.app, self.engine)

    def _implementation(self, operations: ModuleType, tag: str) -> object:
        protocol = getattr(operations, f"{tag.title()}Operations")

        def method(name: str) -> Callable[..., Any]:
            async def called(_: object, *callers: Any, **arguments: Any) -> Any:
                self.served.calls.append((name, callers, arguments))
                answer = self.answers[name]
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


def problem(api_error: APIError) -> dict[str, Any]:
    """The bookshop's error shape (RFC 9457)."""
    validation_errors = api_error.validation_errors if isinstance(api_error, Invalid) else []
    errors = [f"{'/'.join(map(str, detail.loc))}: {detail.msg}" for detail in validation_errors]
    return {"title": api_error.detail, "status": int(api_error.status), "errors": errors}
