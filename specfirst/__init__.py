"""A spec-first engine for FastAPI: it knows OpenAPI and HTTP, and nothing of any particular contract."""
