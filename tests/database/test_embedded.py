"""The server of our own: what it leaves behind, which is nothing."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import throwaway
from throwaway import ThrowawayPostgres

from quantum_tasks.database import embedded
from quantum_tasks.database.embedded import EmbeddedPostgres, delete, find_binaries
from quantum_tasks.errors import StartError


def test_a_throwaway_server_leaves_no_folder_behind():
    server = ThrowawayPostgres()
    server.start()
    data, sockets = server._data.resolve(), server._socket_folder
    assert data.exists()
    assert sockets.exists()
    server.stop()
    for folder in (data, data.parent, sockets, server.folder):
        assert not folder.exists()


def test_a_throwaway_server_deletes_what_one_that_was_killed_has_left(passable, monkeypatch):
    monkeypatch.setattr(throwaway, "_MEMORY", passable)
    monkeypatch.setattr(throwaway, "_NEEDED_BYTES", 0)
    left, used = ThrowawayPostgres(), ThrowawayPostgres()
    left._prepare()
    used.start()
    for server in (left, used):
        os.utime(server.folder, (0, 0))
    assert left._data.exists()
    ThrowawayPostgres()
    assert not left.folder.exists()
    used.stop()  # in order: it was in use, and has all that it needs


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that every user may pass; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


def test_an_interrupted_initdb_is_begun_anew(passable):
    half = passable / "data" / "postgres" / "half"
    half.parent.mkdir(parents=True)
    half.touch()
    server = EmbeddedPostgres(passable / "data")
    server.start()
    server.stop()
    assert not half.exists()
    assert not server._socket_folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")
def test_data_that_has_become_unreachable_is_named_not_replaced(passable):
    server = EmbeddedPostgres(passable / "data")
    server.start()
    server.stop()
    passable.chmod(0o700)
    with pytest.raises(StartError, match="cannot reach the data in"):
        EmbeddedPostgres(passable / "data").start()
    assert (passable / "data" / "postgres" / "PG_VERSION").exists()


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot write to the data folder"):
        EmbeddedPostgres(tmp_path / "file" / "data").start()


def test_binaries_are_looked_up_where_pg_bin_says_first(monkeypatch, tmp_path):
    found = find_binaries()
    assert os.access(found / "postgres", os.X_OK)
    for program in ("initdb", "postgres"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    assert find_binaries() == tmp_path


ROOT = os.geteuid() == 0


def as_another(script: str, *arguments: object) -> None:
    """Runs a shell script as another user, if we are root; else as ourselves: then what it makes
    is a trap for what it is, and not for whose it is."""
    user = pwd.getpwnam("nobody")
    other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if ROOT else {}
    command = ["sh", "-c", f"umask 0; {script}", "sh", *map(str, arguments)]
    subprocess.run(command, check=True, cwd="/", **other)


def usual(folder: Path) -> Path:
    """Where a server of this folder's has its socket if nobody minds."""
    name = f"qtasks-{os.geteuid()}-{embedded._short(folder.resolve())}"
    return Path(tempfile.gettempdir()) / name


def looks(path: Path) -> tuple[int, int, int, float]:
    found = path.lstat()
    return found.st_uid, found.st_gid, found.st_mode, found.st_mtime


