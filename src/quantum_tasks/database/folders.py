"""Folders and files that are ours alone, in places where somebody else may have been before us.

Names in /tmp can be foreseen, and root may be asked to keep its data in a folder of another
user's: nothing here follows a symbolic link, or trusts what another user has made.
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
    """Makes a folder, or takes one that is ours or the owner's, and lets its owner alone use it.

    Raises StartError if something else is in its place.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    try:
        # What is open cannot be exchanged for something else meanwhile, as a name can.
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
    """Makes a folder in which we alone make files, and which everybody may pass.

    Raises StartError if there is one that another user can change.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o711, parents=True)
        folder.chmod(0o711)  # whatever the umask
    if not _is_ours(folder):
        raise StartError(f"{folder} belongs to another user, or others may write to it")


def for_sockets(name: str) -> Path:
    """A new folder for sockets, with a short path, that everybody may pass and only we write to:
    of this name in the folder for temporary files unless somebody has taken that."""
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
    """An ordinary file, made if there is none. Raises StartError if it is anything else, such as
    a link to one, and OSError."""
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
    """Whether it is a folder, and no link to one, that we own and nobody else can write to."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    ours = found.st_uid == os.geteuid() and not found.st_mode & others
    return stat.S_ISDIR(found.st_mode) and ours
