"""Settings: read once at the start, from the environment or else from `.env`, and then passed to
all parts."""

from __future__ import annotations

import contextlib
import math
import os
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from quantum_tasks import dotfile, hosts, misspelt
from quantum_tasks.capability import LEAST_MEMORY_MB, OPTIONAL
from quantum_tasks.errors import SettingsError
from quantum_tasks.expected import in_words

Limit = tuple[float, str]  # seconds, and the setting or option that says so
_BEFORE_TIMEOUT = 0.9  # of its own time a sweep is stopped, to keep the results that it has


def _is(why: str, **limits: Any) -> Any:
    return Meta(description=why, **limits)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field per setting; the name of the setting is the name of the field in capital letters.
    To add a setting, add a field with a description, then run `make env-example`.

    `qtasks serve --help` and `.env.example` show the descriptions.
    """

    database_url: Annotated[
        str | None,
        _is(
            "Postgres 14 or newer, queue and store: postgresql://user:password@host:port/name. "
            "Not set: the embedded Postgres, in DATA_DIR."
        ),
    ] = None
    database_wait_s: Annotated[
        float, _is("How long a start waits for a database that does not answer.", ge=0)
    ] = 30.0
    database_connections: Annotated[
        int,
        _is(
            "Connections of one instance at most, besides three that keep it alive and awake. "
            "Half of them are kept for requests that read.",
            ge=2,
        ),
    ] = 10
    data_dir: Annotated[Path, _is("Where the embedded Postgres keeps its data.")] = Path(".local")

    host: Annotated[
        str, _is("The address to listen on; 0.0.0.0 means all addresses of this machine.")
    ] = "127.0.0.1"
    port: Annotated[
        int, _is("The port to listen on; 0 takes any that is free.", ge=0, le=65535)
    ] = 8000
    allowed_hosts: Annotated[
        tuple[str, ...],
        _is(
            "Names by which this service is called, separated by commas: quantum.example.org, or "
            ".example.org for all of a domain. IP addresses, localhost and names without a dot "
            "need not be named; any other is refused with 421."
        ),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        _is(
            "Origins of other pages that may call from a browser, separated by commas: "
            "https://lab.example.org, http://localhost:8888. Any other is refused with 403."
        ),
    ] = ()
    max_body_bytes: Annotated[int, _is("A larger request is refused with 413.", ge=1024)] = (
        1_048_576
    )
    max_connections: Annotated[
        int,
        _is(
            "The most connections at the same time; fewer if the system allows fewer open files. "
            "When there are more, some are closed: first those that wait for their clients, then "
            "streams of events, then ?wait= requests, the oldest first.",
            ge=1,
        ),
    ] = 10_000
    header_timeout_s: Annotated[
        float, _is("A connection is closed if its request line and headers take longer.", gt=0)
    ] = 10.0
    body_timeout_s: Annotated[
        float, _is("A request is refused with 408 if its body takes longer.", gt=0)
    ] = 20.0
    log_format: Annotated[
        Literal["text", "json"], _is("One line per event: key=value for people, or JSON.")
    ] = "text"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], _is("The lowest log level that is written.")
    ] = "INFO"
    shutdown_grace_s: Annotated[
        float,
        _is(
            "How long SIGTERM lets running tasks end; what is not done by then is queued again. "
            "(Ctrl-C waits 2 s at most.)",
            ge=0,
        ),
    ] = 10.0

    task_queue_name: Annotated[
        str,
        _is(
            "Instances with the same queue name share tasks.",
            min_length=1,
            max_length=100,
        ),
    ] = "tasks"
    num_shots: Annotated[int, _is("Shots of a task that does not say how many.", ge=1)] = 1024
    max_shots: Annotated[
        int, _is("The most shots that a request may ask for.", ge=1, le=2**31 - 1)
    ] = 1_000_000
    max_queued_tasks: Annotated[
        int, _is("While this many tasks are queued, further ones are refused with 429.", ge=1)
    ] = 100_000
    max_stored_bytes: Annotated[
        int,
        _is(
            "While all tasks together take this many bytes, large ones (more than 64 KiB of "
            "program or result) are refused with 429, until others have expired or been deleted.",
            ge=0,
        ),
    ] = 10 * 2**30
    max_program_bytes: Annotated[int, _is("A longer program is refused.", ge=1)] = 262_144
    max_qubits: Annotated[int, _is("The most qubits that a program may declare.", ge=1)] = 10_000
    max_clbits: Annotated[
        int, _is("The most classical bits that a program may declare.", ge=1)
    ] = 10_000
    max_operations: Annotated[
        int,
        _is(
            "The most operations that a program may have once its loops are unrolled and its "
            "gates expanded.",
            ge=1,
        ),
    ] = 100_000
    max_possible_values: Annotated[
        int,
        _is(
            "How many possible values an index or an angle may have that depends on measurements: "
            "the program is compiled for each of them.",
            ge=1024,
            le=65_536,
        ),
    ] = 1024
    worker_max_retries: Annotated[
        int, _is("How often a task is tried again after its process crashed.", ge=0)
    ] = 3
    worker_retry_delay_s: Annotated[
        float, _is("Seconds before a task is tried again after a crash.", ge=0)
    ] = 5.0
    task_soft_time_limit_s: Annotated[
        float,
        _is(
            "A task that takes longer is stopped where that is possible: before it runs, between "
            "the runs of a sweep, between measurements. A sweep keeps the results that it has.",
            gt=0,
        ),
    ] = 60.0
    task_time_limit_s: Annotated[
        float, _is("A task that takes longer is killed, whatever it is doing.", gt=0)
    ] = 90.0

    simulator_processes: Annotated[
        int | None,
        _is(
            "How many large tasks may run at the same time; one more process is kept for the "
            "others. Not set: the number of cores.",
            ge=1,
        ),
    ] = None
    simulator_threads: Annotated[
        int | None,
        _is("Cores that one large task may use. Not set: all that no other task uses.", ge=1),
    ] = None
    simulator_memory_mb: Annotated[
        int | None,
        _is(
            "Memory that one task may take. Not set: 80 % of the machine's or container's, "
            "divided by SIMULATOR_PROCESSES.",
            ge=LEAST_MEMORY_MB,
        ),
    ] = None
    disabled_engines: Annotated[
        tuple[str, ...],
        _is(
            "Simulators that are not used though they are installed, separated by commas: qsim, "
            "stim. The others are always used."
        ),
    ] = ()
    parser_processes: Annotated[
        int,
        _is(
            "Processes that check programs as they are submitted; half as many, or one, are kept "
            "for those that take long.",
            ge=1,
        ),
    ] = 2
    parser_memory_mb: Annotated[int, _is("Memory that checking one program may take.", ge=64)] = (
        1024
    )
    parse_time_limit_s: Annotated[
        float, _is("A program that takes longer to check is refused.", gt=0)
    ] = 1.8
    max_result_bytes: Annotated[
        int, _is("A task fails if its result takes more bytes than this.", ge=1024)
    ] = 16_777_216
    result_ttl_s: Annotated[
        int,
        _is(
            "Seconds for which a task and its result are kept after its end, unless it asks for "
            "less. Then it is deleted.",
            ge=1,
        ),
    ] = 30 * 86400
    webhook_secret: Annotated[
        str | None,
        _is(
            "Signs callbacks: whsec_ and 24 to 64 bytes in base64, or any text. All instances "
            "need the same. Not set: a callback_url is refused."
        ),
    ] = None
    webhook_allow_private: Annotated[
        bool, _is("Whether callbacks may go to private and loopback addresses.")
    ] = False

    @property
    def simulators(self) -> int:
        """How many large tasks may run at the same time: one per core unless set."""
        return self.simulator_processes or available_cores()

    @property
    def soft_time_limit_s(self) -> float:
        """The soft time limit, which is never over the hard one."""
        return min(self.task_soft_time_limit_s, self.task_time_limit_s)

    def time_limits(self, timeout_s: float | None, sweep: bool) -> tuple[Limit, Limit]:
        """The soft and the hard limit of a run, each in seconds and by name. With a `timeout_s` of
        its own, only a sweep is stopped before it is killed: others keep nothing."""
        if timeout_s is None or timeout_s >= self.task_time_limit_s:
            soft_s, hard_s = self.soft_time_limit_s, self.task_time_limit_s
            return (soft_s, "TASK_SOFT_TIME_LIMIT_S"), (hard_s, "TASK_TIME_LIMIT_S")
        soft_s = timeout_s * _BEFORE_TIMEOUT if sweep else math.inf
        return (soft_s, "timeout_s"), (timeout_s, "timeout_s")

    def memory_per_simulator_mb(self) -> int:
        """The memory ceiling of one simulator process, in MiB.

        Unless set, 80 % of what this machine or container has, shared evenly.
        """
        if self.simulator_memory_mb is not None:
            return self.simulator_memory_mb
        return max(LEAST_MEMORY_MB, int(available_memory_mb() * 0.8) // self.simulators)


def load(
    environ: Mapping[str, str] = os.environ,
    env_file: Path | None = Path(".env"),
    given: Mapping[str, object] | None = None,
) -> Settings:
    """Reads every setting from `given`, the environment, the file or its default; the first that
    has it wins.

    An empty value counts as not set. Raises SettingsError, which names the wrong setting and says
    what was expected; also for names that are no settings, see misspelt.py.
    """
    in_file = dotfile.read(env_file) if env_file else {}
    known = [field.name.upper() for field in msgspec.structs.fields(Settings)]
    misspelt.check(known, in_file, environ)
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        value = (given or {}).get(name)
        if value is None:
            value = environ.get(name) or in_file.get(name) or ""
        if text := str(value).strip():
            found[field.name] = _convert(name, text, field.type)
    settings = Settings(**found)
    if settings.num_shots > settings.max_shots:
        raise SettingsError(
            f"NUM_SHOTS={settings.num_shots} is over MAX_SHOTS={settings.max_shots}"
        )
    url = settings.database_url
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError("DATABASE_URL: expected postgresql://user:password@host:port/database")
    return msgspec.structs.replace(
        settings,
        allowed_hosts=_each("ALLOWED_HOSTS", hosts.name, settings.allowed_hosts),
        cors_origins=_each("CORS_ORIGINS", hosts.origin, settings.cors_origins),
        disabled_engines=_each("DISABLED_ENGINES", _optional_engine, settings.disabled_engines),
    )


def _each(name: str, read: Callable[[str], str], texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(read(text) for text in texts)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


def _optional_engine(text: str) -> str:
    if text.lower() not in OPTIONAL:
        raise ValueError(f"'{text}' cannot be disabled; expected {' or '.join(OPTIONAL)}")
    return text.lower()


def available_cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def available_memory_mb() -> int:
    """The memory of this machine or, if that is less, of this container, in MiB."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            sizes.append(int(Path(limit).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return min(sizes) // 2**20


