"""Values that measurements decide, and loops that they end.

Usually they are conditions over bits: begin with `runtime.py`. Where each possible value has to be
known, `cases.py` tells them apart. A program that has too many cases is compiled again, with
numbers followed as one of few (`codes.py`, `spans.py`) and loops state by state (`states.py`)
instead of in bits (`carried.py`).
"""
