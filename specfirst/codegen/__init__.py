"""Derives Python code from a contract, by two known generators with templates of our own."""
