"""The command line: `qtasks serve`, `migrate`, `backup`, `restore` and `reset`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from quantum_tasks.settings import Settings

# Every child process imports this module when it starts. So large modules are imported only where
# they are used.


def main(arguments: list[str] | None = None) -> None:
    """Runs a command; exits with 1 if it cannot start, 2 if it is misspelt."""
    # As process 1 of a container, a process without a handler ignores these signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = _parser().parse_args(arguments)
    from quantum_tasks.errors import SettingsError, StartError

    try:
        options.command(options)
    except SettingsError as error:
        sys.exit(f"qtasks: wrong setting: {error}")
    except StartError as error:
        sys.exit(f"qtasks: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    from quantum_tasks import __version__

    parser = argparse.ArgumentParser(
        prog="qtasks", description="OpenQASM programs in, measurement counts out."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="run the service",
        description="Brings the database up to date, then serves the API and runs tasks until "
        "SIGTERM or Ctrl-C. Without DATABASE_URL it starts an embedded Postgres.",
        epilog=_settings_help,  # type: ignore[arg-type]
        formatter_class=_LazyEpilog,
    )
    serve.add_argument("--host", help="address to listen on (setting HOST)")
    serve.add_argument("--port", type=int, help="port to listen on (setting PORT)")
    serve.add_argument(
        "--only",
        choices=["api", "worker"],
        help="api: accept tasks, but run none. worker: run tasks, and serve only /healthz and "
        "/readyz. Any number of either can share one DATABASE_URL.",
    )
    serve.set_defaults(command=_serve)

    migrate = commands.add_parser(
        "migrate",
        help="bring the database up to date",
        description="Applies the migrations that DATABASE_URL lacks. `serve` does so as well.",
    )
    migrate.set_defaults(command=_migrate)

    backup = commands.add_parser(
        "backup",
        help="write all tasks to a file",
        description="Writes all tasks to a new file, as they are at one moment: those of "
        "DATABASE_URL, or of the embedded Postgres in DATA_DIR. The service may run meanwhile.",
    )
    backup.add_argument("file", metavar="FILE", help="the file to be made; it must not exist")
    backup.set_defaults(command=_backup)

    restore = commands.add_parser(
        "restore",
        help="fill an empty database from such a file",
        description="Fills an empty database with the tasks of a backup: that of DATABASE_URL, or "
        "the embedded Postgres in DATA_DIR. No instance may run on it meanwhile. Tasks that were "
        "running are queued again. If it fails, the database is empty as before.",
    )
    restore.add_argument("file", metavar="FILE", help="a file that 'qtasks backup' made")
    restore.set_defaults(command=_restore)

    reset = commands.add_parser(
        "reset",
        help="delete the data of the embedded Postgres",
        description="Deletes every task in DATA_DIR. A database at DATABASE_URL is not touched.",
    )
    reset.set_defaults(command=_reset)
    return parser


class _LazyEpilog(argparse.RawDescriptionHelpFormatter):
    """Lists the settings only when help is asked for."""

    def add_text(self, text: object) -> None:
        super().add_text(text() if callable(text) else text)  # type: ignore[arg-type]


def _settings_help() -> str:
    from quantum_tasks.settings import describe

    return (
        "Environment variables override the file .env in the working directory.\n"
        f"All of them, with their defaults:\n\n{describe()}"
    )


def _serve(options: argparse.Namespace) -> None:
    import asyncio
    import contextlib

    import uvloop

    from quantum_tasks import logs
    from quantum_tasks.database.embedded import EmbeddedPostgres
    from quantum_tasks.settings import load

    settings = load(given={"HOST": options.host, "PORT": options.port})
    logs.configure(settings.log_format, settings.log_level)
    if settings.task_soft_time_limit_s > settings.soft_time_limit_s:
        logging.getLogger(__name__).warning(
            "the soft time limit is lowered to the hard one",
            extra={
                "TASK_SOFT_TIME_LIMIT_S": settings.task_soft_time_limit_s,
                "TASK_TIME_LIMIT_S": settings.task_time_limit_s,
            },
        )
    postgres = None
    if settings.database_url is None:
        postgres = EmbeddedPostgres(settings.data_dir)
        postgres.begin()  # it starts while the rest is imported

    from quantum_tasks.app import serve

    # A signal during the start cancels the start.
    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        contextlib.suppress(asyncio.CancelledError),
    ):
        runner.run(serve(settings, options.only, postgres))


def _migrate(options: argparse.Namespace) -> None:
    import asyncio
    from contextlib import AsyncExitStack

    from quantum_tasks import logs
    from quantum_tasks.app import database_url
    from quantum_tasks.database.migrations import migrate
    from quantum_tasks.settings import load

    settings = load()
    logs.configure(settings.log_format, settings.log_level)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            applied = await migrate(await database_url(settings, stack))
            print("\n".join(f"applied {name}" for name in applied) or "nothing to do")

    asyncio.run(run())


def _backup(options: argparse.Namespace) -> None:
    import asyncio
    from contextlib import AsyncExitStack
    from pathlib import Path

    from quantum_tasks import logs
    from quantum_tasks.backup.backup import backup
    from quantum_tasks.settings import load

    settings = load()
    logs.configure(settings.log_format, settings.log_level)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            saved = await backup(await _tasks_url(settings, stack), Path(options.file))
            large = saved.bytes >= 1e6
            size = f"{saved.bytes / 1e6:.1f} MB" if large else f"{saved.bytes / 1e3:.1f} kB"
            print(f"{options.file}: {saved.tasks} tasks, {size}")

    asyncio.run(run())


async def _tasks_url(settings: Settings, stack: AsyncExitStack) -> str:
    """The URL of the database that has the tasks, also while an instance runs on the embedded
    one. Raises StartError if there are none."""
    from quantum_tasks.app import database_url
    from quantum_tasks.database.embedded import holds_data, url_of_running
    from quantum_tasks.database.pool import answers
    from quantum_tasks.errors import StartError

    if settings.database_url is None:
        if not holds_data(settings.data_dir):
            raise StartError(
                f"there are no tasks in {settings.data_dir} (DATA_DIR), and no DATABASE_URL is set"
            )
        running = url_of_running(settings.data_dir)
        if running is not None and await answers(running):
            return running
    return await database_url(settings, stack)


def _restore(options: argparse.Namespace) -> None:
    import asyncio
    from contextlib import AsyncExitStack
    from pathlib import Path

    from quantum_tasks import logs
    from quantum_tasks.app import database_url
    from quantum_tasks.backup.restore import restore
    from quantum_tasks.settings import load

    settings = load()
    logs.configure(settings.log_format, settings.log_level)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            done = await restore(await database_url(settings, stack), Path(options.file))
            again = f"; {done.were_running} of them were running, and are queued again"
            print(
                f"restored {done.tasks} tasks from the backup of {done.created_at}"
                f"{again if done.were_running else ''}"
            )

    asyncio.run(run())


def _reset(options: argparse.Namespace) -> None:
    from quantum_tasks.database.embedded import delete
    from quantum_tasks.settings import load

    folder = load().data_dir
    delete(folder)
    print(f"deleted the data in {folder}")
