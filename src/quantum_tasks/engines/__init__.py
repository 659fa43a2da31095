"""How a circuit is run, and what that takes.

What comes in is a `Program` with what is asked of it: shots, noise, observables, a method. What
goes out are counts and expectation values as JSON text; or, before that, the method
(`methods.py`), the memory (`cost.py`) and the time (`estimate.py`).

It uses `circuits`. Begin with `aer.py`.
"""
