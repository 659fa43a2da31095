"""Bodies that a client has compressed (Content-Encoding)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from quantum_tasks.errors import BodyTooLarge, MalformedJson, UnsupportedMediaType

_PIECE = 65536  # bytes that are unpacked at a time: a fifth of a millisecond
_MOST_TIMES = 100  # as large as it arrived
_SMALL = 2**20  # bytes to which anything may be unpacked: repeated lines shrink to 1/400
_AFTER = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_ALSO = {"x-gzip": "gzip", "": "identity"}
_ZLIB = 8  # the lower half of the first byte of what is in zlib's format


def coding(header: str) -> str | None:
    """The coding that a header Content-Encoding names: gzip or deflate, None for none. Raises
    UnsupportedMediaType."""
    name = header.strip().lower()
    name = _ALSO.get(name, name)
    if name == "identity":
        return None
    if name not in _AFTER:
        raise UnsupportedMediaType(
            f"The header 'Content-Encoding' says '{header.strip()}'; this service takes gzip, "
            "deflate, or a body that is not compressed."
        )
    return name


def unpacked(body: bytes, coding: str, max_bytes: int) -> Iterator[bytes]:
    """A body, piece by piece. Raises BodyTooLarge, also if it would become many times as large as
    it arrived, or MalformedJson if it is damaged."""
    size, most = 0, min(max_bytes, max(_SMALL, _MOST_TIMES * len(body)))
    bits = _AFTER[coding]
    if coding == "deflate" and not _has_zlib_header(body):
        bits = -zlib.MAX_WBITS  # as some clients send it; browsers take both
    unpacking = zlib.decompressobj(bits)
    try:
        while body and not unpacking.eof:
            piece = unpacking.decompress(body, _PIECE)
            body = unpacking.unconsumed_tail
            size += len(piece)
            if size > max_bytes:
                raise BodyTooLarge(
                    f"The body is larger than {max_bytes} bytes once it is unpacked "
                    "(MAX_BODY_BYTES)."
                )
            if size > most:
                raise BodyTooLarge(
                    f"The body becomes more than {_MOST_TIMES} times as large when it is unpacked."
                )
            yield piece
    except zlib.error as error:
        raise MalformedJson(f"The body is not {coding}: {_reason(error)}.") from None
    if not unpacking.eof:
        raise MalformedJson(f"The body is not {coding}: it ends too early.")
    if unpacking.unused_data:
        raise MalformedJson(f"The body is not {coding}: something comes after its end.")


def _has_zlib_header(body: bytes) -> bool:
    """Whether it begins as RFC 1950 says."""
    return len(body) > 1 and body[0] & 15 == _ZLIB and (body[0] << 8 | body[1]) % 31 == 0


def _reason(error: zlib.error) -> str:
    """What zlib says, without its numbers."""
    return str(error).rpartition(": ")[2] or "it is damaged"
