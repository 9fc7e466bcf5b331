# Generated from openapi.yaml by scripts/generate. Change the contract and generate again; edits here are lost.
"""Routers: derived from the contract."""
