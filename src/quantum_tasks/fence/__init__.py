"""Child processes, and nothing that happens to them happens to the service.

What comes in are orders (`orders.py`): check, run, draw. What goes out is one reply to each, or a
`ChildDiedError` or `OutOfTimeError`. This side imports no simulator; what is in `inside` is
imported by the children alone.

It uses `turns`. Begin with `pool.py`; `checking.py` and `drawing.py` are pools for one purpose.
"""
