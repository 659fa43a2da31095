"""From a syntax tree to a circuit: what the language means.

Input: the syntax tree of a program and the values of its inputs. Output: a `Program` of
`circuits`, or a `ProgramError`. Everything that does not depend on a measurement is worked out
here. The gates of stdgates.inc are in `circuits/gates.py`, those of qelib1.inc beside them.

It uses `parsing` and `circuits`. Begin with `program.py`, then `compiler.py`, which puts the parts
together: `expressions.py` works out values, `statements/` has a part for each kind of statement,
`measured/` has values that measurements decide, `machine.py` knows what variables hold, and
`listing.py` takes what is written.
"""
