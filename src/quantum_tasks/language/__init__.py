"""From a syntax tree to a circuit: what the language means.

What comes in is a program's tree and the values of its inputs; what goes out is a `Program` of
`circuits`, or a `ProgramError`. Whatever no measurement decides is worked out here.

It uses `parsing` and `circuits`. Begin with `program.py`, then `compiler.py`, which puts the parts
together: `expressions.py` works out values, `statements/` has a part for each kind of statement,
`machine.py` knows what variables hold, and `listing.py` takes what is written.
"""
