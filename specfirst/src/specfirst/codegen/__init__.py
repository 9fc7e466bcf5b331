"""Generate Python code from a contract, with two known generators and our own templates."""
