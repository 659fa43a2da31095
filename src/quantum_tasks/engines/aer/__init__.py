"""Qiskit Aer: an engine for each of its methods (`methods.py`, `extended.py`).

A circuit becomes Aer's own instructions (`assembly.py`) and goes to its controller
(`controller.py`), without the layers that Qiskit puts around it (`library.py`).
"""
