"""The load: wrk with one thread, from the PATH, or unpacked from its Debian package without root."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.debian import program
from benchmarks.operations import Request

SCRIPT = Path(__file__).with_name("load.lua")
PACKAGES = ("wrk", "libluajit-5.1-2", "libluajit2-5.1-2")
"""Debian packages: wrk, and the two LuaJIT packages, one of which it needs, depending on the release."""


class LoadError(Exception):
    """The load cannot run, or a server failed under it; the message says why."""


@dataclass(frozen=True)
class Load:
    """The result of one interval of load."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    bad_statuses: int
    broken: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


class Wrk:
    def __init__(self, tools: Path) -> None:
        """Find wrk, or unpack it into `tools`. Raises LoadError."""
        found = program("wrk", PACKAGES, tools / "wrk")
        if found is None:
            raise LoadError("wrk is missing; install it: apt-get install wrk, or dnf install wrk")
        self._command, self._environment = found

    def run(self, url: str, requests: Path, seconds: int, *, connections: int = 32) -> Load:
        """Send the requests of a file in turn. Raises LoadError if a response is missing or not 2xx."""
        command = [self._command, "--threads", "1", "--connections", str(connections)]
        command += ["--duration", str(seconds), "--timeout", "60", "--script", str(SCRIPT), url]
        done = subprocess.run(
            [*command, "--", str(requests)], capture_output=True, text=True, env=self._environment
        )
        if done.returncode:
            raise LoadError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
        load = Load(**json.loads(done.stdout.splitlines()[-1]))
        if load.requests == 0 or load.bad_statuses or load.broken:
            raise LoadError(
                f"{url} answered {load.requests} requests ({requests.stem}) in {seconds} s, "
                f"{load.bad_statuses} of them with an error; {load.broken} were not answered"
            )
        return load


def write(requests: Sequence[Request], path: Path) -> Path:
    path.write_text("".join("\t".join(request) + "\n" for request in requests), encoding="utf-8")
    return path
