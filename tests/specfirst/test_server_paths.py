"""Where an application is found: below the paths of the contract's servers, and behind a path prefix."""

from __future__ import annotations

import httpx
import pytest
from contracts import Served, package, serve
from fastapi import FastAPI
from specfirst.contract.document import Document
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.proxies import path_prefix
from specfirst.runtime.routing import Engine

PROXY = "192.0.2.1"


@pytest.fixture
def branches() -> Served:
    branch = package("branches").schemas.Branch(name="Oak Street")
    opened = package("branches").operations.OpenBranch201(body=branch, location="/branches/7")
    return serve("branches", {"get_root": branch, "get_branch": branch, "open_branch": opened})


def proxied(served: Served, peer: str, root_path: str = "") -> httpx.AsyncClient:
    """A client at this address of an application that trusts PROXY."""
    app = ContractAPI(served.engine, served.app.router, trusted_proxies=PROXY, root_path=root_path)
    transport = httpx.ASGITransport(app=app, client=(peer, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://shop")


@pytest.mark.parametrize("base", ["/v1", "/v2", "/old/branches"])
async def test_operations_are_served_below_every_server(branches: Served, base: str) -> None:
    assert (await branches.get(f"{base}/branches/oak")).status_code == 200
    assert branches.arguments == {"branch": "oak"}
    assert (await branches.get(f"{base}/")).status_code == 200
    created = await branches.request("POST", f"{base}/")
    assert (created.status_code, created.headers["location"]) == (201, f"{base}/branches/7")
    assert (await branches.get(created.headers["location"])).status_code == 200
    refused = await branches.request("PUT", f"{base}/")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize(
    "path",
    ["/", "/branches/oak", "/v1", "/v3/branches/oak", "/v1/v1/branches/oak", "/old/branches", "/v1%2F"],
)
async def test_nothing_is_served_elsewhere(branches: Served, path: str) -> None:
    assert (await branches.get(path)).status_code == 404


async def test_a_plain_fastapi_application_serves_the_same_paths(branches: Served) -> None:
    app = FastAPI()
    app.include_router(branches.app.router)
    assert set(app.openapi()["paths"]) == {"/v1/", "/v1/branches/{branch}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        for base in ("/v1", "/v2", "/old/branches"):
            created = await client.post(f"{base}/")
            assert (created.status_code, created.headers["location"]) == (201, f"{base}/branches/7")
        assert (await client.get("/branches/oak")).status_code == 404


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("/", ""),
        (".", ""),
        ("v1", "/v1"),
        ("./v1/", "/v1"),
        ("/v1/./x/..", "/v1"),
        ("//api.example.com/v1", "/v1"),
        ("https://api.example.com", ""),
        ("HTTPS://api.example.com/", ""),
    ],
)
def test_the_path_of_a_server_is_what_clients_resolve(url: str, base: str) -> None:
    assert Document({"servers": [{"url": url}]}).base_paths == (base,)


def test_a_document_without_servers_is_served_at_the_root() -> None:
    assert Document({}).base_paths == Document({"servers": []}).base_paths == ("",)


@pytest.mark.parametrize("prefix", ["/tasks-api", "/tasks-api/", " /a/b.c/~d\t", "/@team/v1:x", "/..."])
async def test_location_is_below_the_prefix_that_a_trusted_proxy_names(branches: Served, prefix: str) -> None:
    expected = prefix.strip().removesuffix("/") + "/v1/branches/7"
    async with proxied(branches, PROXY) as client:
        created = await client.post("/v1/", headers={"X-Forwarded-Prefix": prefix})
    assert (created.status_code, created.headers["location"]) == (201, expected)


@pytest.mark.parametrize(
    "prefix",
    [
        *(
            "",
            "/",
            "//evil.example",
            "/a//b",
            "a",
            "https://evil.example",
            "/\\evil.example",
            "/a\\b",
            "/a/../b",
        ),
        *(
            "/..",
            "/.",
            "/a?b",
            "/a#b",
            "/a b",
            "/a%2F",
            '/"',
            "/<b>",
            "/é",
            "/a, /b",
            "/{a}",
            "/" + "a" * 256,
        ),
    ],
)
async def test_a_prefix_that_is_no_path_of_plain_segments_is_ignored(branches: Served, prefix: str) -> None:
    async with proxied(branches, PROXY) as client:
        created = await client.post("/v1/", headers={"X-Forwarded-Prefix": prefix.encode()})
    assert (created.status_code, created.headers["location"]) == (201, "/v1/branches/7")


@pytest.mark.parametrize("break_", ["\r\nSet-Cookie: a=b", "\n", "\r", "\0"])
def test_a_prefix_cannot_end_a_header(break_: str) -> None:
    assert path_prefix(f"/a{break_}") is None


async def test_a_prefix_that_a_stranger_or_two_proxies_name_is_ignored(branches: Served) -> None:
    async with proxied(branches, "192.0.2.2") as client:
        created = await client.post("/v1/", headers={"X-Forwarded-Prefix": "/evil"})
        assert created.headers["location"] == "/v1/branches/7"
    async with proxied(branches, PROXY) as client:
        created = await client.post(
            "/v1/", headers=[("X-Forwarded-Prefix", "/a"), ("X-Forwarded-Prefix", "/b")]
        )
        assert created.headers["location"] == "/v1/branches/7"


async def test_the_configured_prefix_holds_where_no_proxy_names_one(branches: Served) -> None:
    async with proxied(branches, PROXY, root_path="/set") as client:
        for headers, prefix in (
            ({}, "/set"),
            ({"X-Forwarded-Prefix": "//bad"}, "/set"),
            ({"X-Forwarded-Prefix": "/named"}, "/named"),
            ({"X-Forwarded-Prefix": "/"}, ""),
        ):
            created = await client.post("/v1/", headers=headers)
            assert created.headers["location"] == f"{prefix}/v1/branches/7"


async def test_a_path_that_begins_like_the_prefix_is_found(branches: Served) -> None:
    async with proxied(branches, PROXY) as client:
        created = await client.post("/v1/", headers={"X-Forwarded-Prefix": "/v1"})
        assert (created.status_code, created.headers["location"]) == (201, "/v1/v1/branches/7")


@pytest.mark.parametrize("location", ["//other.example/x", "https://other.example/x", "7", "?page=2"])
async def test_only_a_location_that_is_an_absolute_path_gets_the_prefix(location: str) -> None:
    branch = package("branches").schemas.Branch(name="Oak Street")
    opened = package("branches").operations.OpenBranch201(body=branch, location=location)
    async with proxied(serve("branches", {"open_branch": opened}), PROXY, root_path="/set") as client:
        assert (await client.post("/v1/")).headers["location"] == location


async def test_a_mock_names_the_prefix_and_the_path_of_the_server() -> None:
    modules = package("branches").application
    engine: Engine[str] = Engine(
        modules.contract(), authenticate={}, authorize=lambda caller, values: None, mock=True
    )
    served = Served(ContractAPI(engine, modules.build_router(engine, branches=None)), engine)
    async with proxied(served, PROXY, root_path="/set") as client:
        created = await client.post("/v2/")
    assert (created.status_code, created.headers["location"]) == (201, "/set/v2/branches/7")