TRAPS = {
    "a folder": 'mkdir "$1"',
    "a folder with one for the socket": 'mkdir "$1" "$1/s"',
    "a link": 'ln -s "$2" "$1"',
    "a link to nowhere": 'ln -s "$2/nowhere" "$1"',
    "a file": 'touch "$1"',
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_socket_is_not_put_where_somebody_was_before(passable, trap):
    victim, folder = passable / "victim", passable / "data"
    victim.mkdir()
    victim.chmod(0o755)
    place = usual(folder)
    as_another(TRAPS[trap], place, victim)
    try:
        before, victims = looks(place), looks(victim)
        server = EmbeddedPostgres(folder)
        server.start()
        try:
            sockets = server._socket_folder
            assert place not in (sockets, *sockets.parents)
            check_private(server)
        finally:
            server.stop()
        assert not sockets.parent.exists()
        assert looks(place) == before
        assert looks(victim) == victims
        assert list(victim.iterdir()) == []
    finally:
        subprocess.run(["rm", "-rf", place], check=True)


def check_private(server: EmbeddedPostgres) -> None:
    """Its socket is in a folder of the server's user alone, and that in one that only we can
    change."""
    sockets = server._socket_folder
    inner, outer, data = sockets.lstat(), sockets.parent.lstat(), server._data.stat()
    assert (inner.st_uid, stat.S_IMODE(inner.st_mode)) == (data.st_uid, 0o700)
    assert (outer.st_uid, stat.S_IMODE(outer.st_mode)) == (os.geteuid(), 0o711)
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= 107


def test_a_folder_of_ours_that_was_left_behind_is_used_again(passable):
    folder = passable / "data"
    left = usual(folder)
    (left / "s").mkdir(parents=True)
    (left / "s" / ".s.PGSQL.5432").touch()
    left.chmod(0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    assert server._socket_folder.parent == left
    check_private(server)
    server.stop()
    assert not left.exists()


def test_a_socket_has_a_short_path_however_long_that_of_temporary_files(passable, monkeypatch):
    long = passable / ("long" * 20)
    long.mkdir(mode=0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    server = EmbeddedPostgres(passable / "data")
    server.start()
    check_private(server)
    server.stop()


@pytest.mark.parametrize("name", ["lock", "postgres.log"])
@pytest.mark.parametrize("how", ["symlink", "link", "mkfifo"])
def test_nothing_is_written_through_a_link_in_the_data_folder(passable, name, how):
    precious, folder = passable / "precious", passable / "data"
    precious.write_text("precious")
    folder.mkdir()
    if how == "mkfifo":
        os.mkfifo(folder / name)
    else:
        getattr(os, how)(precious, folder / name)
    before = looks(precious)
    server = EmbeddedPostgres(folder)
    try:
        with pytest.raises(StartError, match=f"{name} is "):
            server.start()
    finally:
        server.stop()
    assert precious.read_text() == "precious"
    assert looks(precious) == before


def test_the_database_is_not_made_where_a_link_of_another_leads(passable):
    """If we are not root the link is our own, and it is only not followed."""
    victim, folder = passable / "victim", passable / "data"
    victim.mkdir()
    folder.mkdir()
    folder.chmod(0o777)
    as_another('ln -s "$2" "$1"', folder / "postgres", victim)
    before = looks(victim)
    with pytest.raises((StartError, OSError), match="symbolic link"):
        EmbeddedPostgres(folder).start()
    assert looks(victim) == before
    assert list(victim.iterdir()) == []


def test_reset_deletes_nothing_that_a_link_leads_to(tmp_path):
    kept, folder = tmp_path / "kept" / "postgres", tmp_path / "data"
    kept.mkdir(parents=True)
    folder.mkdir()
    (folder / "postgres").symlink_to(kept)
    with pytest.raises(StartError, match="is a symbolic link to"):
        delete(folder)
    assert kept.exists()


@pytest.mark.skipif(not ROOT, reason="only root keeps data elsewhere")
def test_a_place_elsewhere_that_others_can_write_to_is_not_used(passable, monkeypatch):
    monkeypatch.setattr(embedded, "_REACHABLE_BY_ALL", passable / "elsewhere")
    (passable / "elsewhere").mkdir()
    (passable / "elsewhere").chmod(0o777)
    (passable / "closed").mkdir(mode=0o700)
    with pytest.raises(StartError, match="others may write to it"):
        EmbeddedPostgres(passable / "closed").start()
    (passable / "elsewhere").rmdir()
    server = EmbeddedPostgres(passable / "closed")
    server.start()
    check_private(server)
    assert stat.S_IMODE((passable / "elsewhere").stat().st_mode) == 0o711
    server.stop()
    delete(passable / "closed")
    assert list((passable / "elsewhere").iterdir()) == []
