"""What people read about tasks, and for how long it is kept.

Input: ids and filters. Output: records, results, pages of a list. This room changes no task's
status: it only renames tasks, and deletes tasks that have ended.

It uses `queue`, `database` and `turns`. Begin with `records.py`, then `archive.py`.
"""
