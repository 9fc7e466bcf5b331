# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""Tasks API: derived from the contract."""
