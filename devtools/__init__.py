"""Development tools that production does not install: embedded PostgreSQL, development secret, fuzz hooks."""
