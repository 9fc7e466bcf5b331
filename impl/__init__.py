"""Hand-written implementation: the operations of the contract on a PostgreSQL database."""
