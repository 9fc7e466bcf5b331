# Generated from openapi.yaml by specfirst: change the contract, not this file.

"""Weather stations: derived from the contract."""
