"""Parse the command line, read the configuration, and run one subcommand.

Each subcommand is a module of this package with `SUMMARY` (one line), `EXAMPLES` (shown by --help),
`configure(parser)`, which adds its arguments, and `run(arguments, config)`, which returns the exit status:
0 is clean, 1 means problems were found, 2 means that the command could not run. The modules import the rest
of the package, and optional dependencies, inside `run`: `specfirst --help` is quick and needs no extra.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from specfirst import __version__
from specfirst.cli.config import read_config
from specfirst.cli.errors import COULD_NOT_RUN, CommandError

COMMANDS: tuple[str, ...] = ("diff", "bundle", "format")
"""The subcommands, in the order in which --help lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `specfirst` with these arguments (default: those of the process). Returns the exit status."""
    modules = {name: import_module(f"specfirst.cli.{name}") for name in COMMANDS}
    parsed = _parser(modules).parse_args(arguments)
    try:
        return int(modules[parsed.command].run(parsed, read_config(parsed.config)))
    except CommandError as error:
        print(f"specfirst {parsed.command}: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of the output, such as `head`, has exited.
        sys.stderr.close()
        return 141


def _parser(modules: dict[str, ModuleType]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="specfirst", description="Execute OpenAPI contracts.")
    parser.add_argument("--version", action="version", version=f"specfirst {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=f"examples:\n{module.EXAMPLES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument(
            "--config",
            metavar="FILE",
            help="the configuration (default: specfirst.toml, or [tool.specfirst] in pyproject.toml)",
        )
        module.configure(command)
    return parser
