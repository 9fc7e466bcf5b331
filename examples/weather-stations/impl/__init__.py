"""The implementation: one module for each tag."""
