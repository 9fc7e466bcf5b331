"""The configuration of the working directory: `specfirst.toml`, or `[tool.specfirst]` in `pyproject.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specfirst.cli.errors import CommandError


@dataclass(frozen=True)
class Config:
    """The settings of all commands. `path` is the file that they are from, if there is one."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

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
            content = content.get("tool", {}).get("specfirst", {})
        return Config(content, path)
    if name:
        raise CommandError(f"The configuration {name} does not exist")
    return Config()
