"""`specfirst serve`: serve an application with the package's connections and supervisor."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from socket import socket
from typing import Any

from specfirst.cli.config import Config
from specfirst.cli.errors import COULD_NOT_RUN, CommandError
from specfirst.cli.inputs import add_skip_argument, read_contract, servable, setting
from specfirst.cli.listening import LISTENING, add_listening_arguments, addresses

SUMMARY = "Serve an application, or a contract alone."
EXAMPLES = """\
  specfirst serve                           create_app() or app of app.py
  specfirst serve shop.web:create_app --workers 4
  specfirst serve --reload                  start again when the code changes
  specfirst serve openapi.yaml              without code: the same as `specfirst mock`

SIGTERM and Ctrl-C stop it, and lose no request that has arrived. With --workers, SIGHUP replaces all workers
by new ones with the new code."""
EXTRA = "serve"
SETTINGS = {
    **LISTENING,
    "app": {"type": "string", "description": "The application, as `module:name` (default: app:create_app)."},
    "workers": {
        "type": "integer",
        "minimum": 1,
        "description": "The number of server processes (default: none; the command itself serves).",
    },
    "shutdown-seconds": {
        "type": "integer",
        "minimum": 1,
        "description": "The timeout of requests in progress when the server stops (default: 25).",
    },
    "notice-seconds": {
        "type": "number",
        "minimum": 0,
        "description": "How long the server still accepts connections after SIGTERM (default: 0).",
    },
    "keep-alive-seconds": {
        "type": "integer",
        "minimum": 1,
        "description": "The timeout of idle connections (default: 5).",
    },
}

_NAMES = ("create_app", "app")
_CONTRACTS = (".yaml", ".yml", ".json")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "app",
        nargs="?",
        metavar="APPLICATION",
        help="module:name of an application or of a function that makes it, or a contract (app:create_app)",
    )
    add_listening_arguments(parser)
    add_skip_argument(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--workers", type=int, metavar="N", help="the number of server processes (default: none)"
    )
    mode.add_argument("--reload", action="store_true", help="start again when the code changes")


def run(arguments: argparse.Namespace, config: Config) -> int:
    from specfirst.serving.listening import bind, listen, url_of
    from specfirst.serving.startup import StartupError

    settings = config.section("serve")
    # The command does not add the project's folder to the import path, as `python -m` does.
    sys.path.insert(0, os.getcwd())
    application = _application(arguments.app or settings.get("app"))
    host, port = setting(arguments, settings, "host", "127.0.0.1"), setting(arguments, settings, "port", 8000)
    workers = setting(arguments, settings, "workers", None)
    if workers is not None and workers < 1:
        raise CommandError("--workers must be at least 1")
    options: dict[str, Any] = {
        name: settings.get(f"{name}-seconds", default)
        for name, default in (("shutdown", 25), ("notice", 0), ("keep-alive", 5))
    }
    options["skip"] = arguments.skip_unservable
    try:
        with bind(host, port) as listener:
            app = load(application, arguments.skip_unservable)
            listen(listener, host, port)
            say = [f"API       {address}" for address in _addresses(app)]
            for line in (*say, "Contract  {url}/openapi.yaml") if say else ("Serving   {url}",):
                print(line.replace("{url}", url_of(listener, host)), flush=True)
            if arguments.reload:
                return _reload(application, listener, options)
            if workers is not None:
                return _supervise(application, listener, workers, options)
            _server(app, options).run([listener])
    except StartupError as error:
        raise CommandError(str(error)) from None
    return 0


def _application(given: str | None) -> str:
    """Return the application to serve. Raises CommandError if the user named none and there is no default."""
    if given is not None:
        return given
    if Path("app.py").is_file() or Path("app", "__init__.py").is_file():
        return "app"
    raise CommandError(
        "There is no app.py here; name the application as module:name, set `app` in [tool.specfirst.serve], "
        "or name a contract"
    )


def load(application: str, skip_unservable: bool = False) -> Any:
    """Return the application with this name: `module:name`, a module, or a contract. Raises CommandError."""
    if application.lower().endswith(_CONTRACTS) or application.startswith(("http:", "https:", "git:")):
        return _mock(application, skip_unservable)
    module_name, _, name = application.partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise
        raise CommandError(f"The module {module_name} was not found in {os.getcwd()}") from None
    found = next(
        (candidate for candidate in ([name] if name else _NAMES) if hasattr(module, candidate)), None
    )
    if found is None:
        wanted = name or " or ".join(_NAMES)
        raise CommandError(f"The module {module_name} has no {wanted}; name the application as module:name")
    made = getattr(module, found)
    if inspect.isfunction(made) and not inspect.iscoroutinefunction(made):
        return made()
    return made


def _mock(name: str, skip: bool) -> Any:
    from specfirst.contract.document import DocumentError
    from specfirst.runtime.mock_server import create_mock

    contract = read_contract(name)
    try:
        return create_mock(servable(contract, skip=skip), contract.text)
    except DocumentError as error:
        raise contract.error(error) from None


def _addresses(app: Any) -> list[str]:
    engine = getattr(app, "engine", None)
    return addresses(engine.document) if engine is not None else []


def _server(app: Any, options: dict[str, Any]) -> Any:
    from specfirst.serving.listening import configure as configuration
    from specfirst.serving.server import Server

    config = configuration(
        app, keep_alive_seconds=options["keep-alive"], shutdown_seconds=options["shutdown"]
    )
    return Server(config, notice=options["notice"], shutdown_timeout=options["shutdown"])


def _supervise(application: str, listener: socket, workers: int, options: dict[str, Any]) -> int:
    from specfirst.serving.server import Supervisor

    work = partial(_work, application, options)
    supervisor = Supervisor(work, listener, workers=workers, shutdown_timeout=options["shutdown"])
    return 0 if supervisor.run() else COULD_NOT_RUN


def _reload(application: str, listener: socket, options: dict[str, Any]) -> int:
    from uvicorn.supervisors import ChangeReload

    from specfirst.serving.listening import configure as configuration

    config = configuration(application, reload_folders=[os.getcwd()])
    ChangeReload(config, target=partial(_serve_again, application, options), sockets=[listener]).run()
    return 0


def _work(application: str, options: dict[str, Any], listener: socket, beats: Pipe) -> None:
    """Serve in a process of a supervisor, with the code as it is by now."""
    _server(_loaded(application, options), options).work(listener, beats)


def _serve_again(application: str, options: dict[str, Any], sockets: list[socket] | None) -> None:
    """Serve in a process that a change of the code replaces."""
    _server(_loaded(application, options), options).run(sockets)


def _loaded(application: str, options: dict[str, Any]) -> Any:
    from specfirst.serving.startup import StartupError

    try:
        return load(application, options["skip"])
    except (CommandError, StartupError) as error:
        sys.exit(f"specfirst serve: {error}")
