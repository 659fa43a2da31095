"""Tells clients that wait for a task, or follow the feed, about changes as they happen.

Input: changes of tasks, in this instance and in others. Output: one answer to each client that
waits, and the feed. No client holds a connection to the database.

It uses `archive`, `queue` and `turns`. Begin with `waiting.py`, then `feed.py`.
"""
