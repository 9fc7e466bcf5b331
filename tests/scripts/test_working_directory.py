"""The scripts work in any working directory, and import none of its modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from serving import CLEAN, ROOT, serving

# Shell scripts that run long or download files, or that other scripts call.
NOT_TRIED = {"lock", "run", "setup", "test"}
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix)

OURS = ("benchmarks", "generated", "impl", "migrations", "scripts", "specfirst", "tests")
STANDARD = (
    *(
        "argparse",
        "ast",
        "asyncio",
        "base64",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "email",
    ),
    *(
        "encodings",
        "enum",
        "errno",
        "fcntl",
        "functools",
        "html",
        "http",
        "importlib",
        "inspect",
        "io",
        "json",
    ),
    *(
        "logging",
        "multiprocessing",
        "operator",
        "os",
        "pathlib",
        "platform",
        "queue",
        "random",
        "re",
        "secrets",
    ),
    *("selectors", "signal", "site", "sitecustomize", "socket", "ssl", "string", "subprocess", "tempfile"),
    *("threading", "time", "token", "tokenize", "types", "typing", "urllib", "usercustomize", "uuid", "venv"),
)
OTHERS = (
    *("alembic", "asyncpg", "dotenv", "fastapi", "httpx", "orjson", "pip", "prometheus_client", "psycopg2"),
    *("pydantic", "pytest", "rich", "sqlalchemy", "starlette", "structlog", "uvicorn", "uvloop", "yaml"),
)
TRAP = "import os\nos.write(2, b'imported: ' + __file__.encode() + b'\\n')\nos._exit(3)\n"


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of modules, each of which exits the process that imports it."""
    folder = tmp_path_factory.mktemp("traps")
    for name in OURS:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(TRAP)
    for script in SCRIPTS:
        (folder / "scripts" / f"{script}.py").write_text(TRAP)
    for name in (*STANDARD, *OTHERS):
        (folder / f"{name}.py").write_text(TRAP)
    return folder


def test_the_traps_catch_imports_of_python_itself(traps: Path) -> None:
    command = [sys.executable, "-m", "scripts.serve", "--help"]
    done = subprocess.run(command, cwd=traps, env=CLEAN, capture_output=True, text=True)
    assert (done.returncode, done.stderr[:10]) == (3, "imported: ")


# All scripts start by scripts/run; one of them is tried each time.
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(name, marks=() if name == "serve" else pytest.mark.long)
        for name in sorted({*SCRIPTS} - NOT_TRIED)
    ],
)
def test_no_script_imports_from_the_working_directory(traps: Path, script: str) -> None:
    """Nor from the caller's PYTHONPATH, in which an empty part means the working directory."""
    done = subprocess.run(
        [ROOT / "scripts" / script, "--help"],
        cwd=traps,
        env=CLEAN | {"PYTHONPATH": f":{traps}", "PYTHONHOME": str(traps)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: " in done.stdout


def test_setup_imports_nothing_from_the_working_directory(traps: Path) -> None:
    """With another interpreter than that of .venv, which setup has to check first."""
    done = subprocess.run(
        [ROOT / "scripts" / "setup"],
        cwd=traps,
        env=CLEAN | {"PYTHONPATH": f":{traps}", "PYTHON": "/bin/false"},
        capture_output=True,
        text=True,
    )
    assert "/bin/false is not a Python interpreter" in done.stderr
    assert "imported" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--workers", "1"), pytest.param(("--reload",), marks=pytest.mark.long)]
)
def test_servers_import_nothing_from_the_working_directory(
    traps: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    env = {"PYTHONPATH": f":{traps}"}
    with serving(
        "--mock", "--port", "0", "--data", str(tmp_path), *arguments, env=env, folder=traps
    ) as served:
        assert httpx.get(f"{served.url}/health").status_code == 200
