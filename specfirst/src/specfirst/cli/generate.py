"""`specfirst generate`: write the Python package of a contract, and the methods that implementations lack.

The exit status is 1 if lint finds errors in the contract, 2 if the command cannot run, and 3 if --check finds
files that are not current.
"""

from __future__ import annotations

import argparse
import keyword
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from specfirst.cli.config import Config
from specfirst.cli.errors import CLEAN, COULD_NOT_RUN, PROBLEMS, CommandError
from specfirst.cli.lint import lint_settings
from specfirst.cli.progress import progress

if TYPE_CHECKING:
    from specfirst.codegen.generate import GenerationError
    from specfirst.codegen.skeleton import Layout, Missing, Unfinished

SUMMARY = "Generate the Python package of a contract."
EXAMPLES = """\
  specfirst generate                                   as [tool.specfirst.generate] says
  specfirst generate openapi.yaml --output generated   without a configuration
  specfirst generate --skeleton                        also write the methods that impl/ lacks
  specfirst generate --check                           write nothing; for CI

exit status:
  0  the package is current
  1  lint found errors in the contract; nothing was written
  2  the command could not run; nothing was written
  3  --check found files that are not current"""
EXTRA = "codegen"
SETTINGS = {
    "contract": {"type": "string", "description": "The contract (default: openapi.yaml)."},
    "output": {"type": "string", "description": "The folder of the package (default: generated)."},
    "implementations": {
        "type": "string",
        "description": "The folder with a module for each tag, which --skeleton completes (default: none).",
    },
    "caller": {
        "type": "string",
        "pattern": "^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$",
        "description": "The type of callers for --skeleton, as `module:Class` (default: object).",
    },
    "arguments": {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {
            "type": "string",
            "pattern": "^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$",
        },
        "description": "The arguments of the constructors that --skeleton writes: `module:Class` by name.",
    },
}

DRIFT = 3
"""The exit status of --check if files are not current."""


def configure(parser: argparse.ArgumentParser) -> None:
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; exit 3 if a file is not current")
    mode.add_argument(
        "--watch",
        action="store_true",
        help="generate again whenever the contract is saved; not with --check or --skeleton",
    )
    mode.add_argument(
        "--skeleton",
        action="store_true",
        help="also write the methods that the implementation lacks, with their bodies left to write",
    )
    parser.add_argument("file", nargs="?", metavar="CONTRACT", help="the contract (default: openapi.yaml)")
    parser.add_argument("--contract", metavar="FILE", help="the same as CONTRACT")
    parser.add_argument("--output", metavar="FOLDER", help="the package (default: generated)")
    parser.add_argument(
        "--implementations", metavar="FOLDER", help="the folder with a module for each tag, for --skeleton"
    )


def run(arguments: argparse.Namespace, config: Config) -> int:
    from specfirst.codegen.generate import GenerationError

    command = _command(arguments, config)
    try:
        if arguments.check:
            return command.check()
        if arguments.watch:
            return command.watch()
        command.update()
        return command.write_skeletons() if arguments.skeleton else command.tell_missing()
    except GenerationError as error:
        return failure(error, arguments.program)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None


def failure(error: GenerationError, program: str) -> int:
    """Print why nothing was generated, and return the exit status."""
    from specfirst.codegen.generate import LintErrors

    if isinstance(error, LintErrors):
        # Each line begins with the file and the line, as editors recognize it.
        print(error, file=sys.stderr, flush=True)
        return PROBLEMS
    print(f"{program}: {error}", file=sys.stderr, flush=True)
    return COULD_NOT_RUN


def _command(arguments: argparse.Namespace, config: Config) -> Generate:
    settings = config.section("generate")
    chosen = arguments.file or arguments.contract
    contract = Path(chosen) if chosen else config.file(settings.get("contract", "openapi.yaml"))
    configured = config.file(settings.get("output", "generated"))
    output = Path(arguments.output) if arguments.output else configured
    name = output.resolve().name
    if not name.isidentifier() or keyword.iskeyword(name):
        from specfirst.contract.names import python_name

        raise CommandError(
            f"{output}: a Python package cannot have the name {name}; "
            f"generate into a folder such as {python_name(name)}"
        )
    implementations = None
    if arguments.implementations:
        implementations = Path(arguments.implementations)
    elif "implementations" in settings and output.absolute() == configured.absolute():
        # The implementations belong to the configured package. Another one may be of another contract.
        implementations = config.file(settings["implementations"])
    if arguments.skeleton and implementations is None:
        raise CommandError(
            "--skeleton needs the folder of the implementations; add --implementations FOLDER, or set "
            "implementations in [tool.specfirst.generate], which counts for the configured output"
        )
    return Generate(config, arguments.program, contract, output, implementations)


def _saved(files: set[Path]) -> dict[Path, tuple[int, int]]:
    """Return what changes when a file is saved: its time and size, or nothing while it is being replaced."""
    found = {}
    for path in files:
        with suppress(OSError):
            status = path.stat()
            found[path] = status.st_mtime_ns, status.st_size
    return found


