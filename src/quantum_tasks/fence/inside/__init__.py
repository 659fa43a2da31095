"""What runs in a child process: an order is read, carried out and answered, one after the other.

It uses `engines`, `pictures`, `language`, `circuits` and `parsing`. No other module imports it:
the fork server imports it by name. Begin with `main.py`.
"""
