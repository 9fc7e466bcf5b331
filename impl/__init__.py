"""Written by hand: the operations of the contract on a PostgreSQL database."""
