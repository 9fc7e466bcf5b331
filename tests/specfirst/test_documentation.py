"""What a client, a cache and a browser see of the documentation pages, over a real socket."""

import gzip
import hashlib
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread

import httpx
import pytest
import uvicorn
from serving import TLS
from specfirst.contract.document import Document
from specfirst.contract.yaml import server_splices
from specfirst.runtime import documentation
from specfirst.runtime.documentation import BrowsersToDocs, documentation_routes
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

CHROMIUM = shutil.which("chromium")
TITLE = 'Pets & "friends" </title><script>alert(1)</script>'
TOKEN = '"><script>alert(2)</script>'

# Neither is written as a serializer would write it: what is sent must be these bytes and no others.
OPENAPI_JSON = b"""{ "openapi": "3.1.0",
 "info": {"title": "Pets", "version": "1.0.0", "description": "Caf\xc3\xa9"},
 "paths": {
  "/one/{pet}": {"parameters": [{"$ref": "#/components/parameters/Pet"},
     {"name": "page", "in": "query", "description": "Overridden", "schema": {"type": "string"}}],
   "get": {"operationId": "getOne", "summary": "Read one", "tags": ["pets"],
    "parameters": [{"$ref": "#/components/parameters/Page"}],
    "security": [{"first": []}], "responses": {"200": {"description": "One"}}}},
  "/two": {"get": {"operationId": "getTwo", "summary": "Read two", "tags": ["pets"],
    "security": [{"second": []}], "responses": {"200": {"description": "Two"}}}},
  "/key": {"get": {"operationId": "getKey", "summary": "Read with a key", "tags": ["pets"],
    "security": [{"key": []}], "responses": {"200": {"description": "Three"}}}}},
 "components": {"parameters": {"Pet": {"name": "pet", "in": "path", "required": true,
    "description": "Which pet", "schema": {"type": "integer"}},
   "Page": {"name": "page", "in": "query", "description": "Which page", "schema": {"type": "integer"}}},
  "securitySchemes": {
  "first": {"type": "http", "scheme": "bearer"},
  "second": {"type": "http", "scheme": "Bearer"},
  "key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}}"""
OPENAPI_YAML = b"openapi:   3.1.0 # caf\xc3\xa9\r\ninfo: {title: Pets, version: 1.0.0}\npaths: {}"
SERVERS = {
    "openapi.json": server_splices(OPENAPI_JSON, Document.from_json(OPENAPI_JSON)),
    "openapi.yaml": server_splices(OPENAPI_YAML, Document({})),
}

BASE_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
)
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


@contextmanager
def serving(*, prefix: str = "", authorization: Callable[[], str] | None = None) -> Iterator[httpx.Client]:
    routes = documentation_routes(
        title=TITLE,
        openapi_json=OPENAPI_JSON,
        openapi_yaml=OPENAPI_YAML,
        servers=SERVERS,
        authorization=authorization,
    )
    routes.append(Route("/", lambda _: PlainTextResponse("root", headers={"Vary": "Origin"})))
    documented = Starlette(routes=routes)
    documented.router.redirect_slashes = False
    documented.add_middleware(BrowsersToDocs)
    app = Starlette(routes=[Mount(prefix, documented)]) if prefix else documented
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            port = listener.getsockname()[1]
            # What is compressed is for the tests to say.
            plain = {"Accept-Encoding": "identity"}
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}{prefix}", trust_env=False, headers=plain, verify=TLS
            ) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as client:
        yield client


