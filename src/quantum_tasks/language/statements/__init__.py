"""Statements: each kind with the parts that it needs, which `compiler.py` puts together.

What comes in is a node of the tree; what goes out is written to the listing. A statement runs at
compile time as far as no measurement decides it.

It uses the rest of `language`. Begin with `blocks.py`.
"""
