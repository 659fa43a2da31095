"""What people type, and what they are told."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from service import BELL, Service, launch, run

from quantum_tasks import __version__
from quantum_tasks.database.migrations import all_migrations
from quantum_tasks.settings import Settings


def test_help_names_every_command_option_and_setting():
    code, text, _ = run("--help")
    assert code == 0
    for command in ("serve", "migrate", "backup", "restore", "reset"):
        assert command in text
    code, text, _ = run("serve", "--help")
    assert code == 0
    for option in ("--host", "--port", "--only {api,worker}"):
        assert option in text
    assert not [f for f in Settings.__struct_fields__ if f"{f.upper()}=" not in text]
    assert run("--version")[1].strip() == __version__


def test_a_wrong_setting_stops_the_start_and_is_named():
    code, _, error = run("serve", NUM_SHOTS="many")
    assert (code, error) == (1, "qtasks: wrong setting: NUM_SHOTS=many: expected a whole number\n")


def test_a_setting_in_the_env_file_of_the_working_directory_counts(tmp_path):
    (tmp_path / ".env").write_text("PORT=high\n")
    code, _, error = run("serve", cwd=tmp_path)
    assert code == 1
    assert "PORT=high" in error


def test_a_port_that_is_taken_names_the_setting(database):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, error = run("serve", "--port", str(port), DATABASE_URL=database)
    assert code == 1
    assert f"127.0.0.1:{port}" in error
    assert "PORT" in error
    assert "Traceback" not in error


def test_a_database_that_does_not_answer_is_waited_for_then_named():
    began = time.monotonic()
    code, _, error = run(
        "serve",
        "--port",
        "0",
        DATABASE_URL="postgresql://user:secret@127.0.0.1:1/x",
        DATABASE_WAIT_S="1.5",
    )
    assert code == 1
    assert time.monotonic() - began >= 1.5
    assert "waiting for the database" in error
    assert "no Postgres answers at DATABASE_URL after 1.5 s" in error
    assert "secret" not in error
    assert "Traceback" not in error


def test_a_database_that_comes_up_while_it_is_waited_for_is_used(database):
    host = database.partition("host=")[2]
    renamed = host + "-away"
    Path(host).rename(renamed)
    service = Service(database)
    try:
        service.process = launch(
            "serve", "--port", "0", stderr=subprocess.PIPE, DATABASE_URL=database
        )
        assert service.process.stderr is not None
        assert "waiting for the database" in service.process.stderr.readline()
        Path(renamed).rename(host)
        assert service.process.stdout is not None
        assert "http://127.0.0.1" in service.process.stdout.readline()
    finally:
        if Path(renamed).exists():
            Path(renamed).rename(host)
        service.process.kill()
        service.process.communicate()
        service.close()


def test_a_signal_during_the_wait_for_the_database_ends_it():
    process = launch("serve", "--port", "0", DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert process.stderr is not None
    process.stderr.readline()
    process.terminate()
    began = time.monotonic()
    _, error = process.communicate(timeout=10)
    assert time.monotonic() - began < 3
    assert process.returncode == 0
    assert "Traceback" not in error


def test_migrate_says_what_it_applied_and_then_that_there_is_nothing_to_do(empty_database):
    code, text, _ = run("migrate", DATABASE_URL=empty_database)
    names = [f"{migration.number:04d}_{migration.name}" for migration in all_migrations()]
    assert (code, text) == (0, "".join(f"applied {name}\n" for name in names))
    assert run("migrate", DATABASE_URL=empty_database)[:2] == (0, "nothing to do\n")


def test_reset_deletes_the_data_of_the_embedded_postgres(tmp_path):
    data = tmp_path / "data"
    service = Service(None, DATA_DIR=str(data)).start()
    try:
        id = service.submit(BELL)
        assert run("reset", DATA_DIR=str(data))[0] == 1  # not while it is in use
        service.stop()
        assert run("reset", DATA_DIR=str(data))[0] == 0
        assert not data.exists()
        service.start()
        assert service.task(id)["message"] == "Task not found."
        service.stop()
        assert run("reset", DATA_DIR=str(data))[0] == 0
    finally:
        service.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hide a folder from others")
def test_root_can_serve_from_a_folder_that_only_root_can_read(tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    hidden.chmod(0o700)
    service = Service(None, DATA_DIR=str(hidden / "data")).start()
    try:
        id = service.submit(BELL)
        result = service.final(id)
        service.stop()
        service.start()
        assert service.task(id) == result
        assert stat.S_IMODE(hidden.stat().st_mode) == 0o700
        service.stop()
        assert run("reset", DATA_DIR=str(hidden / "data"))[0] == 0
        assert list(hidden.iterdir()) == []
    finally:
        service.close()


def test_the_web_layer_does_not_load_the_simulator():
    script = (
        "import sys, quantum_tasks.app, quantum_tasks.web.app; "
        "loaded = [m for m in sys.modules if m.split('.')[0] in "
        "('qiskit', 'qiskit_aer', 'openqasm3', 'numpy', 'scipy')]; "
        "sys.exit(str(loaded) if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
