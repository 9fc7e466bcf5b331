"""Who is calling: tokens, their verification, and the keys that verify them."""
