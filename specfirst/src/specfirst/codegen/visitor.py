"""The custom visitor that fastapi-code-generator loads by file path, outside of a package."""

from specfirst.codegen.views import visit

__all__ = ["visit"]
