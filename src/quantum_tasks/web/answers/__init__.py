"""What is answered to each request: one function for each operation of the API.

They read a request, ask the rooms below, and make a response; `web/routes.py` says which is called
when. Begin with `tasks.py`, the contract that never changes, or with `submitting.py`.
"""
