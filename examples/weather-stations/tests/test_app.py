"""The application serves its contract. Requests are sent in this process, without a socket."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from specfirst.contract.document import Operation

from app import create_app
from generated.application import OPENAPI_YAML, contract

APP = create_app()
BASE = contract().base_paths[0]


def send(method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    async def response() -> httpx.Response:
        transport = httpx.ASGITransport(app=APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(response())


def test_the_contract_is_served() -> None:
    response = send("GET", "/openapi.yaml")
    assert response.status_code == 200
    assert response.content == OPENAPI_YAML


@pytest.mark.parametrize("operation", contract().operations, ids=lambda operation: operation.operation_id)
def test_every_operation_has_a_route(operation: Operation) -> None:
    path = re.sub(r"\{[^{}]*\}", "1", operation.path)
    response = send("OPTIONS", f"{BASE}{path}")
    assert operation.method.upper() in response.headers["Allow"].split(", ")


def test_an_unknown_path_is_not_found() -> None:
    assert send("GET", "/no/such/path").status_code == 404
