"""A spec-first engine for FastAPI: it implements OpenAPI and HTTP, and depends on no particular contract."""
