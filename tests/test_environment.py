"""Secrets stay in the service: what its children and its Postgres get of its environment."""

from __future__ import annotations

import re
import signal
import tempfile
from pathlib import Path

import httpx
import pytest
from service import descendants, launch, name, until

from quantum_tasks.environment import passed_on

MARK = "hunter2"
SECRETS = {
    "WEBHOOK_SECRET": f"{MARK}-callbacks",
    "PGPASSWORD": f"{MARK}-postgres",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}-cloud",
    "QISKIT_IBM_TOKEN": f"{MARK}-ibm",
    "MKL_TOKEN": f"{MARK}-mkl",
    "PYTHON_KEY": f"{MARK}-python",
    "PATH_TO_SECRET": f"{MARK}-path",
    "LC_PASSWORD_1": f"{MARK}-locale",
}


def sockets(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(file.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.mark.parametrize("own", [True, False], ids=["an embedded Postgres", "another"])
def test_no_other_process_has_a_secret_of_the_service(database, tmp_path, own):
    (tmp_path / ".env").write_text(f"CORS_ORIGINS=http://{MARK}.example\n")
    settings = {**SECRETS, "LOG_FORMAT": "json", "SIMULATOR_PROCESSES": "1"}
    if own:
        settings["DATA_DIR"] = str(tmp_path / "data")
    else:
        settings["DATABASE_URL"] = database.replace("postgres@", f"postgres:{MARK}@")
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    process = launch("serve", "--port", "0", cwd=tmp_path, stderr=log, **settings)
    try:
        url = re.search(r"http://[\d.]+:\d+", process.stdout.readline())[0]
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200, 60)
        below = descendants(process.pid)
        children = [pid for pid in below if name(pid).startswith("qtasks-")]
        assert len(children) >= 2
        assert MARK.encode() in Path(f"/proc/{process.pid}/environ").read_bytes()
        looked_at = 0
        for pid in below:
            try:
                for file in ("environ", "cmdline"):
                    text = Path(f"/proc/{pid}/{file}").read_bytes()
                    assert MARK.encode() not in text, (name(pid), text)
            except FileNotFoundError:  # it has ended: a connection of Postgres', say
                continue
            looked_at += 1
        assert looked_at > len(children)
        for pid in children:
            assert not sockets(pid) & sockets(process.pid)
            files = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
            assert not [file for file in files if str(tmp_path) in file]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()
        log.close()


def test_what_libraries_need_is_passed_on():
    needed = {
        "PATH": "/bin", "HOME": "/root", "LANG": "C", "LC_ALL": "C", "TZ": "UTC", "TMPDIR": "/t",
        "PYTHONPATH": "p", "PYTHONDONTWRITEBYTECODE": "1", "LD_LIBRARY_PATH": "l",
        "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1",
        "QISKIT_PARALLEL": "FALSE", "COVERAGE_PROCESS_CONFIG": "c", "VIRTUAL_ENV": "v",
    }  # fmt: skip
    assert passed_on({**needed, **SECRETS, "DATABASE_URL": "d", "path": "p"}) == needed
