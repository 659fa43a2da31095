"""From OpenQASM text to a syntax tree, or to an error that says where the text is wrong.

What comes in is the text as it was sent; what goes out is the tree of the reference parser
(`openqasm3.ast`), thirty times sooner than from there. `ProgramError`, what is wrong with a
program and where, lives here, and whoever works on a program raises it.

It uses no other room. Begin with `syntax.py`.
"""
