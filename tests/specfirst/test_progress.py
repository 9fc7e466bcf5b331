"""Long work shows its progress on a terminal, and nowhere else."""

from __future__ import annotations

import io
import os
import pty
import sys
import time

import pytest
from specfirst.cli.progress import progress


def test_a_terminal_shows_what_is_done_and_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress("Linting openapi.yaml", every=0.01):
            shown = b""
            while b"s" not in shown.rpartition(b", ")[2]:
                shown += os.read(reader, 1000)
        assert shown.startswith(b"\r\x1b[KLinting openapi.yaml, 0 s")
        # The line is empty at the end.
        while not shown.endswith(b"\r\x1b[K"):
            shown += os.read(reader, 1000)
    os.close(reader)


def test_a_file_gets_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with progress("Linting openapi.yaml", every=0):
        time.sleep(0)
    assert written.getvalue() == ""
