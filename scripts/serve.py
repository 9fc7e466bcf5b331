"""Serve the API: start PostgreSQL unless DATABASE_URL names one, migrate, and run uvicorn."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from specfirst.runtime.application import ContractAPI
from specfirst.serving.listening import bind, configure, listen, url_of
from specfirst.serving.server import Server, Supervisor
from specfirst.serving.startup import StartupError
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload

from devtools.development_secret import development_secret
from devtools.embedded_postgres import EmbeddedPostgres
from generated.application import OPENAPI_YAML, contract
from impl.connection_strings import read_connection_string
from impl.identity.tokens import mint_token
from impl.ops.exposition import expose
from impl.ops.logs import log_config
from impl.postgres.migrations import DatabaseUnusable, migrate
from impl.postgres.preflight import check_database, check_folders
from impl.settings import Settings, load_settings
from impl.web import SKELETON

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".data"
CONTRACT = ROOT / "openapi.yaml"
# The user of the contract's examples, so that "Try it out" in /docs works without changes.
DEVELOPER: str = contract().get(("components", "parameters", "UserId", "example"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on, 0 for any (%(default)s)")
    parser.add_argument(
        "--workers",
        type=int,
        help="number of server processes, which SIGHUP replaces by new ones without losing a request "
        "(without it this process serves alone)",
    )
    parser.add_argument("--reload", action="store_true", help="start again when the code changes")
    parser.add_argument(
        "--data", type=Path, default=DATA, help="where the embedded PostgreSQL keeps its data (.data)"
    )
    parser.add_argument(
        "--allow-unimplemented", action="store_true", help="answer 501 for operations that nobody wrote yet"
    )
    parser.add_argument(
        "--mock",
        nargs="?",
        const="all",
        choices=["all", "unimplemented"],
        help="answer with the contract's examples: all operations, for which no database is started, "
        "or those that nobody wrote yet (--mock alone: all)",
    )
    options = parser.parse_args()
    if options.workers is not None and options.workers < 1:
        parser.error("--workers must be at least 1")
    data: Path = options.data.absolute()
    # Settings come from the project's .env, whatever the working directory is.
    os.chdir(ROOT)
    if options.allow_unimplemented:
        os.environ["ALLOW_UNIMPLEMENTED"] = "true"
    if options.mock:
        os.environ["MOCK"] = options.mock
    with ExitStack() as stack:
        try:
            # First what takes no time to find out.
            listener = stack.enter_context(bind(options.host, options.port))
            settings = _prepare(data, options.host, stack)
            app = _create_app(settings)
            if settings.database_url and settings.mock != "all":
                _prepare_database(settings.database_url.get_secret_value())
            listen(listener, options.host, options.port)
        except StartupError as error:
            sys.exit(f"scripts/serve: {error}")
        for operation_id in sorted(app.engine.unimplemented):
            _say(f"Not implemented, answers 501: {operation_id}")
        if app.engine.unimplemented:
            _say(f"{SKELETON} writes the methods that are missing")
        if settings.mock == "all":
            _say("Mock: every operation answers with the contract's example, and nothing is stored")
        else:
            for operation_id in sorted(app.engine.mocks):
                _say(f"Mock, answers with the contract's example: {operation_id}")
        _say_where(settings, listener, options.host)
        _run(listener, settings, workers=options.workers, reload=options.reload)


def _prepare(data: Path, host: str, stack: ExitStack) -> Settings:
    """Add what development provides to the settings, through environment variables, which workers inherit."""
    settings = load_settings()
    _check_generated(settings)
    # With a key set, only the login service issues tokens.
    if settings.better_auth_secret is None and settings.auth_jwks_url is None:
        os.environ["BETTER_AUTH_SECRET"] = development_secret(data / "development-secret")
        if settings.environment == "development":
            os.environ.setdefault("DEVELOPMENT_USER", DEVELOPER)
    if settings.metrics_port is not None and settings.metrics_folder is None:
        os.environ["METRICS_FOLDER"] = stack.enter_context(_temporary_folder())
    settings = load_settings()
    check_folders(settings)
    if settings.metrics_port is not None and settings.metrics_folder:
        metrics_port = _expose(settings.metrics_folder, host, settings.metrics_port)
        _say(f"Metrics  http://{host}:{metrics_port}/metrics")
    if settings.database_url is None and settings.mock != "all":
        _say(f"Starting the embedded PostgreSQL in {data}")
        os.environ["DATABASE_URL"] = stack.enter_context(EmbeddedPostgres(data)).url
    return load_settings()


def _check_generated(settings: Settings) -> None:
    """Compare the contract with the one that generated/ was made from, byte for byte, which takes no time."""
    try:
        current = CONTRACT.read_bytes() == OPENAPI_YAML
    except OSError:
        # A deployment need not have it: generated/ has a copy.
        return
    if current:
        return
    problem = f"generated/ is not what {CONTRACT.name} says; run scripts/generate"
    if settings.environment == "production":
        raise StartupError(problem)
    _say(f"Warning: {problem}. Until then, the contract before the change is served")


def _factory(settings: Settings) -> str:
    """The function that makes the application. That of a mock imports no implementation of an operation."""
    return "impl.web:create_mock" if settings.mock == "all" else "impl.app:create_app"


def _create_app(settings: Settings) -> ContractAPI:
    module, _, name = _factory(settings).partition(":")
    try:
        create: Callable[[Settings], ContractAPI] = getattr(import_module(module), name)
    except ImportError as error:
        if not (error.name or "").startswith("generated"):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        path = Path(where.filename)
        path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        problem = error.msg.partition(" (")[0]
        raise StartupError(
            f"{path}:{where.lineno}: {problem}; use the names of the contract as it is now, "
            "or serve examples meanwhile: scripts/serve --mock"
        ) from None
    return create(settings)


def _prepare_database(url: str) -> None:
    if ignored := read_connection_string(url).without_effect:
        _say(f"DATABASE_URL has parameters for other tools, without effect here: {', '.join(ignored)}")
    _say("Applying migrations")
    migrate(url)
    check_database(url)


def _temporary_folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory()
    except OSError as error:
        raise StartupError(
            f"METRICS_PORT needs a temporary folder: {error.strerror}; set TMPDIR, or METRICS_FOLDER"
        ) from None


def _expose(folder: Path, host: str, port: int) -> int:
    try:
        return expose(folder, host, port)
    except OSError as error:
        raise StartupError(
            f"METRICS_PORT cannot be used, {host}:{port}: {error.strerror}; set it to a free port, or to 0"
        ) from None


def _say_where(settings: Settings, listener: socket.socket, host: str) -> None:
    url = url_of(listener, host)
    api = url + contract().base_paths[0]
    _say(f"API      {api}")
    _say(f"Docs     {f'{url}/docs  {url}/redoc  ' if settings.docs else ''}{url}/openapi.yaml")
    developer, secret = settings.development_user, settings.better_auth_secret
    if developer and secret:
        token = mint_token(secret.get_secret_value(), developer, timedelta(hours=12))
        _say(f'Try it   curl {api}/api/{developer}/tasks -H "Authorization: Bearer {token}"')


def _run(
    listener: socket.socket, settings: Settings, *, workers: int | None = None, reload: bool = False
) -> None:
    # Creating it configures logging, for the supervisor and the reloader too.
    config = _config(settings, reload=reload)
    if reload:
        # A developer who changes code should not have to wait for open connections.
        serve = partial(_or_say_why, uvicorn.Server(config).run)
        ChangeReload(config, target=serve, sockets=[listener]).run()
    elif workers:
        shutdown_timeout = settings.shutdown_seconds
        if not Supervisor(_work, listener, workers=workers, shutdown_timeout=shutdown_timeout).run():
            sys.exit(STARTUP_FAILURE)
    else:
        _or_say_why(_server(config, settings).run, [listener])


def _or_say_why(serve: Callable[..., None], *arguments: Any, **options: Any) -> None:
    try:
        serve(*arguments, **options)
    except StartupError as error:
        sys.exit(f"scripts/serve: {error}")


def _work(listener: socket.socket, beats: Pipe) -> None:
    """Serve in a process of its own, with the code, the settings and the migrations as they are by now."""
    _or_say_why(_serve_as_worker, listener, beats)


def _serve_as_worker(listener: socket.socket, beats: Pipe) -> None:
    settings = load_settings()
    if settings.database_url and settings.mock != "all":
        try:
            migrate(settings.database_url.get_secret_value())
        except DatabaseUnusable as error:
            # It need not be there yet: until it is, /ready says so.
            _say(str(error))
    _server(_config(settings), settings).work(listener, beats)


def _server(config: uvicorn.Config, settings: Settings) -> Server:
    return Server(config, notice=settings.shutdown_notice_seconds, shutdown_timeout=settings.shutdown_seconds)


def _config(settings: Settings, *, reload: bool = False) -> uvicorn.Config:
    return configure(
        _factory(settings),
        factory=True,
        log_config=log_config(as_json=settings.environment == "production"),
        keep_alive_seconds=settings.keep_alive_seconds,
        shutdown_seconds=settings.shutdown_seconds,
        reload_folders=[str(ROOT / name) for name in ("generated", "impl", "specfirst")] if reload else (),
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
