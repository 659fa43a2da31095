"""Private folders and files, in places where another user may have made something before.

Another user can guess names in /tmp, and root may be told to keep its data in another user's
folder. So nothing here follows a symbolic link, or trusts a file or folder that another user has
made.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from quantum_tasks.errors import StartError

_ROOM = 80  # bytes: a socket's path has about 100, of which its name needs 15


def private(folder: Path, owner: int, group: int = -1) -> None:
    """Makes a folder, or takes one that belongs to this user or to the owner, and lets only the
    owner use it.

    Raises StartError if something else is in its place.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    try:
        # The open file cannot be replaced by another one in the meantime; what a name leads to
        # can.
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise StartError(f"{folder} is not a folder that can be used: {error.strerror}") from None
    try:
        if os.fstat(opened).st_uid not in (os.geteuid(), owner):
            raise StartError(f"{folder} belongs to another user: delete it, or use another folder")
        if os.geteuid() == 0:
            os.fchown(opened, owner, group)
        os.fchmod(opened, 0o700)
    finally:
        os.close(opened)


def for_passing(folder: Path) -> None:
    """Makes a folder in which only this user can make files, and which everybody may pass through.

    Raises StartError if there is one that another user can change.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o711, parents=True)
        folder.chmod(0o711)  # whatever the umask
    if not _is_ours(folder):
        raise StartError(f"{folder} belongs to another user, or others may write to it")


def for_sockets(name: str) -> Path:
    """A new folder for sockets, with a short path. Everybody may pass through it, and only this
    user may write to it. It has the given name in the folder for temporary files, unless somebody
    else has taken that name."""
    place = Path(tempfile.gettempdir())
    if len(os.fsencode(place / name)) > _ROOM:
        place = Path("/tmp")
    folder = place / name
    if _is_ours(folder):  # left behind by a process that was killed
        shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        folder = Path(tempfile.mkdtemp(prefix="qtasks-", dir=place))
    folder.chmod(0o711)
    return folder


def opened(file: Path, flags: int) -> BinaryIO:
    """Opens an ordinary file, and makes it if there is none. Raises StartError if it is anything
    else, such as a link to a file, and OSError."""
    flags |= os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    strange = StartError(f"{file} is not an ordinary file, or one that has other names: delete it")
    try:
        descriptor = os.open(file, flags, 0o666)
    except OSError:
        if os.path.lexists(file) and not _is_plain(file.lstat()):
            raise strange from None
        raise
    if not _is_plain(os.fstat(descriptor)):
        os.close(descriptor)
        raise strange
    return os.fdopen(descriptor, "ab" if flags & os.O_APPEND else "wb")


def _is_plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder (not a link to one) that this user owns and nobody else can write
    to."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    ours = found.st_uid == os.geteuid() and not found.st_mode & others
    return stat.S_ISDIR(found.st_mode) and ours
