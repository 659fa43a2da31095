"""HTTP. Input: requests. Output: responses, including errors.

`wire` handles connections; `answers` has one function for each operation. The modules here put
them together: the app, the table of routes, the API's document, the pages. This room never imports
a simulator.

It uses all rooms of the service. Begin with `routes.py`.
"""