def describe() -> str:
    """Every setting with its default and its description, as the text of an `.env` file."""
    parts = []
    for field in msgspec.structs.fields(Settings):
        why = textwrap.fill(_why(field.type), 86, initial_indent="# ", subsequent_indent="# ")
        default = "" if field.default is None else _plain(field.default)
        mark = "# " if field.default is None else ""
        parts.append(f"{why}\n{mark}{field.name.upper()}={default}\n")
    return "\n".join(parts)


def _why(annotation: Any) -> str:
    return next(str(meta.description) for meta in annotation.__metadata__ if meta.description)


def _plain(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def _convert(name: str, text: str, annotation: Any) -> object:
    inner = get_args(annotation)[0]
    if type(None) in get_args(inner):  # the text is a value, never None
        inner = get_args(inner)[0]
    if inner is Path:
        return Path(text)
    if get_origin(inner) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    value: object = text
    if inner in (int, float):  # '12' becomes a number; 'a dozen' stays a text, and is refused
        for number in (int, float):
            with contextlib.suppress(ValueError):
                value = number(text)
                break
    try:
        # In strict mode no text is a bool; otherwise true, false, 1 and 0 are.
        return msgspec.convert(
            value, Annotated[(inner, *annotation.__metadata__)], strict=inner is not bool
        )
    except msgspec.ValidationError as error:
        choices = get_args(inner) if get_origin(inner) is Literal else ()
        reason = in_words(str(error), {}, choices).partition(" but got ")[0]
        raise SettingsError(f"{name}={text}: {reason}") from None
