"""Postgres: a pool of connections, statements by name, migrations, and an embedded server.

This room knows nothing of tasks, and uses no other room. Begin with `pool.py`.
"""
