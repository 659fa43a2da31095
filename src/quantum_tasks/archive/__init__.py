"""What people read about tasks, and for how long it is kept.

What comes in are ids and filters; what goes out are records, results, pages of a list. It changes
no status: it renames, and deletes what has ended.

It uses `queue`, `database` and `turns`. Begin with `records.py`, then `archive.py`.
"""
