"""How a circuit is run, and what that takes.

What comes in is a `Program` with what is asked of it: shots, noise, observables, a method. What
goes out are counts and expectation values, or exact probabilities and a state vector, as JSON
text (`simulator.py`); or, before that, the method and the memory (`planner.py`) and the time
(`estimate.py`).

Each simulator is an *engine* (`engine.py`): a class that says whether it can run a circuit and
what that would take, and runs it. There are qsim (`qsim.py`) for state vectors, Stim (`stim.py`)
for Clifford circuits, our own sampler of programs that go on after a measurement
(`branching.py`), and Aer's methods (`aer/`). A new one is a file, and a line in the list in
`planner.py`, which asks them.

It uses `circuits`. Begin with `engine.py`.
"""
