"""Serve the API: start PostgreSQL unless DATABASE_URL names one, migrate, and run uvicorn."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import uvicorn
from uvicorn.supervisors import ChangeReload, Multiprocess

from generated.application import contract
from impl.app import create_app
from impl.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from impl.migrations import migrate
from impl.settings import Settings, SettingsError, load_settings
from impl.tokens import development_secret, mint_token
from specfirst.document import DocumentError, pointer_text
from specfirst.implementations import UnimplementedOperations

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".data"
# The user of the contract's examples, so that "Try it out" in /docs works as it stands.
DEVELOPER: str = contract().get(("components", "parameters", "UserId", "example"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on, 0 for any (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="number of server processes (%(default)s)")
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
    data: Path = options.data.absolute()
    # Settings stand in the project's .env, wherever the command is given from.
    os.chdir(ROOT)
    if options.allow_unimplemented:
        os.environ["ALLOW_UNIMPLEMENTED"] = "true"
    if options.mock:
        os.environ["MOCK"] = options.mock
    with ExitStack() as stack:
        try:
            settings = _prepare(data, stack)
            app = create_app(settings)
            listener = _listen(options.host, options.port)
        except (SettingsError, EmbeddedPostgresError, UnimplementedOperations) as error:
            sys.exit(f"scripts/serve: {error}")
        except DocumentError as error:
            sys.exit(f"scripts/serve: {pointer_text(error.pointer)}: {error.problem}; {error.remedy}")
        for operation_id in sorted(app.engine.unimplemented):
            _say(f"Not implemented, answers 501: {operation_id}")
        if settings.mock == "all":
            _say("Mock: every operation answers with the contract's example, and nothing is stored")
        else:
            for operation_id in sorted(app.engine.mocks):
                _say(f"Mock, answers with the contract's example: {operation_id}")
        _say_where(settings, listener, options.host)
        _run(listener, workers=options.workers, reload=options.reload)


def _prepare(data: Path, stack: ExitStack) -> Settings:
    """Complete the settings with what development provides, in the environment, where workers find it."""
    settings = load_settings()
    if settings.database_url is None and settings.mock != "all":
        _say(f"Starting the embedded PostgreSQL in {data}")
        os.environ["DATABASE_URL"] = stack.enter_context(EmbeddedPostgres(data)).url
    # With a key set there is a login service, and no other tokens than its own.
    if settings.better_auth_secret is None and settings.auth_jwks_url is None:
        os.environ["BETTER_AUTH_SECRET"] = development_secret(data / "development-secret")
        if settings.environment == "development":
            os.environ.setdefault("DEVELOPMENT_USER", DEVELOPER)
    settings = load_settings()
    if settings.mock != "all":
        assert settings.database_url is not None
        _say("Applying migrations")
        migrate(settings.database_url.get_secret_value())
    return settings


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
        ) from None
    listener.set_inheritable(True)
    return listener


def _say_where(settings: Settings, listener: socket.socket, host: str) -> None:
    url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    _say(f"API      {url}")
    _say(f"Docs     {url}/docs  {url}/redoc  {url}/openapi.yaml")
    developer, secret = settings.development_user, settings.better_auth_secret
    if developer and secret:
        token = mint_token(secret.get_secret_value(), developer, timedelta(hours=12))
        _say(f'Try it   curl {url}/api/{developer}/tasks -H "Authorization: Bearer {token}"')


def _run(listener: socket.socket, *, workers: int, reload: bool) -> None:
    config = uvicorn.Config(
        "impl.app:create_app",
        factory=True,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        workers=workers,
        reload=reload,
        reload_dirs=[str(ROOT / name) for name in ("generated", "impl", "specfirst")] if reload else None,
        log_level="info",
    )
    server = uvicorn.Server(config)
    try:
        if reload:
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        elif workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            server.run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn has shut down in order and then repeats the signal that asked for it.
        pass


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
