"""Derives Python code from a contract: fastapi-code-generator and datamodel-code-generator, with our templates."""
