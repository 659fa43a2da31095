"""The format of data that crosses the fence: frames. A frame is four bytes with the length, and
then that many bytes.

An order begins with a mark that nobody can guess, and its reply must begin with the same mark. So
a child cannot answer an order that it has not read.
"""

from __future__ import annotations

from collections.abc import Iterator

HEADER = 4  # bytes, big-endian
MARK = 8  # bytes


class MalformedError(Exception):
    """A child has sent what it must not: the message says what it did."""


def frame(content: bytes) -> bytes:
    """The content as a frame."""
    return len(content).to_bytes(HEADER, "big") + content


class Frames:
    """Cuts a stream into frames, and never keeps more of it than the largest frame."""

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._received = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._received)

    def read(self, data: bytes) -> Iterator[bytes | memoryview]:
        """The frames that end in this piece of the stream. A frame is valid only until the next
        one is asked for. Raises MalformedError at the header of a frame that is longer than
        allowed."""
        if self._received:
            data = self._complete(data)
            if (size := self._size(self._received)) is None or len(self._received) < size:
                return
            whole, self._received = self._received, bytearray()
            yield memoryview(whole)[HEADER:]
            del whole
        start = 0
        while (size := self._size(data, start)) is not None and len(data) - start >= size:
            yield data[start + HEADER : start + size]
            start += size
        self._received += data[start:]

    def _complete(self, data: bytes) -> bytes:
        """Completes the unfinished frame with these bytes, and returns the bytes that are left."""
        lacking = HEADER - len(self._received)
        if lacking > 0:
            self._received += data[:lacking]
            data = data[lacking:]
        size = self._size(self._received)
        if size is None:
            return data
        lacking = size - len(self._received)
        self._received += data[:lacking]
        return data[lacking:]

    def _size(self, data: bytes | bytearray, start: int = 0) -> int | None:
        """The size of the frame that begins there, including its header; None while that is
        unknown."""
        if len(data) - start < HEADER:
            return None
        length = int.from_bytes(data[start : start + HEADER], "big")
        if length > self._ceiling:
            raise MalformedError(f"it began an answer of {length} bytes")
        return HEADER + length
