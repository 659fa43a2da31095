"""One function for each operation of the API, which makes the answer.

Each function reads a request, asks the rooms below, and makes a response; the table in
`web/routes.py` says which one is called for which route. Begin with `tasks.py`, the simple API,
which never changes, or with `submitting.py`. The views of a result are in `views.py`.
"""
