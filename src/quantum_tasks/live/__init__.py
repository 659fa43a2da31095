"""What becomes of tasks, told as it happens to whoever waits or follows.

What comes in are ends of tasks, here and in other instances; what goes out is one answer to each
who waits, and the feed. No connection to the database is held for anybody.

It uses `archive`, `queue` and `turns`. Begin with `waiting.py`, then `feed.py`.
"""
