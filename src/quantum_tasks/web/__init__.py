"""HTTP: what comes in are requests, what goes out are responses, problems among them.

`wire` is about connections, `answers` about what is answered; here is what puts them together: the
app, the table of routes, the API's document, the pages. Never imports a simulator.

It uses all rooms of the service. Begin with `routes.py`.
"""
