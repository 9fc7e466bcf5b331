# Generated from openapi.yaml by specfirst: change the contract, not this file.
"""Routers: derived from the contract."""
