"""The database that keeps the lease, on a real PostgreSQL."""
