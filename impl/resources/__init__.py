"""The operations of the contract, one module per tag: look up, decide, write, return."""
