"""Progress of long work, on a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str, *, every: float = 1.0) -> Iterator[None]:
    """Show on a terminal what the command is doing, and for how long, until it is done.

    Nothing is shown in the first `every` seconds, and nothing if standard error is not a terminal.
    """
    stream = sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    started, done = time.monotonic(), threading.Event()

    def show() -> None:
        while not done.wait(every):
            stream.write(f"\r\x1b[K{what}, {time.monotonic() - started:.0f} s")
            stream.flush()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if time.monotonic() - started >= every:
            # An empty line, for what comes next.
            stream.write("\r\x1b[K")
            stream.flush()
