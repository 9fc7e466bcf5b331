"""The custom visitor that fastapi-code-generator loads, by this file's path, as a module of no package."""

from specfirst.codegen.views import visit

__all__ = ["visit"]
