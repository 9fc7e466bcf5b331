"""Error responses of the connection have the headers of every response of the contract."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .cases import LIMIT, chunked, get, sized
from .exchange import CONNECTION, FRONTEND, Response, exchange, serving, with_token

ORIGIN = b"Origin: " + FRONTEND.encode()
ID = b"X-Request-ID: mine"
CHUNKED = b"Transfer-Encoding: chunked"

ERRORS = {
    "400 of a field": (400, get(ORIGIN, ID, b"bad header")),
    "400 of the Host": (400, get(ORIGIN, ID, host=None)),
    "400 of a chunk": (400, chunked(b"x\r\n", ORIGIN, ID)),
    "400 of a trailer": (400, chunked(b"0\r\nbad trailer\r\n\r\n", ORIGIN, ID)),
    "413 of a length": (413, sized(b"", ORIGIN, ID, length=b"9" * 30)),
    "413 of a chunk": (413, chunked(b"f" * 30 + b"\r\n", ORIGIN, ID)),
    "414": (414, get(ORIGIN, ID, line=b"GET /" + b"x" * LIMIT + b" HTTP/1.1")),
    "417": (417, get(ORIGIN, ID, b"Expect: x")),
    "431": (431, get(ORIGIN, ID, b"X: " + b"x" * LIMIT)),
    "501": (501, get(ORIGIN, ID, b"Transfer-Encoding: gzip")),
    "505": (505, get(ORIGIN, ID, line=b"GET /health HTTP/2.0")),
    "400 of what looks like a preflight": (
        400,
        get(ORIGIN, ID, b"Access-Control-Request-Method: GET", b"x", line=b"OPTIONS /health HTTP/1.1"),
    ),
    "400 of a page": (400, get(ORIGIN, ID, b"Accept: text/html", b"x", line=b"GET / HTTP/1.1")),
}
LATE = [get(ORIGIN, ID)[:-2], sized(b"", ORIGIN, ID, length=b"3"), chunked(b"3\r\nab", ORIGIN, ID)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    folder = tmp_path_factory.mktemp("server")
    with serving(CONNECTION, folder) as port:
        yield port, folder / "log"


def only_response(port: int, data: bytes, status: int) -> Response:
    seen = exchange(port, data, f"{status}!", timeout=15)
    assert seen.outcome == f"{status}!"
    return seen.responses[0]


@pytest.mark.parametrize("name", [name for name in ERRORS if name != "414"])
def test_an_error_of_the_connection_has_the_common_headers(server: tuple[int, Path], name: str) -> None:
    status, data = ERRORS[name]
    expect_common_headers(only_response(server[0], data, status))


def test_408_has_the_common_headers(server: tuple[int, Path]) -> None:
    with ThreadPoolExecutor() as threads:
        for response in threads.map(lambda data: only_response(server[0], data, 408), LATE):
            expect_common_headers(response)


def expect_common_headers(response: Response) -> None:
    date = response.headers["date"]
    assert response.headers == {
        "date": date,
        "content-type": "application/json",
        "content-length": str(len(response.body)),
        "access-control-allow-origin": FRONTEND,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": response.headers["access-control-expose-headers"],
        "vary": "Origin",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "x-request-id": "mine",
        "connection": "close",
    }
    assert "X-Request-ID" in response.headers["access-control-expose-headers"].split(", ")
    assert list(json.loads(response.body)) == ["detail", "code"]


def test_a_too_long_target_gets_an_error_with_a_request_id(server: tuple[int, Path]) -> None:
    """The server does not read beyond the target, so it does not know the Origin."""
    response = only_response(server[0], ERRORS["414"][1], 414)
    assert response.headers["x-request-id"]
    assert response.headers["vary"] == "Origin"


def test_an_error_of_the_connection_is_logged_once(server: tuple[int, Path]) -> None:
    port, log = server
    only_response(port, chunked(b"x\r\n", b"X-Request-ID: logged-once"), 400)
    lines = [line for line in log.read_text().splitlines() if "logged-once" in line]
    assert len(lines) == 1
    assert "status=400" in lines[0]


def test_another_origin_may_not_read_an_error(server: tuple[int, Path]) -> None:
    response = only_response(server[0], get(b"Origin: https://evil.example", b"x"), 400)
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_a_preflight_succeeds_for_every_method(server: tuple[int, Path], method: str) -> None:
    request = get(
        ORIGIN, b"Access-Control-Request-Method: " + method.encode(), line=b"OPTIONS /health HTTP/1.1"
    )
    seen = exchange(server[0], request, "200")
    assert seen.outcome == "200"
    assert method in seen.responses[0].headers["access-control-allow-methods"].split(", ")


def test_options_of_the_server_names_all_methods(server: tuple[int, Path]) -> None:
    seen = exchange(server[0], get(line=b"OPTIONS * HTTP/1.1"), "204")
    assert seen.responses[0].headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


# --- Clients that request an upgrade ---

CURL, JAVA = shutil.which("curl"), shutil.which("java")
POST_IN_JAVA = """
import java.net.URI;
import java.net.http.*;
public class Post {
  public static void main(String[] given) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(given[0])).header("Authorization", given[1])
      .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(given[2])).build();
    var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding());
    System.out.print(response.statusCode());
  }
}
"""


def url(server: tuple[int, Path]) -> str:
    return f"http://127.0.0.1:{server[0]}/api/ada/tasks"


TOKEN = with_token(b"Bearer TOKEN").decode()


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_curl_can_post_and_offer_http2(server: tuple[int, Path]) -> None:
    command = [str(CURL), "--http2", "-sS", "-o", "/dev/null", "-w", "%{http_code}", url(server)]
    command += [
        "-H",
        f"Authorization: {TOKEN}",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"title":"a"}',
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "201"


@pytest.mark.skipif(JAVA is None, reason="Java is not installed")
def test_java_can_post_and_offer_http2(server: tuple[int, Path], tmp_path: Path) -> None:
    source = tmp_path / "Post.java"
    source.write_text(POST_IN_JAVA)
    command = [str(JAVA), "-XX:TieredStopAtLevel=1", str(source), url(server), TOKEN, '{"title":"a"}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("201", 0), done.stderr
