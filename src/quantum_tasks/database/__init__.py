"""Postgres: a pool of connections, statements by name, migrations, and a server of our own.

It knows nothing of tasks, and uses no other room. Begin with `pool.py`.
"""
