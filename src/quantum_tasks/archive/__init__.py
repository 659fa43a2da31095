"""What people read about tasks, and for how long it is kept.

Input: ids and filters. Output: records, results, pages of a list. This room changes a task's
status in one place only: `cancelling.py` cancels all tasks that match a filter. Otherwise it
renames tasks, and deletes tasks that have ended.

It uses `queue`, `database` and `turns`. Begin with `records.py`, then `archive.py`.
"""
