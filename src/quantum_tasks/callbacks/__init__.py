"""Webhooks: when a task has ended, the URL that its submitter gave is called.

Input: rows that are written when a task ends. Output: signed requests, only to public addresses of
the internet. One slow host delays no other.

It uses `database`. Begin with `webhooks.py`.
"""
