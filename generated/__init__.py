# Generated from openapi.yaml by scripts/generate. Change the contract and generate again; edits here are lost.
"""Tasks API: derived from the contract."""
