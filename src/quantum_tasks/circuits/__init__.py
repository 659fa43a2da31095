"""A program as a circuit, and what can be said of it whoever runs it.

What comes in are operations: gates, measurements, branches, loops (`circuit.py`). What goes out is
the same, put otherwise: gates made of simpler ones, in another order, with noise, as bytes.

It uses `parsing` for its errors. Begin with `circuit.py`.
"""
