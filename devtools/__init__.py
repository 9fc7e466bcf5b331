"""What production neither installs nor needs: the embedded PostgreSQL, development secrets, fuzz hooks."""
