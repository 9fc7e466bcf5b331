"""The configuration of the working directory: `specfirst.toml`, or `[tool.specfirst]` in `pyproject.toml`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from specfirst.cli.errors import CommandError

SCHEMA = Path(__file__).resolve().parent.parent / "config.schema.json"
"""The JSON schema of the configuration, for editors."""


@dataclass(frozen=True)
class Config:
    """The settings of all commands. `path` is the file that they are from, if there is one."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    @property
    def folder(self) -> Path:
        """Return the folder that paths in the configuration are relative to."""
        return self.path.parent if self.path else Path()

    def file(self, name: str) -> Path:
        """Return the file or folder that a setting names."""
        return self.folder / name

    def contract(self, name: str) -> str:
        """Return the contract that a setting names: a file, a URL or git:REVISION:PATH."""
        return name if name.startswith(("http:", "https:", "git:")) else str(self.file(name))

    def section(self, command: str) -> Mapping[str, Any]:
        """Return the settings of one command: `[tool.specfirst.COMMAND]`."""
        section: Mapping[str, Any] = self.settings.get(command, {})
        return section


def read_config(name: str | None = None) -> Config:
    """Read this file, or the one of the working directory. Raises CommandError."""
    candidates = [Path(name)] if name else [Path("specfirst.toml"), Path("pyproject.toml")]
    for path in candidates:
        if not path.is_file():
            continue
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from None
        if path.name == "pyproject.toml":
            tools = content.get("tool", {})
            content = tools.get("specfirst", {}) if isinstance(tools, dict) else {}
        if not isinstance(content, dict):
            raise CommandError(f"{path}: specfirst is not a table; write [tool.specfirst]")
        return Config(content, path)
    if name:
        raise CommandError(f"The configuration {name} does not exist")
    return Config()


Settings = Mapping[str, Mapping[str, Any]] | None
"""The settings of one command: a JSON schema for each name. None if they are not described."""


def schema(commands: Mapping[str, Settings]) -> dict[str, Any]:
    """Return the JSON schema of a configuration with these commands."""
    sections = {
        name: {"type": "object"}
        if settings is None
        else {"type": "object", "properties": dict(settings), "additionalProperties": False}
        for name, settings in commands.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of specfirst: specfirst.toml, or [tool.specfirst] in pyproject.toml",
        "type": "object",
        "properties": sections,
        "additionalProperties": False,
    }


def command_settings() -> dict[str, Settings]:
    """Return the settings of every command."""
    from specfirst.cli.main import COMMANDS

    return {name: getattr(import_module(f"specfirst.cli.{name}"), "SETTINGS", None) for name in COMMANDS}


def check(config: Config, commands: Mapping[str, Settings]) -> None:
    """Raise CommandError with every unknown setting, and every value of another type."""
    from jsonschema_rs import Draft202012Validator, ValidationErrorKind

    from specfirst.problems import did_you_mean, not_among

    found = []
    # A date of TOML is a text in JSON.
    settings = json.loads(json.dumps(config.settings, default=str))
    for error in Draft202012Validator(schema(commands)).iter_errors(settings):
        where = ".".join(str(part) for part in error.instance_path)
        if isinstance(error.kind, ValidationErrorKind.AdditionalProperties) and len(error.instance_path) < 2:
            known = (commands[where] or ()) if where else commands
            found += [_unknown(f"{where}." if where else "", name, known) for name in error.kind.unexpected]
        elif isinstance(error.kind, ValidationErrorKind.Enum):
            hint = did_you_mean(error.instance, error.kind.options)
            problem = not_among(error.instance, error.kind.options)
            found.append(f"the setting {where} is invalid: {problem}{f'; {hint}' if hint else ''}")
        else:
            found.append(f"the setting {where} is invalid: {error.message}")
    if found:
        raise CommandError("\n".join(f"{config.path}: {problem}" for problem in found))


def _unknown(prefix: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    hint = f"did you mean {prefix}{close[0]}?" if close else f"known: {', '.join(names)}"
    return f"unknown setting {prefix}{name}; {hint}"


if __name__ == "__main__":
    print(json.dumps(schema(command_settings()), indent=2))
