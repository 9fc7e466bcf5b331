"""Run `specfirst` in this process."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from specfirst.cli.main import main


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def specfirst(*arguments: str | Path) -> Done:
    """Return what the command does, without the time that a process takes to start."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, stdout.getvalue(), stderr.getvalue())
