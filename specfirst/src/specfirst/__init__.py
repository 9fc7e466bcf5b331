"""Execute OpenAPI contracts: lint, diff, code generation, a FastAPI engine, mocks and fuzzing."""

__version__ = "0.1.0"
