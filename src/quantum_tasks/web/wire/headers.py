"""The headers that every answer has, whichever part of the service makes it."""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

# Browsers must not guess media types, let other pages keep access to a window of ours, use
# answers as parts of other pages, or tell other servers which address a link was on.
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
]
# What is no page loads nothing and runs nothing, and nobody may put a frame around it. Pages
# (web/pages.py) and drawings bring policies of their own.
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
# Answers about tasks are private, and they change.
_ASK_AGAIN = (b"cache-control", b"private, no-cache")
_KEEP_NOTHING = (b"cache-control", b"no-store")


def finished(headers: Iterable[tuple[bytes, bytes]], request_id: bytes) -> Headers:
    """The headers of an answer, together with those that every answer has. The log has the same
    request id.

    Requests for a part of an answer are not supported: no answer is large enough for that.
    """
    all_ = [header for header in headers if header[0] != b"accept-ranges"]
    given = dict(all_)
    # After a 304, which has no type, a browser keeps its copy, but changes the headers of the copy
    # to those of this answer: so it must not have a policy.
    if b"content-type" in given and b"content-security-policy" not in given:
        all_.append(_NO_PAGE)
    if b"cache-control" not in given:
        all_.append(_ASK_AGAIN if b"etag" in given else _KEEP_NOTHING)
    all_ += _ALWAYS
    all_.append((b"x-request-id", request_id))
    return all_
