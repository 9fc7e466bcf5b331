"""A page of another origin signs up at Better Auth and uses the API, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import psycopg2
import pytest
from chromium import CHROMIUM, browsing
from side_by_side import EXAMPLE, api, better_auth, free_port
from sqlalchemy import make_url

from impl.postgres.migrations import migrate
from scripts.client import install

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not on the PATH (Debian: apt install chromium)"),
]

# Signs up, signs out, signs in again, gets a token, adds a task and lists the tasks.
USE = """async (auth, api, email, password) => {
    const ask = async (url, options = {}) => {
        const response = await fetch(url, options);
        if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
        return response.json();
    };
    const login = (path, body) => ask(`${auth}/api/auth${path}`, {
        credentials: "include",
        ...(body && {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body),
        }),
    });
    const created = await login("/sign-up/email", { name: "Ada", email, password });
    await login("/sign-out", {});
    const { user } = await login("/sign-in/email", { email, password });
    const { token } = await login("/token");
    const tasks = `${api}/api/${user.id}/tasks`;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    await ask(tasks, { method: "POST", headers, body: JSON.stringify({ title: "From a page" }) });
    const page = await ask(tasks, { headers });
    const titles = page.items.map((task) => task.title);
    return { same: created.user.id === user.id, origin: location.origin, titles };
}"""

SIGN_UP = """async (auth, email) => {
    const body = JSON.stringify({ name: "Eve", email, password: email });
    const headers = { "Content-Type": "application/json" };
    try {
        await fetch(`${auth}/api/auth/sign-up/email`, { method: "POST", headers, body });
        return "read";
    } catch (error) {
        return error.message;
    }
}"""


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>A front end</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def front_end() -> Iterator[int]:
    """Serve an empty page; yield the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def services(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Better Auth, the API and a front end, whose origin both allow."""
    install(EXAMPLE)
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    connection.cursor().execute("CREATE DATABASE cross_origin")
    connection.close()
    url = make_url(postgres_url).set(database="cross_origin").render_as_string(hide_password=False)
    migrate(url)
    folder, port = tmp_path_factory.mktemp("cross-origin"), free_port()
    with front_end() as page_port:
        origin = f"http://127.0.0.1:{page_port}"
        with (
            better_auth(url, port, "EdDSA", folder / "log", FRONTEND_URL=origin) as auth_url,
            api(url, folder, BETTER_AUTH_URL=auth_url, FRONTEND_URL=origin) as api_url,
        ):
            yield {
                "auth": auth_url,
                "api": api_url,
                "origin": origin,
                "other": f"http://localhost:{page_port}",
            }


def test_a_page_of_the_front_end_signs_up_signs_in_adds_and_lists(
    services: dict[str, Any], tmp_path: Path
) -> None:
    email, password = f"{uuid4().hex}@example.com", uuid4().hex
    with browsing(tmp_path) as page:
        page.open(services["origin"])
        done = page.run(USE, services["auth"], services["api"], email, password)
    assert done == {"same": True, "origin": services["origin"], "titles": ["From a page"]}


def test_a_page_of_another_origin_cannot_sign_up(services: dict[str, Any], tmp_path: Path) -> None:
    with browsing(tmp_path) as page:
        page.open(services["other"])
        assert page.run(SIGN_UP, services["auth"], f"{uuid4().hex}@example.com") == "Failed to fetch"


def test_a_preflight_allows_only_the_front_ends_origin(services: dict[str, Any]) -> None:
    def preflight(origin: str) -> httpx.Response:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        url = f"{services['auth']}/api/auth/sign-in/email"
        return httpx.request("OPTIONS", url, headers=headers, timeout=10, trust_env=False)

    allowed, other = preflight(services["origin"]), preflight(services["other"])
    assert (allowed.status_code, other.status_code) == (204, 204)
    assert allowed.headers["access-control-allow-origin"] == services["origin"]
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert "content-type" in allowed.headers["access-control-allow-headers"].lower()
    assert not [name for name in other.headers if name.startswith("access-control-")]
    assert (allowed.headers["vary"], other.headers["vary"]) == ("Origin", "Origin")


def test_the_readme_names_the_node_version_that_the_packages_need() -> None:
    lock = json.loads((EXAMPLE / "package-lock.json").read_text(encoding="utf-8"))
    needed = {package.get("engines", {}).get("node", "") for package in lock["packages"].values()}
    assert ">=22.0.0" in needed
    assert json.loads((EXAMPLE / "package.json").read_text())["engines"] == {"node": ">=22"}
    assert "It needs Node 22 or later" in (EXAMPLE / "README.md").read_text(encoding="utf-8")
