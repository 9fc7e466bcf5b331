"""mock, proxy, serve, fuzz and coverage as commands: what they serve, and bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx
import pytest
from command import specfirst
from servers import running
from specfirst.cli.main import main
from specfirst.fuzz.run import as_toml, merged
from specfirst.runtime.mock_server import create_mock

CONTRACT = """\
openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 9}}
      responses:
        '200':
          description: The pets.
          content:
            application/json:
              schema: {type: array, items: {type: string}}
        '422': {description: Invalid.}
"""


@dataclass
class Command:
    process: subprocess.Popen[str]
    url: str
    printed: str

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


@contextmanager
def command(folder: Path, *arguments: str) -> Iterator[Command]:
    """Run `specfirst` until it says that it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "specfirst", *arguments, "--port", "0"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    # A pipe that nobody reads would stop the server once it is full.
    reader = Thread(target=process.stdout.read, daemon=True)
    try:
        for line in process.stdout:
            printed += line
            if "startup complete" in line:
                break
        reader.start()
        found = re.search(r"http://127\.0\.0\.1:\d+", printed)
        assert found, printed
        yield Command(process, found[0], printed)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if reader.ident is not None:
            reader.join(20)
        process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "openapi.yaml").write_text(CONTRACT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_mock_serves_until_it_is_stopped(folder: Path) -> None:
    with command(folder, "mock", "openapi.yaml", "--errors", "problem+json") as mock:
        response = httpx.get(f"{mock.url}/pets")
        assert (response.status_code, response.headers["x-mock"]) == (200, "schema")
        response = httpx.get(f"{mock.url}/nowhere")
        assert response.headers["content-type"] == "application/problem+json"
        assert mock.stop() == 0


APP = """\
from pathlib import Path
from specfirst import Contract, create_mock

def create_app():
    return create_mock(Contract.load("openapi.yaml"), Path("openapi.yaml").read_bytes())
"""


def test_serve_serves_the_application_of_the_folder(folder: Path) -> None:
    (folder / "app.py").write_text(APP)
    with command(folder, "serve", "--workers", "1") as served:
        assert httpx.get(f"{served.url}/pets").status_code == 200
        assert served.stop() == 0


PLAIN = """\
import gc

async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"%d" % gc.get_freeze_count()})
    else:
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
"""


def test_serve_serves_any_asgi_application(folder: Path) -> None:
    (folder / "plain.py").write_text(PLAIN)
    (folder / "specfirst.toml").write_text('[serve]\napp = "plain:application"\n')
    with command(folder, "serve") as served:
        response = httpx.get(f"{served.url}/")
        assert response.status_code == 200
        # Garbage collection skips the objects of the start-up.
        assert int(response.text) > 10_000
        assert served.stop(signal.SIGINT) == 0


SLOW = """\
import asyncio, pathlib

async def application(scope, receive, send):
    if scope["type"] == "http":
        pathlib.Path("requested").touch()
        await asyncio.sleep(60)
    else:
        for event in ("startup", "shutdown"):
            await receive()
            pathlib.Path(event).touch()
            await send({"type": f"lifespan.{event}.complete"})
"""


def test_a_second_interrupt_ends_requests_and_then_the_application(folder: Path) -> None:
    (folder / "plain.py").write_text(SLOW)
    (folder / "specfirst.toml").write_text('[serve]\napp = "plain:application"\n')
    with command(folder, "serve") as served:
        port = int(served.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually((folder / "requested").exists)
            served.process.send_signal(signal.SIGINT)
            eventually(lambda: not accepts_connections(port))
            assert not (folder / "shutdown").exists()
            assert served.stop(signal.SIGINT) == 0
    assert (folder / "shutdown").exists()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        return False
    return True


def test_fuzz_and_coverage_of_a_running_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A planted fault is found; what was sent is observed."""
    document = json.loads(json.dumps(contract(folder)))
    document["paths"]["/pets"]["get"]["responses"]["200"]["content"]["application/json"] = {
        "schema": {"type": "string"}
    }
    from specfirst.contract.document import Document

    options = ["--examples", "3", "--seed", "1", "--option=--phases=fuzzing", "-H", "X-Key: 1"]
    with running(create_mock(Document(document), b"")) as url:
        assert main(["fuzz", "openapi.yaml", "--url", url, *options]) == 1
        printed = capsys.readouterr().out
    assert "GET /pets: Response violates schema" in printed
    assert f"specfirst fuzz openapi.yaml --url {url} --examples 3 --seed 1" in printed
    page = (folder / ".specfirst/fuzz/index.html").read_text()
    assert "Response violates schema" in page
    assert main(["coverage", "--json", "--page", "build/coverage.html"]) == int(
        "422" not in page.partition("<h2>Operations")[2]
    )
    coverage = json.loads(capsys.readouterr().out)
    observed = {one["status"]: one["observed"] for one in coverage["responses"]}
    assert observed[200]
    assert "Pets: contract coverage" in (folder / "build/coverage.html").read_text()
    assert main(["coverage", "--fail-under", "50"]) == 0


def contract(folder: Path) -> object:
    from specfirst.contract.document import Document

    return Document.load(str(folder / "openapi.yaml")).content


def test_the_project_s_configuration_is_merged_into_ours(tmp_path: Path) -> None:
    project = tmp_path / "schemathesis.toml"
    project.write_text('hooks = "my_hooks.py"\nworkers = 2\n[generation]\nmode = "positive"\n')
    settings, hooks = merged(project)
    assert settings["hooks"] == "specfirst.fuzz.hooks"
    assert hooks == str(tmp_path / "my_hooks.py")
    assert (settings["workers"], settings["generation"]["mode"]) == (2, "positive")
    assert settings["generation"]["database"] == "none"
    import tomllib

    assert tomllib.loads(as_toml(settings)) == settings


# --- Bad input ----------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must not run, and return its message."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1, printed.err
    return printed.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swagger: '2.0'\n", "the document is Swagger 2.0; convert it to OpenAPI 3"),
        ("- 1\n", "the document is not OpenAPI"),
        ("{", ""),
        (None, "the file cannot be read: No such file or directory"),
    ],
)
@pytest.mark.parametrize(
    "arguments", [("mock", "it.yaml"), ("proxy", "it.yaml", "http://127.0.0.1:1"), ("coverage", "it.yaml")]
)
def test_a_file_that_is_no_contract(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    text: str | None,
    said: str,
) -> None:
    if text is not None:
        (folder / "it.yaml").write_text(text)
    message = refused(capsys, *arguments)
    assert message.startswith(f"specfirst {arguments[0]}: it.yaml")
    assert said in message


def test_no_operation_can_be_left_out_for_an_error_of_the_whole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "it.yaml").write_text("openapi: 3.1.0\npaths: {}\n")
    assert main(["mock", "it.yaml"]) == 2
    assert "--skip-unservable" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--config", "none.toml", "lint"], "specfirst lint: The configuration none.toml does not exist\n"),
        (["lint", "--config", "none.toml"], "specfirst lint: The configuration none.toml does not exist\n"),
        (["coverage", "--fail-under", "200"], "must be a percentage from 0 to 100, and is 200\n"),
        (["coverage", "--fail-under", "nan"], "must be a percentage from 0 to 100, and is nan\n"),
        (["lnt"], "; did you mean lint?\n"),
        (["lint", "--format", "jsno"], "; did you mean json?\n"),
        (
            ["lint", "ftp://x/y"],
            "specfirst lint: ftp://x/y: URLs of the scheme ftp are not supported; use a ",
        ),
        (
            ["generate", "none.yaml", "--output", "o"],
            "specfirst generate: none.yaml: the file cannot be read",
        ),
        (["init", "--contract", "none.yaml", "p"], "specfirst init: none.yaml: the file cannot be read"),
    ],
)
def test_a_wrong_command_line_says_what_to_do(folder: Path, arguments: list[str], said: str) -> None:
    (folder / "it.yaml").write_text(CONTRACT)
    done = specfirst(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_contract_that_cannot_be_served_says_where(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = CONTRACT.replace("      operationId", "      security: [{nobody: []}]\n      operationId")
    (folder / "it.yaml").write_text(changed)
    assert main(["mock", "it.yaml"]) == 2
    first, problem, hint = capsys.readouterr().err.splitlines()
    assert first == "specfirst mock: it.yaml has errors:"
    assert problem.startswith("it.yaml:6:19: error security-requirement: ")
    assert "#/paths/~1pets/get/security" in problem
    assert hint == "To leave out their operations: --skip-unservable"


WRONG = """\
  /wrong:
    post:
      operationId: addWrong
      requestBody: {$ref: '#/components/requestBodies/Wrong'}
      responses: {'204': {description: Added.}}
components:
  requestBodies:
    Wrong: {content: {application/json: {schema: {$ref: '#/components/schemas/Wrong'}}}}
  schemas:
    Wrong: {type: nonsense}
"""


def test_what_cannot_be_served_may_be_left_out(folder: Path) -> None:
    (folder / "it.yaml").write_text(CONTRACT + WRONG)
    with command(folder, "serve", "it.yaml", "--skip-unservable") as served:
        assert httpx.get(f"{served.url}/pets").status_code == 200
        assert httpx.post(f"{served.url}/wrong").status_code in (404, 405)
        assert "Left out: POST /wrong" in served.printed


def test_a_port_in_use(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        message = refused(capsys, "mock", "openapi.yaml", "--port", port)
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port" in message
        (folder / "app.py").write_text(APP)
        assert "choose another --port" in refused(capsys, "serve", "--port", port)


@pytest.mark.parametrize("name", ["proxy", "fuzz"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "cannot be reached: Connection refused; start the server, or correct the URL"),
        ("ftp://example.com", "is not the URL of a server"),
        ("http://[", "is not a URL"),
        ("nonsense", "is not the URL of a server"),
    ],
)
def test_a_server_that_is_not_there(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, url: str, said: str
) -> None:
    arguments = [url] if name == "proxy" else ["--url", url]
    assert f"{url} {said}" in refused(capsys, name, "openapi.yaml", *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve"], "There is no app.py here; name the application as module:name"),
        (["serve", "nowhere:app"], "The module nowhere was not found in "),
        (["serve", "json:app"], "The module json has no app"),
        (["serve", "json"], "The module json has no create_app or app"),
        (["serve", "json:loads", "--workers", "0"], "--workers must be at least 1"),
        (["serve", "gone.yaml"], "gone.yaml"),
        (["fuzz", "openapi.yaml"], "--url is required"),
        (["fuzz", "openapi.yaml", "--url", "http://x", "--examples", "0"], "must be at least 1"),
        (["fuzz", "openapi.yaml", "--url", "http://x", "-H", "nonsense"], "--header must be 'NAME: VALUE'"),
        (["coverage", "openapi.yaml"], ".specfirst/observations has no observations of openapi.yaml"),
    ],
)
def test_options_that_make_no_sense(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert said in refused(capsys, *arguments)


def test_a_schemathesis_configuration_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(create_mock(__import__("specfirst").Contract.load("openapi.yaml"), b"")) as url:
        arguments = ["fuzz", "openapi.yaml", "--url", url, "--schemathesis"]
        assert "does not exist" in refused(capsys, *arguments, "gone.toml")
        (folder / "bad.toml").write_text("a =")
        assert "bad.toml cannot be read: " in refused(capsys, *arguments, "bad.toml")


def test_a_missing_extra_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    message = refused(capsys, "fuzz", "openapi.yaml", "--url", "http://127.0.0.1:1")
    assert "pip install 'specfirst[fuzz]'" in message


# --- The public names ---------------------------------------------------------------------------------


def test_all_public_names_can_be_imported() -> None:
    import specfirst

    assert all(getattr(specfirst, name) for name in specfirst.__all__)
    assert {*specfirst.__all__} == {"__version__", *specfirst._PLACES}
    with pytest.raises(AttributeError):
        specfirst.nonsense  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    check = "import sys, specfirst; print([name for name in sys.modules if name.startswith('specfirst.')])"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, env=environment)
    assert done.stdout == "[]\n"
