"""From bytes to a request that may be answered: connections, their bounds, their origins.

It knows nothing of tasks. Begin with `connections.py`.
"""
