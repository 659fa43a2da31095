"""The headers that every answer has, whoever gives it."""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

# Nobody guesses at types, keeps a hold of our windows, or takes our answers for parts of a page.
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# Pages load nothing from elsewhere; nobody frames them, or anything else.
_PAGE = [
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (b"referrer-policy", b"no-referrer"),
]
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
# What somebody's tasks are is nobody else's business, and changes.
_ASK_AGAIN = (b"cache-control", b"private, no-cache")
_KEEP_NOTHING = (b"cache-control", b"no-store")


def finished(headers: Iterable[tuple[bytes, bytes]], request_id: bytes) -> Headers:
    """The headers of an answer, with those that every answer has. Its request's id is in the log.

    Nothing here is so large that a part of it were worth asking for.
    """
    all_ = [header for header in headers if header[0] != b"accept-ranges"]
    given = dict(all_)
    kind = given.get(b"content-type")
    # With 304 a browser keeps what it has, but for what the answer's headers say otherwise.
    if kind is not None and kind.startswith(b"text/html"):
        all_ += _PAGE
    elif kind is not None and b"content-security-policy" not in given:
        all_.append(_NO_PAGE)
    if b"cache-control" not in given:
        all_.append(_ASK_AGAIN if b"etag" in given else _KEEP_NOTHING)
    all_ += _ALWAYS
    all_.append((b"x-request-id", request_id))
    return all_
