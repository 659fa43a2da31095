"""The server of our own: what it leaves behind, which is nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_tasks.database.embedded import EmbeddedPostgres, find_binaries
from quantum_tasks.errors import StartError


def test_a_throwaway_server_leaves_no_folder_behind():
    server = EmbeddedPostgres()
    server.start()
    data, sockets = server._data.resolve(), server._socket_folder
    assert data.exists()
    assert sockets.exists()
    server.stop()
    for folder in (data, data.parent, sockets, server._folder):
        assert not folder.exists()


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
