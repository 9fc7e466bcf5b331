"""PostgreSQL: statements, connections, the read replica, migrations. Independent of the resources."""
