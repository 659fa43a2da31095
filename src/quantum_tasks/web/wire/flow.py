"""Controls how much is read from a connection, and when."""

from __future__ import annotations

import asyncio
from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """Reads nothing while it is held, whatever other code asks for."""

    held = False

    def hold(self) -> None:
        self.held = True
        self.pause_reading()

    def release(self) -> None:
        self.held = False
        self.resume_reading()

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()


class Reader(Protocol):
    """A connection, as the reading side sees it."""

    @property
    def wanted(self) -> int:
        """The largest number of bytes to read at once."""

    def data_received(self, data: bytes) -> None: ...

    def eof_received(self) -> bool: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


class Wire(asyncio.BufferedProtocol):
    """Stands between a transport and a connection, so that the connection decides how much is read
    at once.

    uvicorn's connections are of the class asyncio.Protocol, which uvloop does not ask for a
    buffer. Then it reads 256 KB at once, and much of that would wait in memory until the first
    request in it is answered. All connections share one buffer, because nothing stays in it.
    """

    def __init__(self, connection: Reader, buffer: memoryview) -> None:
        self._connection = connection
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[: self._connection.wanted]

    def buffer_updated(self, nbytes: int) -> None:
        self._connection.data_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:
        return self._connection.eof_received()

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)
