"""Run Schemathesis in one or several processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specfirst.contract.document import Document
from specfirst.fuzz import CONTRACT, GENERAL_HOOKS, HOOKS, OBSERVATIONS, RESULTS
from specfirst.fuzz.report import Report

DEFAULTS = Path(__file__).with_name("schemathesis.toml")


class ConfigurationError(Exception):
    """The project's schemathesis.toml cannot be read."""


@dataclass(frozen=True)
class Target:
    """A running server: the URL of the contract's paths, and environment variables for the hooks."""

    url: str
    environment: Mapping[str, str] = field(default_factory=dict)


def fuzz(
    document: Document,
    targets: Sequence[Target],
    report: Report,
    output: Path,
    *,
    configuration: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    headers: Sequence[str] = (),
    options: Sequence[str] = (),
    observations: Path | None = None,
    limit: float | None = None,
    quiet: bool = False,
) -> Report:
    """Test each target with one process, and add the results to `report`.

    Each process runs its share of the examples, with a seed of its own. Threads, which Schemathesis offers,
    would share the global interpreter lock. `configuration` is a schemathesis.toml that is merged into the
    general one, and `settings` are more of the same kind; `headers` are `NAME: VALUE`, and `options` more
    arguments of `schemathesis run`. After `limit` seconds, a process stops and reports what it has found.
    Raises ConfigurationError.
    """
    output.mkdir(parents=True, exist_ok=True)
    for stale in output.glob("worker-*/results.json"):
        stale.unlink()
    merged_settings, project_hooks = merged(configuration)
    toml = as_toml(_merge(merged_settings, settings or {}))
    (output / "schemathesis.toml").write_text(toml, encoding="utf-8")
    contract = output / "openapi.json"
    contract.write_bytes(document.to_json())
    share = -(-report.examples // len(targets))
    shared = {
        HOOKS: project_hooks,
        CONTRACT: str(contract.absolute()),
        OBSERVATIONS: str(observations.absolute()) if observations else "",
    }
    started, attacks = time.monotonic(), []
    for index, target in enumerate(targets):
        worker = output.absolute() / f"worker-{index + 1}"
        worker.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "schemathesis.cli"]
        command += ["--config-file", str(output.absolute() / "schemathesis.toml")]
        command += ["run", str(contract.absolute()), "--url", target.url]
        command += ["--max-examples", str(share), "--seed", str(report.seed + index)]
        command += [f"--report-junit-path={worker / 'junit.xml'}", f"--report-html-path={worker / 'html'}"]
        command += [argument for header in headers for argument in ("--header", header)]
        environment = {
            **os.environ,
            **target.environment,
            **shared,
            RESULTS: str(worker / "results.json"),
        }
        # Show only the progress of the first worker; the others write theirs to a file.
        log = worker / "schemathesis.log" if index or quiet else None
        attacks.append(_start([*command, *options], environment, log))
    try:
        for attack in attacks:
            _wait(attack, limit)
    finally:
        for attack in attacks:
            if attack.poll() is None:
                attack.terminate()
                attack.wait()
    report.seconds += time.monotonic() - started
    for index in range(len(targets)):
        worker = output / f"worker-{index + 1}"
        report.add(index + 1, share, worker / "results.json", worker / "schemathesis.log")
        report.details.append(Path(worker.name, "html", "index.html"))
    return report


def _wait(attack: subprocess.Popen[bytes], limit: float | None) -> None:
    try:
        attack.wait(limit)
    except subprocess.TimeoutExpired:
        # `--max-time` of Schemathesis would repeat its phases until then.
        attack.send_signal(signal.SIGINT)
        attack.wait()


def _start(
    command: Sequence[str], environment: Mapping[str, str], log: Path | None
) -> subprocess.Popen[bytes]:
    if log is None:
        return subprocess.Popen(command, env=environment)
    with log.open("wb") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=file)


def merged(configuration: Path | None) -> tuple[dict[str, Any], str]:
    """Return the general configuration with the project's merged into it, and the project's hooks.

    Raises ConfigurationError.
    """
    settings = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    hooks = ""
    if configuration is not None:
        try:
            project = tomllib.loads(configuration.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigurationError(f"{configuration} cannot be read: {error}") from None
        hooks = str(project.pop("hooks", ""))
        if hooks.endswith(".py"):
            hooks = str((configuration.parent / hooks).absolute())
        settings = _merge(settings, project)
    return {"hooks": GENERAL_HOOKS, **settings}, hooks


def _merge(general: Mapping[str, Any], project: Mapping[str, Any]) -> dict[str, Any]:
    return {**general} | {
        name: _merge(general[name], value)
        if isinstance(value, dict) and isinstance(general.get(name), dict)
        else value
        for name, value in project.items()
    }


def as_toml(settings: Mapping[str, Any]) -> str:
    """Write settings as TOML: one line for each name, with inline tables."""
    return "".join(f"{json.dumps(name)} = {_toml(value)}\n" for name, value in settings.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # The basic strings of TOML and JSON are the same, and so are numbers and booleans.
    return json.dumps(value)
