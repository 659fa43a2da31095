"""From OpenQASM text to a syntax tree, or to an error that says where the text is wrong.

Input: the text as it was sent. Output: the same tree as from the reference parser
(`openqasm3.ast`), thirty times faster. `ProgramError` is also here: it says what is wrong with a
program, and where; all rooms that work on a program raise it.

OpenQASM 2 has a parser of its own, which builds the same trees (`qasm2.py`).

It uses no other room. Begin with `syntax.py`.
"""
