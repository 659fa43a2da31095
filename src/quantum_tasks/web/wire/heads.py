"""Which headers a request may have, and which of them are read."""

from __future__ import annotations

import re
from typing import Any

from quantum_tasks.errors import HeadersTooLarge

MAX_HEADER_BYTES = 16384  # bytes of all headers, names and values
MAX_HEADERS = 100
_AUTHORITY = re.compile(rb"[A-Za-z]+://([^/?#]*)")
_HEAD_END = b"\r\n\r\n"
_LIST = 1024  # bytes of a header that has a list
_WORD = 256
# Every header that the service reads, and how long it may be, all its lines together. Other
# headers are not kept, so that they take no memory; and no code parses a header whose length was
# not checked.
READ = {
    b"accept": _LIST,
    b"accept-encoding": _LIST,
    b"access-control-request-headers": _LIST,
    b"access-control-request-method": _WORD,
    b"access-control-request-private-network": _WORD,
    b"connection": _WORD,
    b"content-encoding": _WORD,
    b"content-length": _WORD,
    b"content-type": _WORD,
    b"expect": _WORD,
    b"host": _WORD,
    b"idempotency-key": _LIST,  # longer than a key may be, so that the error can say so
    b"if-none-match": _LIST,
    b"last-event-id": _WORD,
    b"origin": _LIST,
    b"prefer": _LIST,
    b"sec-fetch-dest": _WORD,
    b"sec-fetch-mode": _WORD,
    b"sec-fetch-site": _WORD,
    b"transfer-encoding": _WORD,
    b"upgrade": _WORD,
    b"x-forwarded-for": _LIST,
    b"x-forwarded-proto": _WORD,
    b"x-request-id": _LIST,
}


class Head:
    """Counts the headers of a request; used for one request after the other."""

    def __init__(self) -> None:
        self._number = self._bytes = 0
        self._sizes: dict[bytes, int] = {}

    def begin(self) -> None:
        """Begins to count for another request."""
        self._number = self._bytes = 0
        self._sizes.clear()

    def takes(self, name: bytes, value: bytes) -> bool:
        """Whether a header is kept. Raises HeadersTooLarge."""
        self._number += 1
        self._bytes += len(name) + len(value)
        if self._number > MAX_HEADERS or self._bytes > MAX_HEADER_BYTES:
            raise HeadersTooLarge
        most = READ.get(name)
        if most is None:
            return False
        before = self._sizes.get(name)
        size = len(value) if before is None else before + len(", ") + len(value)
        self._sizes[name] = size
        if size > most:
            title = name.decode().title()
            raise HeadersTooLarge(f"The header '{title}' is longer than {most} bytes.")
        return True


class Pieces:
    """Cuts what arrives, so that a parser gets nothing beyond the end of a request."""

    __slots__ = ("_tail", "body_left")

    def __init__(self) -> None:
        self._tail = b""  # the parser's last bytes: the end of a head may begin there
        self.body_left = 0  # bytes, of a body whose length is known

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """The bytes that the parser may get next, and the rest."""
        if self.body_left:
            end = self.body_left
        else:
            looked = self._tail + data
            found = looked.find(_HEAD_END)
            end = found + len(_HEAD_END) - len(self._tail) if found >= 0 else len(data)
            self._tail = looked[-len(_HEAD_END) + 1 :] if found < 0 else b""
        return data[:end], data[end:]


def without_upgrade(parser: Any, url: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The head of a request without its offer to change the protocol (Upgrade), which this service
    does not do.

    The parser would take the body for data of the other protocol. Java's client offers HTTP/2 with
    every request.
    """
    version = parser.get_http_version().encode()
    head = [b"%b %b HTTP/%b\r\n" % (parser.get_method(), url, version)]
    head += [b"%b: %b\r\n" % header for header in headers if header[0] != b"upgrade"]
    return b"".join(head) + b"\r\n"


def believe_url(url: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """If a request has a whole URL, its host counts, not that of the header (RFC 9112, 3.2.2)."""
    if authority := _AUTHORITY.match(url):
        for index, (name, _) in enumerate(headers):
            if name == b"host":
                headers[index] = (name, authority[1])
