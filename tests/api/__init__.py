"""The API over HTTP: a real server process and a real PostgreSQL."""
