"""examples/weather-stations works, as its README says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import CLEAN, serving

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "weather-stations"
SPECFIRST = (sys.executable, "-m", "specfirst")


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=EXAMPLE, env=CLEAN, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [
        (*SPECFIRST, "generate", "--check"),
        (*SPECFIRST, "lint", "openapi.yaml"),
        pytest.param((sys.executable, "-m", "mypy", "--no-incremental"), marks=pytest.mark.long),
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
    ],
    ids=["generate", "lint", "mypy", "pytest"],
)
def test_its_checks_pass(command: tuple[str, ...]) -> None:
    run(*command)


@pytest.mark.long
def test_its_fuzz_run_finds_no_problem(tmp_path: Path) -> None:
    with serving("serve", "--port", "0", command="\0".join(SPECFIRST), folder=EXAMPLE) as server:
        report = run(
            *(*SPECFIRST, "fuzz", "openapi.yaml", "--url", server.url, "--examples", "20", "--strict"),
            *("--output", str(tmp_path), f"--observations={tmp_path / 'observations'}"),
        )
    assert re.search(r"Result +passed", report), report


def test_its_readme_s_requests_are_answered() -> None:
    commands = re.search(r"```sh\n(.*?)```", (EXAMPLE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert commands
    with serving("serve", "--port", "0", command="\0".join(SPECFIRST), folder=EXAMPLE) as server:
        script = commands[1].replace("http://127.0.0.1:8000/v1", server.url)
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert re.findall(r"HTTP/1.1 (\d+)", done.stdout) == ["201", "200", "200"], done.stdout
    assert "event: measurement\nid: 1\ndata: {" in done.stdout
    assert '"temperature":11.5}]' in done.stdout