@dataclass(frozen=True)
class Generate:
    """The command, with its options and settings."""

    config: Config
    program: str
    contract: Path
    output: Path
    implementations: Path | None

    def check(self) -> int:
        from specfirst.codegen.generate import differences, generate

        found = differences(generate(self.contract, lint_settings(self.config)), self.output)
        for difference in found:
            print(f"{self._shown(self.output)}/{difference}", file=sys.stderr)
        if found:
            problem = f"{self._shown(self.output)}/ is not what {self.contract.name} says"
            print(f"{problem}; run {self.program}", file=sys.stderr)
            return DRIFT
        print(f"{self._shown(self.output)}/ is current")
        return CLEAN

    def update(self) -> None:
        from specfirst.codegen.generate import generate, write

        started = time.monotonic()
        with progress(f"Generating {self._shown(self.output)}/"):
            files = generate(self.contract, lint_settings(self.config))
        for name in write(files, self.output):
            print(f"wrote {self._shown(self.output)}/{name}")
        print(f"{self._shown(self.output)}/ is current, {time.monotonic() - started:.1f} s", flush=True)

    def watch(self) -> int:
        from watchfiles import watch

        from specfirst.codegen.generate import GenerationError

        # Not KeyboardInterrupt, which may be raised where Python ignores it, such as in a destructor.
        stop = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: stop.set())

        def update() -> None:
            try:
                self.update()
            except GenerationError as error:
                failure(error, self.program)

        files = self._files({self.contract.absolute()})
        saved = _saved(files)
        update()
        print(f"Watching {self.contract}; Ctrl-C stops", flush=True)
        while not stop.is_set():
            files = self._files(files)
            # A file that was saved during the generation may have been read before.
            if all(saved.get(path, time) == time for path, time in _saved(files).items()):
                saved = _saved(files)
                folders = {path.parent for path in files}
                for _ in watch(
                    *folders,
                    recursive=False,
                    watch_filter=None,
                    stop_event=stop,
                    yield_on_timeout=True,
                    rust_timeout=1000,
                ):
                    if _saved(files) != saved:
                        break
            if not stop.is_set():
                saved = _saved(files)
                update()
        return CLEAN

    def _files(self, known: set[Path]) -> set[Path]:
        """Return the files of the contract, or those that are known if it cannot be read."""
        from specfirst.contract.document import Document, DocumentError

        try:
            names = Document.load(self.contract).files
            # References may lead to URLs as well.
            return {Path(os.path.abspath(name)) for name in names if Path(name).is_file()}
        except DocumentError:
            return known

    def tell_missing(self) -> int:
        """Say which operations have no method yet, or one that cannot serve them.

        This is no error: the contract comes first.
        """
        from specfirst.codegen.generate import GenerationError

        if layout := self._layout():
            try:
                gaps, unfinished = self._missing(layout), self._unfinished(layout)
            except GenerationError as error:
                # The generation itself is complete.
                print(error, file=sys.stderr)
                return CLEAN
            for gap in gaps:
                names = ", ".join(operation.identifier for operation in gap.operations)
                print(f"{self._shown(gap.module)} lacks {gap.class_name}.{names}")
            if gaps:
                print(f"{self.program} --skeleton writes these methods, with their bodies left to write")
            self._tell(unfinished)
        return CLEAN

    def write_skeletons(self) -> int:
        from specfirst.codegen.skeleton import write_missing

        layout = self._layout()
        assert layout, "--skeleton requires the implementations"
        gaps, unfinished = self._missing(layout), self._unfinished(layout)
        for gap in gaps:
            is_new = gap.is_new
            write_missing(gap, layout)
            for operation in gap.operations:
                print(f"wrote {self._shown(gap.module)}: {gap.class_name}.{operation.identifier}")
            if is_new and (line := self._to_connect(gap, layout)):
                print(line)
        self._tell(unfinished)
        if not gaps and not unfinished:
            print(f"{self._shown(layout.implementations)}/ has a method for every operation")
        return CLEAN

    def _tell(self, unfinished: Sequence[Unfinished]) -> None:
        for method in unfinished:
            place = f"{self._shown(method.module)}:{method.line}: {method.name}"
            if method.found:
                print(f"{place} cannot be called as the contract says; correct its parameters")
                print(f"    expected: {method.expected}\n    found:    {method.found}")
            else:
                print(f"{place} is not written: it only raises NotImplementedError")

    def _layout(self) -> Layout | None:
        from specfirst.codegen.skeleton import Layout

        if self.implementations is None:
            return None
        settings = self.config.section("generate")
        return Layout(
            generated=self.output,
            package=self._dotted(self.output),
            implementations=self.implementations,
            caller=settings.get("caller"),
            arguments=settings.get("arguments", {}),
        )

    def _missing(self, layout: Layout) -> Sequence[Missing]:
        from specfirst.codegen.skeleton import missing
        from specfirst.contract.document import Document

        return missing(Document.load(self.contract), layout)

    def _unfinished(self, layout: Layout) -> Sequence[Unfinished]:
        from specfirst.codegen.skeleton import unfinished
        from specfirst.contract.document import Document

        return unfinished(Document.load(self.contract), layout)

    def _to_connect(self, gap: Missing, layout: Layout) -> str | None:
        """Say what connects a new class with the generated routes; None if the application has it."""
        module, _, _ = self.config.section("serve").get("app", "").partition(":")
        place = f"{module.replace('.', '/')}.py" if module else "the module that calls build_router"
        application = self.config.file(place)
        if application.is_file():
            text = application.read_text(encoding="utf-8")
            if re.search(rf"\b{gap.module.stem}={gap.class_name}\(", text):
                return None
        arguments = ", ".join(layout.arguments)
        return (
            f"Add to {place}: from {self._dotted(gap.module.with_suffix(''))} import {gap.class_name}, "
            f"and {gap.module.stem}={gap.class_name}({arguments}) in the call of build_router"
        )

    def _shown(self, path: Path) -> str:
        folder = self.config.folder.absolute()
        return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()

    def _dotted(self, path: Path) -> str:
        """Return the name by which Python imports a folder or module of the project, or of its src/."""
        folder = self.config.folder.absolute()
        if not path.absolute().is_relative_to(folder):
            return path.name
        parts = path.absolute().relative_to(folder).parts
        return ".".join(parts[1:] if parts[:1] == ("src",) else parts)
