"""An application that mocks every operation of a contract, without code and without a generated package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRouter

from specfirst.client.package import package, tarball
from specfirst.contract.document import Document
from specfirst.runtime.application import CORS, ContractAPI
from specfirst.runtime.documentation import documentation_routes
from specfirst.runtime.routing import Engine
from specfirst.runtime.security import Authenticate, any_credential


def create_mock(document: Document, source: bytes, *, seed: int = 0, **policies: Any) -> ContractAPI:
    """Build the application; `source` is the text of the contract, and `policies` are options of the Engine.

    Requests are matched, authenticated and validated as in a real server, but every credential of the right
    form is accepted. Pages of all origins may call it. Raises DocumentError.
    """
    engine = Engine(
        document,
        authenticate=accept_all(document),
        authorize=lambda caller, values: None,
        mock=True,
        mock_seed=seed,
        client_certificate=lambda scope: "mock",
        **policies,
    )
    engine.serve_mocks()
    app = ContractAPI(engine, APIRouter())
    app.router.routes.extend(
        documentation_routes(
            title=app.title,
            openapi_json=document.to_json(),
            openapi_yaml=source,
            client=lambda: tarball(package(document)),
        )
    )
    everything = ["*"]
    app.add_middleware(
        CORS,
        allow_origins=everything,
        allow_methods=everything,
        allow_headers=everything,
        expose_headers=everything,
    )
    return app


def accept_all(document: Document) -> Mapping[str, Authenticate[str]]:
    """Return a function for each security scheme, which accepts every credential of the right form."""
    return {name: any_credential(scheme) for name, scheme in document.security_schemes.items()}
