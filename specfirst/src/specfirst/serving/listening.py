"""Serve an application on a port: in this process, or in several workers with a supervisor."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Any

import uvicorn

from specfirst.serving.connections import Connection, Limits
from specfirst.serving.startup import StartupError

BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Take the port, so that it is known to be free; clients are refused until `listen`.

    Raises StartupError.
    """
    if not 0 <= port <= 65535:
        raise StartupError(f"--port must be from 0 to 65535, and is {port}")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, ValueError, TypeError) as error:
        listener.close()
        raise _cannot_listen(error, host, port) from None
    listener.set_inheritable(True)
    return listener


def listen(listener: socket.socket, host: str, port: int) -> None:
    """Accept connections; clients that come before a worker is ready wait for it. Raises StartupError."""
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        raise _cannot_listen(error, host, port) from None


def url_of(listener: socket.socket, host: str) -> str:
    """Return the URL of a listener, such as `http://127.0.0.1:8000`."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def _cannot_listen(error: Exception, host: str, port: int) -> StartupError:
    reason = getattr(error, "strerror", None) or "it is not an address"
    # A name that is not known, or an address of another machine.
    about_host = not isinstance(error, OSError) or isinstance(error, socket.gaierror)
    about_host = about_host or getattr(error, "errno", None) == errno.EADDRNOTAVAIL
    option = "--host" if about_host else "--port"
    return StartupError(f"cannot listen on {host}:{port}: {reason}; choose another {option}")


def configure(
    app: Any,
    *,
    factory: bool = False,
    log_config: dict[str, Any] | None = None,
    keep_alive_seconds: int = 5,
    shutdown_seconds: int = 25,
    limits: Limits | None = None,
    reload_folders: Sequence[str] = (),
    date: bool = True,
) -> uvicorn.Config:
    """Return uvicorn's configuration for an application, or for the text `module:name` of one.

    Creating it configures logging. `reload_folders` are watched by uvicorn's ChangeReload. Without
    `date`, the server adds no Date to responses, for an application that forwards those of another one.
    """
    config = uvicorn.Config(
        app,
        factory=factory,
        loop="auto",
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=LOG_CONFIG if log_config is None else log_config,
        server_header=False,
        date_header=date,
        # The application does it, which also knows the path prefix that proxies strip.
        proxy_headers=False,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=shutdown_seconds,
        reload=bool(reload_folders),
        reload_dirs=[*reload_folders] or None,
    )
    # An attribute, because processes that ChangeReload starts receive the configuration pickled.
    config.limits = limits  # type: ignore[attr-defined]
    return config


LOG_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {name: {"handlers": ["stderr"], "level": "INFO"} for name in ("specfirst", "uvicorn")},
}
"""Log lines of the engine and the server, on standard error."""
