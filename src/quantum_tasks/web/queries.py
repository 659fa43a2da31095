"""The parameters in an address: only those that the route has."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable
from functools import wraps

from msgspec import inspect
from starlette.requests import Request
from starlette.responses import Response

from quantum_tasks.errors import InvalidRequest
from quantum_tasks.web.endpoint import Endpoint
from quantum_tasks.web.requests import parameters

Handler = Callable[[Request], Awaitable[Response]]

# What clients and proxies add to every address: against caches, keys that a proxy in front of this
# service has looked at, a polyfill's place in a stream, and how a link was spread.
_OF_OTHERS = frozenset(("_", "token", "access_token", "api_key", "apikey", "key", "lastEventId"))
_SPREAD = "utm_"
_CLOSE = 0.7  # difflib's ratio
_LONGEST = 100  # characters of a name that are quoted


def known_only(endpoint: Endpoint) -> Handler:
    """The handler of a route; it refuses parameters that the route does not have, which would be
    ignored without a word."""
    handler: Handler = endpoint.handler
    in_body = {
        field.encode_name
        for struct in endpoint.body
        if isinstance(kind := inspect.type_info(struct), inspect.StructType)
        for field in kind.fields
    }

    @wraps(handler)
    async def checked(request: Request) -> Response:
        if request.scope["query_string"]:
            for name in parameters(request):
                if name not in endpoint.query and not _is_of_others(name):
                    raise InvalidRequest(_refusal(name, endpoint, name in in_body))
        return await handler(request)

    return checked


def _is_of_others(name: str) -> bool:
    return name in _OF_OTHERS or name.startswith(_SPREAD)


def _refusal(name: str, endpoint: Endpoint, in_body: bool) -> str:
    known = list(endpoint.query)
    close = difflib.get_close_matches(name[:_LONGEST].lower(), known, n=1, cutoff=_CLOSE)
    if in_body:
        hint = "it is a field of the JSON body."
    elif name == "wait" and "Prefer" in endpoint.headers:
        hint = "send the header 'Prefer: wait=20'."
    elif close:
        hint = f"did you mean '{close[0]}'?"
    elif known:
        hint = f"there are: {', '.join(known)}."
    else:
        hint = "this address has none."
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    return f"There is no parameter '{shown}'; {hint}"
