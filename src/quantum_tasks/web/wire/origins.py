"""Who may call: the service answers only to its own names, and refuses pages of other origins.

Any page in a browser can send requests to this machine and to the network around it. The browser
says for which page it does so, and a page cannot prevent that. Other clients send no such headers.
"""

from __future__ import annotations

from functools import lru_cache

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from quantum_tasks import hosts
from quantum_tasks.errors import ForeignOrigin, MalformedHttp, Problem, UnknownHost
from quantum_tasks.settings import Settings
from quantum_tasks.web.responses import problem_response

_OWN = (None, b"same-origin", b"none")  # "none": a person typed the address
_MOST_SHOWN = 100  # characters of a header that a message quotes
_REMEMBERED = 256  # hosts: nearly all requests use the same few
_EXPOSED = (
    "Allow",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "X-Request-ID",
)


class Origins:
    """Refuses requests for other hosts, and requests of pages that may not call. Nothing of such a
    request is read except its headers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._origins = frozenset(settings.cors_origins)
        own = hosts.read_host(settings.host)
        names = settings.allowed_hosts + ((own,) if own else ())

        @lru_cache(_REMEMBERED)
        def refused(host: bytes) -> Problem | None:
            return refused_host(host.decode("latin-1"), names)

        self._refused_host = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._refusal(scope)
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(problem)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host")
        if host is None:
            if scope["http_version"] != "1.0":
                return MalformedHttp("The header 'Host' is missing.")
            host = b""
        elif [name for name, _ in scope["headers"]].count(b"host") > 1:
            return MalformedHttp("There is more than one header 'Host'.")
        elif problem := self._refused_host(host):
            return problem
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin is None and site in _OWN:  # nearly always
            return None
        return self._refused_origin(scope["method"], host, origin, site, headers)

    def _refused_origin(
        self,
        method: str,
        host: bytes,
        origin: bytes | None,
        site: bytes | None,
        headers: dict[bytes, bytes],
    ) -> Problem | None:
        text = None if origin is None else origin.decode("latin-1")
        if text in self._origins:
            return None
        own = text is None or hosts.is_own(text, host.decode("latin-1"))
        if own and site in _OWN:
            return None
        if method in ("GET", "HEAD") and is_visit(headers):
            return None
        return ForeignOrigin(_why(text, site, own))


def allow(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Lets the pages of CORS_ORIGINS read answers, and send the preflight requests of CORS."""
    if not settings.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=_EXPOSED,
        allow_private_network=True,
    )


def refused_host(text: str, names: tuple[str, ...]) -> Problem | None:
    """The reason why a header `Host` is refused, if the service answers to these names; None if it
    is not."""
    host = hosts.read_host(text)
    if host is None:
        return MalformedHttp(f"The header 'Host' is '{_short(text)}', not a host and a port.")
    if hosts.is_answered(host, names):
        return None
    return UnknownHost(
        f"The service does not answer to '{_short(host)}', but to IP addresses, 'localhost' and "
        "names without a dot. Whoever runs it can add a name to the setting ALLOWED_HOSTS."
    )


def is_visit(headers: dict[bytes, bytes]) -> bool:
    """Whether a person opens an answer in a window of its own, for example by a link. The page
    with the link cannot read the answer; a page that shows the answer in a frame might, so frames
    do not count."""
    return (
        headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
    )


def _why(origin: str | None, site: bytes | None, own: bool) -> str:
    if own:
        said = _short((site or b"").decode("latin-1"))
        return (
            f"The request comes from a page of another origin (Sec-Fetch-Site: {said}). If it is "
            "one of the setting CORS_ORIGINS, it must send its origin: by fetch(), or with the "
            "attribute crossorigin."
        )
    return (
        f"The request comes from a page of another origin, '{_short(origin or '')}', than the one "
        "that it calls. Whoever runs the service can add it to the setting CORS_ORIGINS or, if it "
        "is the service's own behind a proxy, have the proxy pass on the header 'Host'."
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
