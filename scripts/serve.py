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
DEVELOPER: str = contract().get(("components", "parameters", "PathUserId", "example"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on, 0 for any (%(default)s)")
    parser.add_argument(
        "--workers",
        type=int,
        help="number of server processes, which SIGHUP replaces by new ones without losing a request "
        "(without it, this process serves)",
    )
    parser.add_argument("--reload", action="store_true", help="restart when the code changes")
    parser.add_argument(
        "--data", type=Path, default=DATA, help="where the embedded PostgreSQL keeps its data (.data)"
    )
    parser.add_argument(
        "--allow-unimplemented",
        action="store_true",
        help="answer 501 for operations that are not implemented",
    )
    parser.add_argument(
        "--mock",
        nargs="?",
        const="all",
        choices=["all", "unimplemented"],
        help="answer with the contract's examples: all operations, for which no database is started, "
        "or those that are not implemented (--mock alone: all)",
    )
    options = parser.parse_args()
    if options.workers is not None and options.workers < 1:
        parser.error("--workers must be at least 1")
    data: Path = options.data.absolute()
    # Read the project's .env, independent of the working directory.
    os.chdir(ROOT)
    if options.allow_unimplemented:
        os.environ["ALLOW_UNIMPLEMENTED"] = "true"
    if options.mock:
        os.environ["MOCK"] = options.mock
    with ExitStack() as stack:
        try:
            # The fast checks come first.
            listener = stack.enter_context(bind(options.host, options.port))
            settings = _prepare(data, options.host, stack)
            app = _create_app(settings)
            if settings.database_url and settings.mock != "all":
                _prepare_database(settings.database_url.get_secret_value())
            listen(listener, options.host, options.port)
        except StartupError as error:
            sys.exit(f"scripts/serve: {error}")
        # The log lists the operations.
        if app.engine.unimplemented:
            _say(f"{SKELETON} writes the methods that are missing")
        if settings.mock == "all":
            _say("Mock: every operation answers with the contract's example, and nothing is stored")
        _print_addresses(settings, listener, options.host)
        _run(listener, settings, workers=options.workers, reload=options.reload)


def _prepare(data: Path, host: str, stack: ExitStack) -> Settings:
    """Add the development defaults to the settings, through environment variables, which workers inherit."""
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
    """Compare the contract byte for byte with the copy in generated/, from which the code was generated."""
    try:
        current = CONTRACT.read_bytes() == OPENAPI_YAML
    except OSError:
        # A deployment may omit openapi.yaml, because generated/ has a copy.
        return
    if current:
        return
    problem = f"generated/ is not what {CONTRACT.name} says; run scripts/generate"
    if settings.environment == "production":
        raise StartupError(problem)
    _say(f"Warning: {problem}. Until then, the contract before the change is served")


def _factory(settings: Settings) -> str:
    """Return the import path of the application factory. That of a mock does not import impl/resources."""
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


def _print_addresses(settings: Settings, listener: socket.socket, host: str) -> None:
    url = url_of(listener, host)
    api = url + contract().base_paths[0]
    _say(f"API      {api}")
    _say(f"Docs     {f'{url}/docs  {url}/redoc  ' if settings.docs else ''}{url}/openapi.yaml")
    if settings.docs:
        _say(f"Client   npm install {url}/client.tgz")
    developer, secret = settings.development_user, settings.shared_secret
    if developer and secret:
        token = mint_token(secret.get_secret_value(), developer, timedelta(hours=12))
        _say(f'Try it   curl {api}/api/{developer}/tasks -H "Authorization: Bearer {token}"')


def _run(
    listener: socket.socket, settings: Settings, *, workers: int | None = None, reload: bool = False
) -> None:
    # Creating the configuration sets up logging, also for the supervisor and the reloader.
    config = _config(settings, reload=reload)
    if reload:
        # After a change of the code, a developer should not wait for open connections.
        serve = partial(_exit_on_startup_error, uvicorn.Server(config).run)
        ChangeReload(config, target=serve, sockets=[listener]).run()
    elif workers:
        shutdown_timeout = settings.shutdown_seconds
        if not Supervisor(_work, listener, workers=workers, shutdown_timeout=shutdown_timeout).run():
            sys.exit(STARTUP_FAILURE)
    else:
        _exit_on_startup_error(_server(config, settings).run, [listener])


def _exit_on_startup_error(serve: Callable[..., None], *arguments: Any, **options: Any) -> None:
    try:
        serve(*arguments, **options)
    except StartupError as error:
        sys.exit(f"scripts/serve: {error}")


def _work(listener: socket.socket, beats: Pipe) -> None:
    """Serve in a worker process, with the current code, settings and migrations."""
    _exit_on_startup_error(_serve_as_worker, listener, beats)


def _serve_as_worker(listener: socket.socket, beats: Pipe) -> None:
    settings = load_settings()
    if settings.database_url and settings.mock != "all":
        try:
            migrate(settings.database_url.get_secret_value())
        except DatabaseUnusable as error:
            # The database may be unavailable; until it is available, /ready answers 503.
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
