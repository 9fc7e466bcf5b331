"""Authentication: bearer tokens, their verification, and the keys that verify them."""
