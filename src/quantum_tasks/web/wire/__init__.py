"""From bytes to a request that may be answered: connections, their limits, and the check of hosts
and origins.

This package knows nothing of tasks. Begin with `connections.py`.
"""
