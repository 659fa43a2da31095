"""A program as a circuit, and what can be said of it before any simulation.

Input: operations, which are gates, measurements, branches and loops (`circuit.py`). Output: the
same operations in another form: gates made of simpler gates, in another order, with noise, or as
bytes.

It uses `parsing` for its errors. Begin with `circuit.py`; the gates of the language are in
`gates.py`.
"""
