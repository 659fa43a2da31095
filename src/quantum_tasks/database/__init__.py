"""Postgres: connections, queries, migrations, and a server of our own where none is given."""
