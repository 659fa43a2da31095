"""OpenQASM programs in, measurement counts out: a durable task service on one Postgres."""

__version__ = "0.1.0"
