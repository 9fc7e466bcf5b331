"""OWASP API9:2023, improper inventory management: the server serves exactly the contract."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from signing import SECRET
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.routing import OperationRoute, PathTree

from impl.app import create_app
from impl.settings import Settings
from tests.api.conftest import CONTRACT, NOT_FOUND, OPERATIONS, PATHS, Person, Server
from tests.resources import ANY

THE_CONTRACT = {"/openapi.json", "/openapi.yaml"}
PAGES = {"/client.tgz", "/docs", "/docs/assets", "/redoc"}


@pytest.fixture(scope="module", params=["development", "test", "production"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def app(environment: str) -> ContractAPI:
    return create_app(
        Settings(
            _env_file=None,
            environment=environment,
            database_url="postgresql://nowhere/none",
            better_auth_secret=SECRET,
        )
    )


def flat(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield all routes; FastAPI keeps an included router as one entry."""
    for route in routes:
        yield from flat(route.original_router.routes) if hasattr(route, "original_router") else [route]


def test_the_routes_are_the_operations_and_the_pages(app: ContractAPI, environment: str) -> None:
    contracts, others = set(), set()
    for route in flat(app.routes):
        if isinstance(route, OperationRoute):
            contracts |= {(method, route.path) for method in route.methods}
        else:
            others.add(re.sub(r"^/docs/assets/[0-9a-f]{16}/.*", "/docs/assets", route.path))
    assert contracts == {(operation.method, operation.path) for operation in OPERATIONS}
    assert others == THE_CONTRACT | (set() if environment == "production" else PAGES)


def test_the_engine_routes_exactly_the_operations(app: ContractAPI) -> None:
    tree: PathTree[OperationRoute] = app.engine.paths
    found = {}
    for path in PATHS:
        routes, _ = tree.match(path[1:].split("/")) or ({}, [])
        found |= {(method, path): route.operation.operation_id for method, route in routes.items()}
    assert found == {(operation.method, operation.path): operation.id for operation in OPERATIONS}


def versions() -> Iterator[str]:
    for path in PATHS:
        if path.startswith("/api/"):
            target = path.format(user_id="ada", **ANY)
            for version in ("v0", "v1", "v2", "beta", "internal", "old", "test"):
                yield f"/{version}{target}"
                yield target.replace("/api", f"/api/{version}", 1) + "/x"
            if not path.endswith("}"):
                # Otherwise it is a value of the last parameter.
                yield f"{target}.json"
            yield f"{target}/"
            yield target.replace("/api", "/API", 1)
            yield f"/mobile{target}"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_is_no_other_version_of_the_api(ada: Person, method: str) -> None:
    for target in versions():
        response = ada.server.request(method, target, token=ada.token)
        assert (response.status_code, response.json()) == (404, NOT_FOUND), target


def test_no_operation_is_deprecated_or_undocumented(server: Server) -> None:
    assert not [operation.id for operation in OPERATIONS if operation.node.get("deprecated")]
    # Without servers, the only one is that which served the document.
    assert "servers" not in CONTRACT
    assert server.request("GET", "/").json()["version"] == CONTRACT["info"]["version"]
    served = server.request("GET", "/openapi.json").json()
    assert {*served["paths"]} == {*PATHS}
    for operation in OPERATIONS:
        assert served["paths"][operation.path][operation.method.lower()]["operationId"] == operation.id
