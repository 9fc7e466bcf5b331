"""Servers in this process, on sockets, for tests that need a client of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from specfirst.serving.listening import bind, configure, listen, url_of
from uvicorn import Server


@contextmanager
def running(app: Any, *, date: bool = True) -> Iterator[str]:
    """Serve an ASGI application on a free port in a thread, and give its URL."""
    with bind("127.0.0.1", 0) as listener:
        listen(listener, "127.0.0.1", 0)
        server = Server(
            configure(app, date=date, log_config={"version": 1, "disable_existing_loggers": False})
        )
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert server.started
        try:
            yield url_of(listener, "127.0.0.1")
        finally:
            server.should_exit = True
            thread.join(20)
