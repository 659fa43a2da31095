"""Child processes: whatever happens to a child does not happen to the service.

Input: orders (`orders.py`), which are check, run and draw. Output: one reply to each order, or a
`ChildDiedError` or an `OutOfTimeError`. The modules here import no simulator; only the children
import the modules of `inside`.

It uses `turns`. Begin with `pool.py`; `checking.py` and `drawing.py` are pools for one purpose.
"""
