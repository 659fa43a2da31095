"""The file of a backup: written as a stream, checked as it is read, in little memory.

It is compressed with gzip, and is text in UTF-8, in lines:

    {"format":"quantum-tasks backup","version":1, ...}      the header: see Header
    {"table":"tasks","columns":["id", ...]}                 each table begins so;
    0f4fa7a2-1a10-4a4c-9ef0-4d6e8b2cf8a3\t1\ttasks ...      its rows, as COPY writes them;
    \\.                                                      and its end, which is no row
    {"rows":1}
    {"end":true,"sha256":"..."}                             of all lines before this one

So `zcat FILE` shows everything that is in it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from quantum_tasks.errors import StartError

FORMAT = "quantum-tasks backup"
VERSION = 1
_CHUNK = 1 << 20
_LONGEST_LINE = 1 << 20  # of a line that is no row
_END_OF_ROWS = b"\\.\n"
_LEVEL = 1  # half the time of the next level, for a tenth more bytes

Line = TypeVar("Line", bound=msgspec.Struct)


class Header(msgspec.Struct):
    """`version` is that of the format. `migration` is the newest one of the database, `changes` a
    number that was higher than that of any change in it (see restore.py), and `sequences` have the
    last number that each column drew, if any."""

    format: str
    version: int
    program: str
    migration: int
    created_at: str
    changes: int
    sequences: dict[str, int | None]


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """The beginning of a table. Columns whose values Postgres generates are not there."""

    table: str
    columns: list[str]


class Rows(msgspec.Struct, forbid_unknown_fields=True):
    """The end of a table, and how many rows were before it."""

    rows: int


class End(msgspec.Struct, forbid_unknown_fields=True):
    """The last line."""

    end: bool
    sha256: str


class Writer:
    """Writes the lines of a backup to a new file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._packed = gzip.GzipFile("", "wb", _LEVEL, file, mtime=0)
        self._hash = hashlib.sha256()

    def line(self, line: msgspec.Struct) -> None:
        """Writes a line that is no row."""
        self.write(msgspec.json.encode(line) + b"\n")

    def write(self, text: bytes) -> None:
        """Writes rows."""
        self._hash.update(text)
        with _saying(f"cannot write {self._path}"):
            self._packed.write(text)

    def end_of_rows(self, rows: int) -> None:
        """Ends a table."""
        self.write(_END_OF_ROWS)
        self.line(Rows(rows))

    def finish(self) -> None:
        """Writes the last line."""
        self.line(End(True, self._hash.hexdigest()))
        with _saying(f"cannot write {self._path}"):
            self._packed.close()


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that only this user may read. It appears under its name, on the disk, when the
    context ends without an error; until then there is nothing, also if the process is killed.

    Raises StartError if there is a file of that name, or none can be made.
    """
    taken = StartError(f"{path} exists already: give the backup another name, or delete that file")
    if os.path.lexists(path):
        raise taken
    with contextlib.ExitStack() as stack:
        with _saying(f"cannot write {path}"):
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            file, name = _nameless(path)
        stack.enter_context(file)
        if not name.startswith("/proc/"):
            stack.callback(_delete, name)
        yield file
        try:
            with _saying(f"cannot write {path}"):
                file.flush()
                os.fsync(file.fileno())
                # With the folder's descriptor, because only then Python follows the link in /proc.
                os.link(name, path.name, dst_dir_fd=folder)
                os.fsync(folder)
        except FileExistsError:
            raise taken from None


def _nameless(path: Path) -> tuple[BinaryIO, str]:
    """A new file beside a path, and where to find it. It has no name of its own and vanishes with
    this process, on Linux and most file systems; elsewhere it has one."""
    try:
        made = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except (AttributeError, OSError):
        made, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        return os.fdopen(made, "wb"), name
    return os.fdopen(made, "wb"), f"/proc/self/fd/{made}"


def _delete(name: str) -> None:
    with contextlib.suppress(OSError):
        Path(name).unlink()


class Reader:
    """Reads the lines of a backup. Raises StartError where the file is not as it was written."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._packed = gzip.GzipFile("", "rb", fileobj=file)
        self._hash = hashlib.sha256()
        self._buffer = b""
        self._fill()
        if not self._buffer.startswith(f'{{"format":"{FORMAT}"'.encode()):
            raise StartError(f"{path} is not a backup that 'qtasks backup' made")
        self.header = self._decode(self._line(), Header)
        if self.header.version > VERSION:
            raise StartError(
                f"{path} has format {self.header.version}, and this program reads {VERSION} at "
                "most: use the version of the program that made the backup, or a newer one"
            )

    def next_table(self) -> Table | None:
        """The next table; None at the end, once the whole file is known to be right."""
        known = self._hash.hexdigest()
        line = self._line()
        if b'"table"' in line:
            return self._decode(line, Table)
        if self._decode(line, End).sha256 != known or self._buffer or self._read():
            raise self._damaged("its checksum is wrong")
        return None

    async def rows(self) -> AsyncIterator[bytes]:
        """The rows of a table, in pieces of any size."""
        at_start = True  # of a line
        while True:
            if at_start and self._buffer.startswith(_END_OF_ROWS):
                self._take(len(_END_OF_ROWS))
                return
            # The end may be cut in two by the end of the buffer.
            end = self._buffer.find(b"\n" + _END_OF_ROWS)
            upto = end + 1 if end >= 0 else len(self._buffer) - len(_END_OF_ROWS)
            if upto > 0:
                piece = self._take(upto)
                at_start = piece.endswith(b"\n")
                yield piece
            elif not self._fill():
                raise self._damaged("it ends too early")

    def rows_were(self) -> int:
        """How many rows the table had, after the last of them."""
        return self._decode(self._line(), Rows).rows

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE or not self._fill():
                raise self._damaged("a line has no end")
        return self._take(end + 1)

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        self._hash.update(taken)
        return taken

    def _fill(self) -> bool:
        more = self._read()
        self._buffer += more
        return bool(more)

    def _read(self) -> bytes:
        try:
            return self._packed.read(_CHUNK)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise self._damaged("it ends too early, or bytes in it have changed") from None
        except OSError as error:
            raise StartError(f"cannot read {self._path}: {error.strerror or error}") from None

    def _decode(self, line: bytes, type: type[Line]) -> Line:
        try:
            return msgspec.json.decode(line, type=type)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._damaged(str(error)) from None

    def _damaged(self, why: str) -> StartError:
        return StartError(f"{self._path} is damaged ({why}); nothing was restored from it")


@contextmanager
def existing_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be read. Raises StartError if it cannot be."""
    with _saying(f"cannot read {path}"):
        file = path.open("rb")
    with file:
        if file.peek(2)[:2] != b"\x1f\x8b":
            raise StartError(f"{path} is not a backup that 'qtasks backup' made")
        yield file


@contextmanager
def _saying(what: str) -> Iterator[None]:
    """Turns what is wrong with a file into a StartError."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise StartError(f"{what}: {error.strerror or error}") from None
