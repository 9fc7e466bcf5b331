"""PostgreSQL: statements and connections, the read replica, the migrations. Knows no resource."""
