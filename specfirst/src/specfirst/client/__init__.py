"""Clients in other languages, made from a contract."""
