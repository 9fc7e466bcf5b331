"""The API as its clients meet it: a server process of its own, a real PostgreSQL, real HTTP."""
