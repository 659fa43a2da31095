"""What runs in a child process: an order is read, carried out and answered, one after the other.

It uses `engines`, `pictures`, `language`, `circuits` and `parsing`, and nobody uses it but the
fork server, by its name. Begin with `main.py`.
"""
