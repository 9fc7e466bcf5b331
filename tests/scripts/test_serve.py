"""scripts/serve and scripts/token, run as a user runs them."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from copies import SERVICE, Copy, import_path
from serving import CLEAN, ROOT, Served, serving

from devtools.development_secret import development_secret
from impl.identity.tokens import mint_token


def token(user: str, data: Path, **env: str) -> str:
    command = [ROOT / "scripts" / "token", user, "--data", str(data)]
    return subprocess.run(command, env=CLEAN | env, capture_output=True, text=True, check=True).stdout.strip()


def startup_error(*arguments: str, **env: str) -> str:
    """Return the error message with which scripts/serve does not start."""
    done = subprocess.run(
        [ROOT / "scripts" / "serve", *arguments], env=CLEAN | env, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1, done.stdout
    return done.stderr.strip()


def processes_naming(text: str) -> list[str]:
    """Return the command lines of all processes that contain the text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in command:
            found.append(command)
    return found


def none_remains(text: str) -> bool:
    deadline = time.monotonic() + 10
    while processes_naming(text) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not processes_naming(text)


def test_the_printed_command_works_and_ctrl_c_keeps_the_data(tmp_path: Path) -> None:
    data = tmp_path / "my data"
    arguments = ("--port", "0", "--data", str(data))
    with serving(*arguments, "--workers", "1") as first:
        command = next(line for line in first.printed.splitlines() if line.startswith("Try it"))
        curl = shlex.split(command.removeprefix("Try it"))
        url, header = curl[1], dict([curl[3].split(": ", 1)])
        assert httpx.get(url).status_code == 401
        created = httpx.post(url, headers=header, json={"title": "Stay"})
        assert created.status_code == 201
        assert first.stop() == 0
    assert none_remains(str(data))
    with serving(*arguments) as second:
        listed = httpx.get(url.replace(first.url, second.url), headers=header)
        assert listed.json()["items"] == [created.json()]
        second.process.send_signal(signal.SIGTERM)
        second.process.wait(timeout=20)
    assert none_remains(str(data))


def test_no_process_remains_after_the_server_is_killed(
    with_cluster: Callable[[Path], Path], tmp_path: Path
) -> None:
    data = with_cluster(tmp_path)
    with serving("--port", "0", "--data", str(data)) as served:
        served.process.kill()
        served.process.wait()
        assert none_remains(str(data))


