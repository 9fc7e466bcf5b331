"""The custom visitor that fastapi-code-generator loads by file path, outside of a package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datamodel_code_generator.format import PythonVersion
from fastapi_code_generator import cli

from specfirst.codegen import views

if TYPE_CHECKING:
    from fastapi_code_generator.parser import OpenAPIParser


def visit(parser: OpenAPIParser, model_path: Path) -> dict[str, object]:
    # ruff formats all modules at the end; black would take minutes for a large contract.
    cli._get_code_formatter(PythonVersion.PY_311, Path().resolve()).formatters.clear()
    return views.visit(parser, model_path)
