"""The npm package of a TypeScript client: its files, as text, and its tarball.

Nothing has to be compiled: the runtime is part of this distribution as JavaScript, in `runtime/` (its sources
are in `specfirst/typescript/` of the repository), and the modules of the contract are written as JavaScript
with declarations.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from specfirst.client.examples import examples
from specfirst.client.operations import Modules, javascript, modules
from specfirst.client.zod import zod
from specfirst.contract.document import Document

RUNTIME = Path(__file__).with_name("runtime")
"""The compiled runtime: `esm/` and `cjs/`, each with declarations."""

OWN = ("package.json", "dist/contract.d.ts", "dist/contract.js", "dist/schemas.d.ts")
"""The files in which the contract shows; the others are the same in all clients, or follow from these."""

_MARK = "// Written by specfirst client typescript: change the contract, not this file.\n\n"
_EXAMPLES = """\
import type { Example } from "./types.js";

export declare const examples: Readonly<Record<string, readonly Example[]>>;
"""
_PATTERN = '(text) => { try { return new RegExp(text, "u"); } catch { return /(?:)/; } }'
"""Some patterns of other languages are no patterns in JavaScript."""

_TYPES = """
Answer Arguments Call CallOptions ErrorBody ErrorStatus ListOperationId Method OperationId Operations Page
ReadOperationId RequestOptions Result Stream Upload WriteOperationId
"""
"""The types of the runtime that the package exports."""

_OPTIONAL = {
    "@tanstack/react-query": "^5.62.0",
    "msw": ">=2.0.0",
    "react": "^18.0.0 || ^19.0.0",
    "zod": "^4.0.0",
}


def package(
    document: Document,
    *,
    name: str | None = None,
    prefix: str = "",
    manifest: Mapping[str, Any] | None = None,
) -> Mapping[str, str]:
    """Return the files of the package by path. Raises DocumentError.

    `name` is that of the package (default: made of the title), and `prefix` is in the names of what it
    exports: with `Task`, `createClient` is `createTaskClient`. `manifest` is a package.json whose other
    fields are kept.
    """
    found = modules(document)
    manifest = _manifest(document, name, manifest or {})
    files = {"package.json": json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"}
    entries = _entries(prefix, document, found, manifest["name"])
    for folder, form in (("dist", "esm"), ("dist/cjs", "cjs")):
        for path in sorted((RUNTIME / form).iterdir()):
            files[f"{folder}/{path.name}"] = path.read_text(encoding="utf-8")
        for module, (declarations, code) in entries.items():
            files[f"{folder}/{module}.d.ts"] = _MARK + declarations
            files[f"{folder}/{module}.js"] = _MARK + code.text(common=form == "cjs")
    files["dist/cjs/package.json"] = '{"type": "commonjs"}\n'
    return files


def tarball(files: Mapping[str, str]) -> bytes:
    """Return the package as npm packs it; the bytes depend only on the files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in sorted(files.items()):
            content = text.encode()
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def tarball_name(files: Mapping[str, str]) -> str:
    """Return the name that `npm pack` gives to the tarball: `@shop/api` is `shop-api-1.0.0.tgz`."""
    manifest = json.loads(files["package.json"])
    return f"{manifest['name'].lstrip('@').replace('/', '-')}-{manifest['version']}.tgz"


def _manifest(document: Document, name: str | None, kept: Mapping[str, Any]) -> dict[str, Any]:
    info = document.content["info"]
    title = " ".join(str(info["title"]).split())
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "api"

    def entry(module: str) -> dict[str, Any]:
        return {
            "import": {"types": f"./dist/{module}.d.ts", "default": f"./dist/{module}.js"},
            "require": {"types": f"./dist/cjs/{module}.d.ts", "default": f"./dist/cjs/{module}.js"},
        }

    return {
        "name": name or kept.get("name") or f"{words}-client",
        "version": _version(str(info["version"])),
        "description": f"A typed client of {title}, generated from its contract.",
        **{field: value for field, value in kept.items() if field not in ("name", "version")},
        "type": "module",
        "sideEffects": False,
        "main": "./dist/cjs/index.js",
        "types": "./dist/cjs/index.d.ts",
        "exports": {
            ".": entry("index"),
            "./react": entry("react"),
            "./msw": entry("msw"),
            "./zod": entry("zod"),
            "./package.json": "./package.json",
        },
        "files": ["dist"],
        "engines": {"node": ">=20"},
        "peerDependencies": _OPTIONAL,
        "peerDependenciesMeta": {package: {"optional": True} for package in _OPTIONAL},
    }


