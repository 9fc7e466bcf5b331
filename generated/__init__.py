# Generated from openapi.yaml by scripts/generate: change the contract, not this file.

"""Tasks API: derived from the contract."""
