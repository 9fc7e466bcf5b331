"""Fuzz a running server with Schemathesis: configuration, hooks and report, for any contract.

It needs the extra `fuzz`.
"""

GENERAL_HOOKS = "specfirst.fuzz.hooks"

# The environment variables of the hooks.
RESULTS = "SPECFIRST_FUZZ_RESULTS"
"""The file for the results."""

HOOKS = "SPECFIRST_FUZZ_HOOKS"
"""The hooks of the project, as a file or a module; empty if it has none."""

OBSERVATIONS = "SPECFIRST_FUZZ_OBSERVATIONS"
"""The folder for observations; empty if nothing is to be recorded."""

CONTRACT = "SPECFIRST_FUZZ_CONTRACT"
"""The contract as a JSON file, for observations."""