@pytest.fixture(scope="module")
def data(with_cluster: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_cluster(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Served]:
    """A server with this data folder."""
    with serving("--port", "0", "--data", str(data)) as served:
        yield served


def test_a_development_token_is_valid_for_its_user(served: Served, data: Path) -> None:
    headers = {"Authorization": f"Bearer {token('ada', data)}"}
    profile = httpx.get(f"{served.url}/api/ada", headers=headers)
    assert (profile.status_code, profile.json()["id"]) == (200, "ada")
    assert httpx.get(f"{served.url}/api/bob", headers=headers).status_code == 403


def test_a_login_service_disables_development_tokens(tmp_path: Path) -> None:
    local = development_secret(tmp_path / "development-secret")
    env = {"BETTER_AUTH_URL": "http://127.0.0.1:1"}
    with serving("--mock", "--port", "0", "--data", str(tmp_path), env=env) as served:
        assert "Try it" not in served.printed
        minted = mint_token(local, "ada", timedelta(hours=1))
        response = httpx.get(f"{served.url}/api/ada", headers={"Authorization": f"Bearer {minted}"})
        assert response.status_code == 401
        assert "Bearer ey" not in httpx.get(f"{served.url}/docs").text
    command = [ROOT / "scripts" / "token", "ada", "--data", str(tmp_path)]
    done = subprocess.run(command, env=CLEAN | env, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "BETTER_AUTH_URL" in done.stderr


def test_production_issues_no_development_token(tmp_path: Path) -> None:
    env = {"ENVIRONMENT": "production", "BETTER_AUTH_SECRET": "9hB3k0Zq7Lw2Xv5Rt8Yn1Mc4Pd6Sf0Ga"}
    done = subprocess.run(
        [ROOT / "scripts" / "token", "ada"],
        env=CLEAN | env | {"DATABASE_URL": "postgresql://nobody@localhost/none"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "ENVIRONMENT is production" in done.stderr


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("mock")
    with serving("--mock", "--port", "0", "--data", str(folder)) as served:
        yield served
    # The mock started no database.
    assert [path.name for path in folder.iterdir()] == ["development-secret"]


def test_a_mock_returns_examples_without_a_database(mock: Served) -> None:
    assert "every operation answers with the contract's example" in mock.printed
    command = next(line for line in mock.printed.splitlines() if line.startswith("Try it"))
    curl = shlex.split(command.removeprefix("Try it"))
    url, header = curl[1], dict([curl[3].split(": ", 1)])
    anonymous = httpx.get(url)
    assert (anonymous.status_code, "x-mock" in anonymous.headers) == (401, False)
    listed = httpx.get(url, headers=header)
    contract = httpx.get(f"{mock.url}/openapi.json").json()
    ok = contract["paths"]["/api/{user_id}/tasks"]["get"]["responses"]["200"]
    assert (listed.status_code, listed.headers["x-mock"]) == (200, "example")
    assert listed.json() == ok["content"]["application/json"]["example"]
    created = httpx.post(url, headers=header, json={"title": "Any"})
    assert (created.status_code, created.headers["x-mock"]) == (201, "example")
    assert created.headers["location"] == f"{url.removeprefix(mock.url)}/{created.json()['id']}"
    missing = httpx.get(f"{url}/{created.json()['id']}", headers=header | {"Prefer": "code=404"})
    assert (missing.status_code, missing.json()) == (
        404,
        {"detail": "Task not found", "code": "task_not_found"},
    )
    assert httpx.get(f"{mock.url}/ready").json() == {"status": "ready"}
    # CORS allows a front end to send Prefer and to read X-Mock.
    origin = {"Origin": "http://localhost:3000"}
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "prefer"}
    assert httpx.options(url, headers=origin | preflight).status_code == 200
    exposed = httpx.get(url, headers=header | origin).headers["access-control-expose-headers"]
    assert "X-Mock" in exposed.split(", ")


def test_development_allows_every_local_origin(mock: Served) -> None:
    for origin, allowed in {
        "http://localhost:5173": True,
        "http://127.0.0.1:4321": True,
        "https://localhost:5173": True,
        "http://localhost": True,
        "http://localhost.example:5173": False,
        "http://localhost:5173.example": False,
        "http://127.0.0.2:5173": False,
        "http://192.168.0.2:5173": False,
    }.items():
        response = httpx.get(f"{mock.url}/health", headers={"Origin": origin})
        assert response.headers.get("access-control-allow-origin") == (origin if allowed else None), origin


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A project whose contract has changed since generation, and whose implementation is missing."""
    copy = Copy(tmp_path_factory.mktemp("stale") / "project", *SERVICE)
    with (copy.root / "openapi.yaml").open("a", encoding="utf-8") as contract:
        contract.write("# Changed.\n")
    shutil.rmtree(copy.root / "impl" / "resources")
    return copy


STALE = "generated/ is not what openapi.yaml says; run scripts/generate"


def test_a_mock_needs_no_implementation_and_warns_if_stale(stale: Copy, tmp_path: Path) -> None:
    command = "\0".join([sys.executable, "-P", "-m", "scripts.serve"])
    env = {"PYTHONPATH": import_path(stale.root)}
    arguments = ("--mock", "--port", "0", "--data", str(tmp_path))
    with serving(*arguments, command=command, env=env, folder=stale.root) as served:
        assert f"Warning: {STALE}. Until then, the contract before the change is served\n" in served.printed
        response = httpx.get(f"{served.url}/health")
        assert (response.status_code, response.headers["x-mock"]) == (200, "example")


def test_production_does_not_serve_a_stale_contract(stale: Copy) -> None:
    production = {
        "ENVIRONMENT": "production",
        "BETTER_AUTH_SECRET": "9hB3k0Zq7Lw2Xv5Rt8Yn1Mc4Pd6Sf0Ga",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "PYTHONPATH": import_path(stale.root),
    }
    command = [sys.executable, "-P", "-m", "scripts.serve", "--port", "0"]
    done = subprocess.run(command, cwd=stale.root, env=CLEAN | production, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"scripts/serve: {STALE}\n")


def test_a_data_folder_in_use_is_an_error_with_the_remedy(served: Served, data: Path) -> None:
    error = startup_error("--port", "0", "--data", str(data))
    assert str(data) in error
    assert "--data" in error


def test_root_path_is_part_of_the_contract_and_location(tmp_path: Path) -> None:
    """`ROOT_PATH` is for a proxy that does not send `X-Forwarded-Prefix`."""
    arguments = ("--port", "0", "--mock", "--data", str(tmp_path))
    with serving(*arguments, env={"ROOT_PATH": "/set/"}) as served:
        command = next(line for line in served.printed.splitlines() if line.startswith("Try it"))
        curl = shlex.split(command.removeprefix("Try it"))
        url, bearer = curl[1], dict([curl[3].split(": ", 1)])
        named: dict[str, str] = {"X-Forwarded-Prefix": "/named"}
        for headers, prefix in (({}, "/set"), (named, "/named")):
            contract = httpx.get(f"{served.url}/openapi.json", headers=headers).json()
            assert [server["url"] for server in contract["servers"]] == [prefix]
            written = httpx.get(f"{served.url}/openapi.yaml", headers=headers).text
            servers = f'servers: [{{"url": "{prefix}"}}]\n'
            assert written == (ROOT / "openapi.yaml").read_text().replace("openapi:", f"{servers}openapi:", 1)
            page = httpx.get(served.url, headers={**headers, "Accept": "text/html"})
            assert page.headers["location"] == f"{prefix}/docs"
            created = httpx.post(url, headers=headers | bearer, json={"title": "Write the contract"})
            assert created.status_code == 201
            assert created.headers["location"].startswith(f"{prefix}/api/")
