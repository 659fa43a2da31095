"""Webhooks: who asked for it is called when a task has ended.

What comes in are rows that a task's end leaves in the database; what goes out are signed
requests to addresses that the internet routes. One slow host holds up no other.

It uses `database`. Begin with `webhooks.py`.
"""