class Page(HTMLParser):
    """Collects what a page refers to, and the text of its scripts and styles, which must be none."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.inline: list[str] = []
        self.title = ""
        self._element = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element = tag
        for name, value in attrs:
            if name in ("href", "src", "spec-url", "data-contract"):
                self.references.append(value or "")
            elif name == "style" or name.startswith("on"):
                self.inline.append(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._element = ""

    def handle_data(self, data: str) -> None:
        if self._element == "title":
            self.title += data
        elif self._element in ("script", "style"):
            self.inline.append(data)


def assets_of(client: httpx.Client) -> list[str]:
    pages = [Page(client.get(path).text) for path in ("/docs", "/redoc")]
    return sorted({name for page in pages for name in page.references if name != "openapi.json"})


@pytest.mark.parametrize(
    ("path", "media_type", "content"),
    [
        ("/openapi.json", "application/json", OPENAPI_JSON),
        ("/openapi.yaml", "application/yaml", OPENAPI_YAML),
    ],
)
def test_the_contract_is_sent_as_the_very_bytes_that_were_given(
    client: httpx.Client, path: str, media_type: str, content: bytes
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


COMPRESSED = {"Accept-Encoding": "gzip"}


def test_content_of_some_size_is_compressed_with_a_tag_of_its_own(client: httpx.Client) -> None:
    """RFC 9110, section 8.8.3.3: a strong entity tag differs for each content coding."""
    for path in ["/openapi.json", *(name for name in assets_of(client) if not name.endswith(".png"))]:
        plain, coded = client.get(path), client.get(path, headers=COMPRESSED)
        large = len(plain.content) >= 1024
        assert coded.headers.get("content-encoding") == ("gzip" if large else None), path
        assert (
            coded.headers.get("vary") == plain.headers.get("vary") == ("Accept-Encoding" if large else None)
        )
        assert (coded.headers["etag"] != plain.headers["etag"]) is large
        assert coded.content == plain.content
        assert "content-encoding" not in plain.headers
        head = client.head(path, headers=COMPRESSED)
        assert {**head.headers, "date": ""} == {**coded.headers, "date": ""}, path


def test_the_length_is_that_of_the_compressed_content(client: httpx.Client) -> None:
    with client.stream("GET", "/openapi.json", headers=COMPRESSED) as answer:
        raw = b"".join(answer.iter_raw())
    assert gzip.decompress(raw) == OPENAPI_JSON
    assert int(answer.headers["content-length"]) == len(raw) < len(OPENAPI_JSON) / 2


def test_an_image_is_not_compressed(client: httpx.Client) -> None:
    [icon] = [name for name in assets_of(client) if name.endswith(".png")]
    assert not {"content-encoding", "vary"} & client.get(icon, headers=COMPRESSED).headers.keys()


def test_304_names_the_tag_of_the_coding_that_the_client_accepts(client: httpx.Client) -> None:
    plain, coded = (client.get("/openapi.json", headers=headers) for headers in ({}, COMPRESSED))
    for accept, own, other in ((COMPRESSED, coded, plain), ({}, plain, coded)):
        known = client.get("/openapi.json", headers={**accept, "If-None-Match": own.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")
        assert (known.headers["etag"], known.headers["vary"]) == (own.headers["etag"], "Accept-Encoding")
        assert "content-encoding" not in known.headers
        unknown = client.get("/openapi.json", headers={**accept, "If-None-Match": other.headers["etag"]})
        assert (unknown.status_code, unknown.headers["etag"]) == (200, own.headers["etag"])


def test_behind_a_prefix_the_contract_differs_by_its_server_alone(client: httpx.Client) -> None:
    with serving(prefix="/behind/a/proxy") as behind:
        found = behind.get("/openapi.json"), behind.get("/openapi.yaml")
    server = b'[{"url": "/behind/a/proxy"}]'
    assert found[0].content == OPENAPI_JSON.replace(b'"openapi"', b'"servers": ' + server + b', "openapi"', 1)
    assert found[1].content == b"servers: " + server + b"\n" + OPENAPI_YAML
    assert found[0].headers["etag"] != client.get("/openapi.json").headers["etag"]


@pytest.mark.parametrize(
    ("text", "behind"),
    [
        ("servers:\n  - url: /\n", 'servers:\n  - url: "/p/q"\n'),
        ("servers: # é\r\n- url: '/v1/' # the first\r\n", 'servers: # é\r\n- url: "/p/q/v1" # the first\r\n'),
        ("servers:\n  - url: &u /\n    x: *u\n", 'servers:\n  - url: &u "/p/q"\n    x: *u\n'),
        ("servers:\n  - url: !!str /a\n", 'servers:\n  - url: !!str "/p/q/a"\n'),
        ("servers:\n- url: |-\n    /a\n\n# b\nc: 1\n", 'servers:\n- url: "/p/q/a"\n\n# b\nc: 1\n'),
        ("servers: [{url: /a, x: 1}, {url: b}]", 'servers: [{url: "/p/q/a", x: 1}, {url: b}]'),
        ("servers: [{url: //h/a}, {url: 'https://h/a'}]", None),
        (
            "servers:\n- url: '/{v}'\n  variables: {v: {default: v1}}\n",
            'servers:\n- url: "/p/q/{v}"\n  variables: {v: {default: v1}}\n',
        ),
        (
            "servers:\n- url: '{v}/x'\n  variables: {v: {default: /v1}}\n",
            'servers:\n- url: "/p/q{v}/x"\n  variables: {v: {default: /v1}}\n',
        ),
        ("servers:\n- url: '{v}'\n  variables: {v: {default: 'https://h'}}\n", None),
        ("servers: []\n", 'servers: [{"url": "/p/q"}]\n'),
        ("# c\n---\na: 1\nb: 2\n", '# c\n---\nservers: [{"url": "/p/q"}]\na: 1\nb: 2\n'),
        ('\ufeff{\n  "a": 1}', '\ufeff{\n  "servers": [{"url": "/p/q"}], "a": 1}'),
    ],
)
def test_a_prefix_is_put_before_each_path_of_a_server(text: str, behind: str | None, tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_bytes(text.encode())
    found, position = b"", 0
    for start, end, before, after in server_splices(text.encode(), Document.load(path)):
        found += text.encode()[position:start] + f"{before}/p/q{after}".encode()
        position = end
    assert (found + text.encode()[position:]).decode() == (behind or text)


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', '"other",W/{}', "*"])
@pytest.mark.parametrize("path", ["/openapi.json", "/openapi.yaml", "/docs", "/redoc"])
def test_a_client_that_has_the_bytes_gets_304_without_a_body(
    client: httpx.Client, path: str, known: str
) -> None:
    full = client.get(path)
    answer = client.get(path, headers={"If-None-Match": known.format(full.headers["etag"])})
    assert (answer.status_code, answer.content) == (304, b"")
    for header in ("etag", "cache-control"):
        assert answer.headers[header] == full.headers[header]
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("known", ['"other"', 'W/"other"', "", ",", "{}-gzip"])
def test_a_client_that_has_other_bytes_gets_the_contract(client: httpx.Client, known: str) -> None:
    etag = hashlib.sha256(OPENAPI_JSON).hexdigest()
    answer = client.get("/openapi.json", headers={"If-None-Match": known.format(etag)})
    assert (answer.status_code, answer.content) == (200, OPENAPI_JSON)


def test_head_answers_with_the_headers_of_get_and_no_body(client: httpx.Client) -> None:
    for path in ["/openapi.json", "/openapi.yaml", "/docs", "/redoc", *assets_of(client)]:
        get, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}, path


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/docs", BASE_POLICY + "style-src 'self'"),
        ("/redoc", BASE_POLICY + f"style-src 'self' {EMPTY_STYLE}; font-src data:"),
    ],
)
def test_a_page_runs_under_a_strict_policy(client: httpx.Client, path: str, policy: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"
    assert "unsafe" not in policy


@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_page_refers_only_to_what_is_served_beside_it(prefix: str, path: str) -> None:
    with serving(prefix=prefix) as client:
        url = client.get(path).url
        references = Page(client.get(path).text).references
        assert "openapi.json" in references
        assert len(references) >= 3
        for reference in references:
            assert not re.match(r"[a-z]+:|/", reference), reference
            assert client.get(url.join(reference)).status_code == 200, reference


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_page_shows_its_title_as_text_and_has_nothing_inline(client: httpx.Client, path: str) -> None:
    page = Page(client.get(path).text)
    assert page.title == TITLE
    assert page.inline == []


def test_an_asset_may_be_kept_for_good_because_its_address_names_its_bytes(client: httpx.Client) -> None:
    names = assets_of(client)
    assert len(names) == 6
    for name in names:
        assert re.match(r"docs/assets/[0-9a-f]{16}/", name)
        answer = client.get(name)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        expected = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
        assert answer.headers["content-type"] == expected.get(name.rsplit(".", 1)[1], "image/png")


def test_an_unknown_asset_is_not_found(client: httpx.Client) -> None:
    known = assets_of(client)[0]
    digest = known.split("/")[2]
    for unknown in (
        "docs/assets/",
        f"docs/assets/{digest}/README.md",
        f"docs/assets/{digest}/%2e%2e/documentation.py",
        f"docs/assets/{digest}/../documentation.py",
        known.replace(digest, "0" * 16),
        known + "/",
    ):
        assert client.get(unknown).status_code == 404, unknown


def test_a_page_carries_no_token_unless_it_was_given_one(client: httpx.Client) -> None:
    assert "data-token" not in client.get("/docs").text
    with serving(authorization=lambda: TOKEN) as authorized:
        assert f' data-token="{escape(TOKEN)}"' in authorized.get("/docs").text
        assert Page(authorized.get("/docs").text).inline == []
        assert "data-token" not in authorized.get("/redoc").text


def test_a_page_with_a_token_is_made_anew_each_time_and_kept_by_nobody() -> None:
    tokens = iter(["one", "two"])
    with serving(authorization=lambda: next(tokens)) as client:
        first, second = client.get("/docs"), client.get("/docs", headers={"If-None-Match": "*"})
    assert ' data-token="one"' in first.text
    assert ' data-token="two"' in second.text
    assert first.headers["cache-control"] == "no-store"
    assert "etag" not in first.headers
    assert first.headers["content-security-policy"] == BASE_POLICY + "style-src 'self'"


@pytest.mark.parametrize(
    ("destination", "given"), [("document", True), ("empty", False), ("script", False), ("iframe", False)]
)
def test_a_token_goes_to_whoever_opens_the_page_and_to_no_script(destination: str, given: bool) -> None:
    with serving(authorization=lambda: TOKEN) as client:
        answer = client.get("/docs", headers={"Sec-Fetch-Dest": destination})
    assert answer.status_code == 200
    assert ("data-token" in answer.text) is given


def test_every_asset_that_others_wrote_is_the_one_that_the_readme_lists() -> None:
    folder = Path(documentation.__file__).parent / "assets"
    rows = re.findall(
        r"^\| (\S+) \| [\d.]+ \| (\S+) \| ([0-9a-f]{64}) \|$",
        (folder / "README.md").read_text(),
        re.MULTILINE,
    )
    listed = {f"{package}/{file}": digest for package, file, digest in rows}
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*/**/*")
        if path.is_file()
    }
    assert listed == found
    assert {"redoc/LICENSE", "swagger-ui-dist/LICENSE"} <= listed.keys()


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", [BROWSER, "text/html", "Text/HTML , */*"])
def test_a_browser_that_opens_the_root_is_led_to_the_page(accept: str, method: str) -> None:
    for prefix in ("", "/behind/a/proxy"):
        with serving(prefix=prefix) as client:
            answer = client.request(method, "/", headers={"Accept": accept})
            assert (answer.status_code, answer.content) == (303, b"")
            assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Accept", "no-store")
            there = client.get(answer.url.join(answer.headers["location"]))
            assert (there.status_code, there.url.path) == (200, f"{prefix}/docs")


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/json",
        "application/json, text/html",
        "text/html;q=0.1, */*",
        "text/htmlx",
    ],
)
def test_a_program_that_asks_for_the_root_gets_what_is_there(
    client: httpx.Client, accept: str | None
) -> None:
    request = client.build_request("GET", "/")
    request.headers.pop("accept")
    if accept is not None:
        request.headers["accept"] = accept
    answer = client.send(request)
    assert (answer.status_code, answer.text) == (200, "root")
    assert answer.headers["vary"] == "Origin, Accept"


def test_only_the_root_leads_to_the_page(client: httpx.Client) -> None:
    for method, path, status in (
        ("POST", "/", 405),
        ("GET", "/x", 404),
        ("GET", "/%2F", 404),
    ):
        answer = client.request(method, path, headers={"Accept": BROWSER})
        assert answer.status_code == status
        assert "vary" not in answer.headers


class Visit:
    """What headless Chromium made of a page: its elements, what it asked for, what was kept out."""

    def __init__(self, client: httpx.Client, path: str, folder: Path) -> None:
        assert CHROMIUM is not None
        origin = str(client.base_url).rstrip("/")
        log = folder / "net.json"
        done = subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                # The browser itself would otherwise look for its makers' servers.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                f"--user-data-dir={folder / 'profile'}",
                f"--log-net-log={log}",
                "--enable-logging=stderr",
                "--virtual-time-budget=8000",
                "--dump-dom",
                origin + path,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        self.html = done.stdout
        requested = {
            event["params"]["url"]
            for event in json.loads(log.read_text())["events"]
            # Requests that the page made, as opposed to the browser, name the page's origin.
            if event.get("params", {}).get("initiator") == origin
        }
        self.own = {url.removeprefix(origin) for url in requested if url.startswith(origin + "/")}
        self.foreign = {url for url in requested if not url.startswith(origin + "/")}
        console = re.findall(r":CONSOLE:\d+\] \"(.*)", done.stderr)
        self.violations = [line for line in console if "Content Security Policy" in line]
        self.errors = [line for line in console if "Uncaught" in line]


needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@needs_chromium
def test_swagger_ui_renders_the_contract_and_asks_nobody_else(client: httpx.Client, tmp_path: Path) -> None:
    visit = Visit(client, "/docs", tmp_path)
    assert "Read one" in visit.html
    assert "operations-pets-getOne" in visit.html
    assert "authorize unlocked" in visit.html
    assert "/openapi.json" in visit.own
    assert visit.foreign == set()
    assert (visit.violations, visit.errors) == ([], [])


@needs_chromium
def test_a_deep_link_opens_an_operation_with_the_parameters_of_its_path(
    client: httpx.Client, tmp_path: Path
) -> None:
    visit = Visit(client, "/docs#/pets/getOne", tmp_path)
    assert re.findall(r'data-param-name="(\w*)"', visit.html) == ["pet", "page"]
    assert re.findall("Which pet|Which page|Overridden", visit.html) == ["Which pet", "Which page"]
    assert (visit.violations, visit.errors) == ([], [])


@needs_chromium
def test_redoc_renders_the_contract_and_asks_nobody_else(client: httpx.Client, tmp_path: Path) -> None:
    visit = Visit(client, "/redoc", tmp_path)
    assert "Café" in visit.html
    assert "/one/{pet}" in visit.html
    assert "/openapi.json" in visit.own
    assert visit.foreign == set()
    # The one thing that the policy keeps out is the makers' logo, which no option turns off.
    assert [line for line in visit.violations if "/redoc/logo-mini" not in line] == []
    assert visit.errors == []


@needs_chromium
def test_swagger_ui_is_authorized_for_every_bearer_scheme_and_no_other(tmp_path: Path) -> None:
    with serving(authorization=lambda: TOKEN) as client:
        visit = Visit(client, "/docs", tmp_path)
    assert "authorize locked" in visit.html
    locks = dict(
        re.findall(r'id="operations-pets-(\w+)".*?authorization__btn.*?class="((?:un)?locked)"', visit.html)
    )
    assert locks == {"getOne": "locked", "getTwo": "locked", "getKey": "unlocked"}
    assert (visit.violations, visit.errors) == ([], [])
