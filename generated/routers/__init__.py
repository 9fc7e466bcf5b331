# Generated from openapi.yaml by scripts/generate: change the contract, not this file.
"""Routers: derived from the contract."""
