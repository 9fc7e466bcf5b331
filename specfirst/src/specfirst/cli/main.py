"""Parse the command line, read the configuration, and run one subcommand.

Each subcommand is a module of this package with `SUMMARY` (one line), `EXAMPLES` (shown by --help),
`configure(parser)`, which adds its arguments, and `run(arguments, config)`, which returns the exit status:
0 is clean, 1 means problems were found, 2 means that the command could not run. The modules import the rest
of the package, and optional dependencies, inside `run`, so that `specfirst --help` is quick and needs no
extra. `SETTINGS` has the JSON schema of each setting of the command, and `EXTRA` is the extra of the
distribution that brings what it imports.
"""

from __future__ import annotations

import argparse
import gc
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from specfirst import __version__
from specfirst.cli.config import check, command_settings, read_config
from specfirst.cli.errors import COULD_NOT_RUN, CommandError
from specfirst.problems import did_you_mean

COMMANDS: tuple[str, ...] = (
    "init",
    "lint",
    "format",
    "diff",
    "generate",
    "client",
    "mock",
    "proxy",
    "serve",
    "fuzz",
    "coverage",
    "bundle",
)
"""The subcommands, in the order in which --help lists them."""


def main(arguments: Sequence[str] | None = None, *, program: str | None = None) -> int:
    """Run `specfirst` with these arguments (default: those of the process). Returns the exit status.

    `program` is the name of a script that runs one subcommand, for messages: `scripts/generate`.
    """
    # Contracts are trees of many objects, with few cycles: collecting at the default threshold of 700 objects
    # takes a third of the time.
    gc.set_threshold(100_000)
    modules = {name: import_module(f"specfirst.cli.{name}") for name in COMMANDS}
    parsed = _parser(modules, program).parse_args(arguments)
    module = modules[parsed.command]
    try:
        config = read_config(parsed.config)
        check(config, command_settings())
        return int(module.run(parsed, config))
    except CommandError as error:
        print(f"{parsed.program}: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "specfirst":
            raise
        extra = getattr(module, "EXTRA", "all")
        print(
            f"{parsed.program}: the module {error.name} is not installed; install specfirst with its extra: "
            f"pip install 'specfirst[{extra}]'",
            file=sys.stderr,
        )
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of the output, such as `head`, has exited.
        sys.stderr.close()
        return 141


class _Parser(argparse.ArgumentParser):
    """Names the nearest choice in the message about one that does not exist."""

    def error(self, message: str) -> NoReturn:
        if found := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            hint = did_you_mean(found[1], re.findall(r"[\w+.-]+", found[2]))
            message += f"; {hint}" if hint else ""
        super().error(message)


def _parser(modules: dict[str, ModuleType], program: str | None) -> argparse.ArgumentParser:
    parser = _Parser(prog="specfirst", description="Execute OpenAPI contracts.")
    parser.add_argument("--version", action="version", version=f"specfirst {__version__}")
    configuration: dict[str, Any] = {
        "metavar": "FILE",
        "help": "the configuration (default: specfirst.toml, or [tool.specfirst] in pyproject.toml)",
    }
    # Before the command or after it: the second one has no default that would replace the first one.
    parser.add_argument("--config", **configuration)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
        command = commands.add_parser(
            name,
            prog=program,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=f"examples:\n{module.EXAMPLES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("--config", default=argparse.SUPPRESS, **configuration)
        command.set_defaults(program=program or f"specfirst {name}")
        module.configure(command)
    return parser