def _version(text: str) -> str:
    """Return the version that npm accepts: `v1.2` is `1.2.0`, and what has no number is `0.0.0`."""
    found = re.fullmatch(r"v?(\d+)(?:\.(\d+)(?:\.(\d+)(-[0-9A-Za-z.-]+)?(?:\+.*)?)?)?", text)
    if not found:
        return "0.0.0"
    return ".".join(str(int(part or 0)) for part in found.groups()[:3]) + (found[4] or "")


class _Code:
    """A JavaScript module: re-exports of other modules, and constants."""

    def __init__(
        self,
        reexports: Mapping[str, Mapping[str, str]] | None = None,
        exports: Mapping[str, str] | None = None,
        imports: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """`reexports` and `imports` have names by module, each with its name there.

        A constant whose name begins with a space is not exported.
        """
        self._reexports, self._exports, self._imports = reexports or {}, exports or {}, imports or {}

    def text(self, *, common: bool) -> str:
        return "".join(self._common() if common else self._modern())

    def _modern(self) -> Iterator[str]:
        for module, names in self._imports.items():
            yield f'import {{ {_listed(names)} }} from "{module}";\n'
        for module, names in self._reexports.items():
            yield f'export {{ {_listed(names)} }} from "./{module}.js";\n'
        for name, value in self._exports.items():
            yield f"{'' if name[0] == ' ' else 'export '}const {name.strip()} = {value};\n"

    def _common(self) -> Iterator[str]:
        yield '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\n'
        for module, names in self._imports.items():
            listed = ", ".join(own if own == new else f"{own}: {new}" for new, own in names.items())
            yield f'const {{ {listed} }} = require("{module}");\n'
        for module, names in self._reexports.items():
            yield f'const {module} = require("./{module}.js");\n'
            yield from (f"exports.{new} = {module}.{own};\n" for new, own in names.items())
        for name, value in self._exports.items():
            yield f"const {name.strip()} = {value};\n"
            if name[0] != " ":
                yield f"exports.{name} = {name};\n"


def _entries(prefix: str, document: Document, found: Modules, name: str) -> Mapping[str, tuple[str, _Code]]:
    """Return the declarations and the code of each module that depends on the contract or its name."""
    index = {
        "client": {f"create{prefix}Client": "createClient", "etagOf": "etagOf", "forgetToken": "forgetToken"},
        "errors": {f"{prefix}ApiError": "ApiError", "UnexpectedResponseError": "UnexpectedResponseError"},
        "pages": {"items": "items", "pages": "pages"},
    }
    react = {
        "hooks": {
            f"{prefix}ClientProvider": "ClientProvider",
            f"use{prefix}Client": "useClient",
            **_same("useApiMutation", "useApiPages", "useApiQuery"),
        },
        "queries": _same("API_KEY", "apiPages", "apiQuery"),
    }
    named = {f"{prefix}Client": "Client", f"{prefix}ClientOptions": "ClientOptions"}
    types = _exports("types", {**named, **_same(*_TYPES.split())}, types=True)
    codecs = {"form": "./forms.js", "stream": "./streams.js"}
    contract = _Code(
        exports={"name": json.dumps(name), **found.exports},
        imports={codecs[one]: {one: one} for one in found.codecs},
    )
    responses, types_of_zod, schemas = examples(document), *zod(document, found.types)
    return {
        "contract": (found.declarations, contract),
        "examples": (_EXAMPLES, _Code(exports={"examples": javascript(responses)})),
        "msw": (
            _exports("handlers", _same("handlers")) + _exports("handlers", _same("Answers"), types=True),
            _Code({"handlers": _same("handlers")}),
        ),
        "zod": (types_of_zod, _Code(exports={" pattern": _PATTERN, **schemas}, imports={"zod": {"$z": "z"}})),
        "schemas": (found.schemas, _Code()),
        "index": (
            "".join(_exports(module, names) for module, names in index.items())
            + types
            + 'export type * from "./schemas.js";\nexport type * as schemas from "./schemas.js";\n',
            _Code(index),
        ),
        "react": (
            "".join(_exports(module, names) for module, names in react.items())
            + _exports("hooks", _same("MutationOptions"), types=True)
            + _exports("queries", _same("ApiPages", "ApiQuery", "QueryData", "Variables"), types=True),
            _Code(react),
        ),
    }


def _listed(names: Mapping[str, str]) -> str:
    return ", ".join(own if own == new else f"{own} as {new}" for new, own in names.items())


def _same(*names: str) -> Mapping[str, str]:
    return {name: name for name in names}


def _exports(module: str, names: Mapping[str, str], *, types: bool = False) -> str:
    return f'export {"type " if types else ""}{{ {_listed(names)} }} from "./{module}.js";\n'


def write(files: Mapping[str, str], folder: Path) -> Sequence[str]:
    """Write the files that differ, and return their paths. Raises OSError."""
    written = []
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(name)
    return written
