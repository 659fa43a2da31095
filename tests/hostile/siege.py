"""Throws a class of the corpus at a service, and says what came back that should not have."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from service import BELL, STDGATES, Service, name

from hostile import corpus
from hostile.corpus_kit import (
    AT_ONCE,
    COMPLETED,
    COMPLEX,
    INVALID,
    LARGE,
    LATER,
    LIMITS,
    MALFORMED,
    MEMORY_MB,
    NOTHING,
    OPERATIONS,
    SEMANTIC,
    SYNTAX,
    TIME,
    UNSUPPORTED,
    VERSION,
    Counts,
    Hostile,
)

ANSWER_S = 2.0
_LONG = 2048
_CHECK_S = 0.5  # nearly all of PARSE_TIME_LIMIT_S
SOFT_S, HARD_S = 1, 2
SETTINGS = {
    **{name: str(value) for name, value in LIMITS.items()},
    "SIMULATOR_PROCESSES": "2",
    "SIMULATOR_MEMORY_MB": str(MEMORY_MB),
    "PARSER_PROCESSES": "2",
    "PARSER_MEMORY_MB": str(MEMORY_MB),
    "PARSE_TIME_LIMIT_S": "0.6",
    "TASK_SOFT_TIME_LIMIT_S": str(SOFT_S),
    "TASK_TIME_LIMIT_S": str(HARD_S),
}
GHZ = STDGATES + "qubit[3] q; bit[3] c; h q[0]; cx q[0], q[1]; cx q[0], q[2]; c = measure q;"
NEIGHBOURS: list[tuple[str, Counts]] = [
    (BELL, {"00": 0.5, "11": 0.5}),
    (GHZ, {"000": 0.5, "111": 0.5}),
]
# Where nothing else is to be expected, every fourth input with a neighbour is enough.
_HARMLESS = frozenset(
    {SYNTAX, SEMANTIC, UNSUPPORTED, VERSION, NOTHING, MALFORMED, INVALID, LARGE, COMPLETED}
)

_LONGEST = 4096  # bytes of an answer that is no result
_PROBLEM = {"type", "title", "status", "code", "detail", "errors"}
_MESSAGE = re.compile(r"([a-z_]+): (\S.*)", re.DOTALL)
# What tells a stranger how the service is made; unless it stands in the program itself.
_LEAKS = re.compile(
    r"Traceback|File \"|site-packages|\w+\.py\b|object at 0x|<class|<function|\bNoneType\b"
    r"|\b[A-Za-z]+(?:Error|Exception)\b|(?<![\w/])/(?:[\w.-]+/)+[\w.-]*"
    r"|\b(?:[A-Z][a-z]+){2,}\b|\b\w+\(\w+=|integer string conversion|circuit-\d+|\bERROR\b"
    r"|(?i:qiskit|\baer\b|openqasm3|openqasm_parser|antlr|msgspec|asyncpg|psycopg|numpy|python)"
)
_ALARMS = re.compile(
    r"Traceback|internal error|did not start|working on a task failed|a parser died"
)
_SLACK_MB = 48


@dataclass
class Row:
    """A class in the table."""

    cls: str
    count: int
    slowest_s: float = 0.0
    peak_mb: int = 0
    failures: list[str] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    """What a submission came to: a refusal's code, or a task."""

    outcome: str
    text: str
    seconds: float
    task: str | None = None
    complaints: list[str] = field(default_factory=list)


class Memory:
    """Watches the peak resident memory of a service's processes."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stopped = threading.Event()
        self._peaks: dict[int, int] = {}
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        with contextlib.suppress(OSError):
            for pid in self._children():
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._look()

    @property
    def peak_mb(self) -> int:
        return max(self._peaks.values(), default=0) // 1024

    def _children(self) -> list[int]:
        return [pid for pid in self._service.descendants() if name(pid).startswith("qtasks-")]

    def _watch(self) -> None:
        while not self._stopped.wait(0.1):
            self._look()

    def _look(self) -> None:
        for pid in self._children():
            self._peaks[pid] = max(self._peaks.get(pid, 0), peak_kb(pid))


def peak_kb(pid: int) -> int:
    """The most memory that a process ever had resident, or 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) if found else 0


class Siege:
    """A service, and the thread beside this one that neighbours submit from."""

    def __init__(self, service: Service, database: str) -> None:
        self.service = service
        self.rows: list[Row] = []
        self._database = database
        self._pool = ThreadPoolExecutor(1)
        self._log_read = 0
        # What a child has before anyone asks anything of it, and libraries that it loads then.
        with Memory(service) as memory:
            self._answer_of(NEIGHBOURS[0][0])
            time.sleep(0.5)
        self._base_mb = memory.peak_mb

    def close(self) -> None:
        self._pool.shutdown()

    def run(self, cls: str) -> Row:
        """Submits every input of a class and neighbours at the same time, and follows all of
        them to their ends."""
        inputs = corpus.of(cls)
        row = Row(cls, len(inputs))
        answers: list[Answer] = []
        neighbours: list[tuple[Hostile, Answer, Counts]] = []
        with Memory(self.service) as memory:
            for i, hostile in enumerate(inputs):
                body = hostile.bytes()
                if hostile.expect <= _HARMLESS and i % 4:
                    answers.append(self._submit(body))
                    continue
                qc, counts = NEIGHBOURS[i // 4 % 2]
                pending = self._pool.submit(self._answer_of, qc)
                answers.append(self._submit(body))
                neighbours.append((hostile, pending.result(), counts))
            everyone = [*answers, *(answer for _, answer, _ in neighbours)]
            for answer in everyone:
                self._follow(answer, within_s=30 + HARD_S * len(inputs))
        tasks = [answer.task for answer in everyone if answer.task]
        ran = {record["id"]: record for record in self._records(tasks)}
        for hostile, answer in zip(inputs, answers, strict=True):
            row.outcomes[hostile.name] = f"{answer.outcome} ({answer.seconds:.2f} s)"
            for complaint in _judge(hostile, answer, ran.get(answer.task or "")):
                row.failures.append(f"{cls} / {hostile.name}: {complaint}")
        for hostile, answer, counts in neighbours:
            for complaint in _judge_neighbour(answer, counts, ran):
                row.failures.append(f"{cls} / {hostile.name}: its neighbour: {complaint}")
        row.failures += [f"{cls}: {complaint}" for complaint in self._afterwards()]
        row.slowest_s = max(answer.seconds for answer in answers)
        row.peak_mb = memory.peak_mb
        if row.peak_mb > self._base_mb + MEMORY_MB + _SLACK_MB:
            row.failures.append(
                f"{cls}: a child had {row.peak_mb} MiB, beginning with {self._base_mb} MiB"
            )
        self.rows.append(row)
        return row

    def _answer_of(self, qc: str) -> Answer:
        return self._submit(json.dumps({"qc": qc, "seed": 7}).encode())

    def _submit(self, body: bytes) -> Answer:
        began = time.monotonic()
        try:
            response = self.service.client.post(
                "/tasks", content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            return Answer(f"no answer ({error!r})", "", time.monotonic() - began)
        answer = Answer("", response.text, time.monotonic() - began)
        if response.status_code == 202:
            answer.task = response.json()["task_id"]
            return answer
        problem = _json(response.text)
        answer.outcome = str(problem.get("code", f"status {response.status_code}"))
        if response.headers.get("content-type") != "application/problem+json":
            answer.complaints.append("the refusal is no problem+json")
        if set(problem) != _PROBLEM or problem["status"] != response.status_code:
            answer.complaints.append("the refusal has other keys, or another status")
        if not 400 <= response.status_code < 500:
            answer.complaints.append(f"the status is {response.status_code}")
        answer.complaints += _improper(response.text, body)
        return answer

    def _follow(self, answer: Answer, within_s: float) -> None:
        """Waits for a task's end, if there is one."""
        if answer.task is None:
            return
        try:
            ended = self.service.final(answer.task, within_s)
        except AssertionError:
            answer.outcome = f"still pending after {within_s} s"
            return
        answer.text = json.dumps(ended)
        if ended["status"] == "completed":
            answer.outcome = COMPLETED
        elif message := _MESSAGE.fullmatch(str(ended.get("message"))):
            answer.outcome = message[1]
            answer.complaints += _improper(str(ended["message"]), b"")
        else:
            answer.outcome = f"status {ended['status']}"

    def _records(self, tasks: list[str]) -> list[Any]:
        async def ask() -> list[Any]:
            db = await asyncpg.connect(self._database)
            try:
                return await db.fetch(
                    "select id::text, attempt, crashes, losses,"
                    " extract(epoch from ended_at - started_at)::float8 as seconds"
                    " from tasks where id = any($1::uuid[])",
                    tasks,
                )
            finally:
                await db.close()

        return asyncio.run(ask())

    def _afterwards(self) -> Iterator[str]:
        """What is wrong with the service now."""
        bell = self._answer_of(BELL)
        self._follow(bell, 20)
        if bell.seconds > ANSWER_S or not _counted(bell, NEIGHBOURS[0][1]):
            yield f"a bell afterwards: {bell.outcome} after {bell.seconds:.1f} s: {bell.text}"
        log = self.service.log
        said, self._log_read = log[self._log_read :], len(log)
        for line in said.splitlines():
            if re.search(
                r"Traceback|internal error|did not start|working on a task failed|a parser died",
                line,
            ):
                yield f"the log: {line[:300]}"


def table(rows: list[Row]) -> str:
    """The report, as markdown."""
    lines = ["| class | inputs | slowest answer | peak memory |", "|---|--:|--:|--:|"]
    lines += [
        f"| {row.cls} | {row.count} | {row.slowest_s:.2f} s | {row.peak_mb} MiB |" for row in rows
    ]
    total = Row(
        "**all**",
        sum(row.count for row in rows),
        max((row.slowest_s for row in rows), default=0),
        max((row.peak_mb for row in rows), default=0),
    )
    lines.append(
        f"| {total.cls} | {total.count} | {total.slowest_s:.2f} s | {total.peak_mb} MiB |"
    )
    return "\n".join(lines)


def _judge(hostile: Hostile, answer: Answer, record: Any) -> Iterator[str]:
    yield from answer.complaints
    came = f"{answer.outcome} after {answer.seconds:.2f} s: {answer.text[:400]}"
    wanted = " or ".join(sorted(hostile.expect))
    allowed = LATER if answer.task else AT_ONCE
    # A loaded machine may not get through much work in time: that is a clear answer too.
    much = len(hostile.bytes()) > _LONG or hostile.expect & {COMPLETED, OPERATIONS}
    slow = much and (
        (answer.outcome == COMPLEX and answer.seconds >= _CHECK_S)
        or (answer.outcome == TIME and answer.seconds >= _CHECK_S / 3)
    )
    if answer.outcome not in hostile.expect and not slow:
        yield f"expected {wanted}, came {came}"
    elif answer.outcome not in allowed:
        yield f"{'accepted, then' if answer.task else 'refused with'} {came}"
    elif answer.outcome == COMPLETED and not _counted(answer, hostile.counts or ""):
        yield f"expected the counts {hostile.counts}, came {came}"
    # What takes long to check waits for others of its kind; nothing else does.
    waits = much or answer.outcome in (COMPLEX, OPERATIONS)
    if answer.seconds > ANSWER_S * (3 if waits else 1):
        yield f"the answer took {answer.seconds:.2f} s: {came}"
    if record is not None:
        if record["crashes"] or record["losses"]:
            yield f"it crashed its process {record['crashes']} times: {came}"
        if record["seconds"] is not None and record["seconds"] > HARD_S + 2:
            yield f"it ran for {record['seconds']:.1f} s, the limit is {HARD_S} s: {came}"


def _judge_neighbour(answer: Answer, counts: Counts, ran: dict[str, Any]) -> Iterator[str]:
    if answer.task is None or not _counted(answer, counts):
        yield f"{answer.outcome} after {answer.seconds:.2f} s: {answer.text[:400]}"
    elif answer.seconds > ANSWER_S:
        yield f"was answered after {answer.seconds:.2f} s"
    elif ran[answer.task]["attempt"] != 1:
        yield f"needed {ran[answer.task]['attempt']} attempts"


def _improper(text: str, body: bytes) -> Iterator[str]:
    """What an answer must not say, nor how long it may be."""
    given = body.decode(errors="replace")
    for leak in _LEAKS.finditer(text[:_LONGEST]):
        if leak[0] not in given:
            yield f"the answer tells {leak[0]!r}: {text[:400]}"
            break
    if len(text.encode()) > _LONGEST:
        yield f"the answer has {len(text.encode())} bytes: {text[:200]}"


def _counted(answer: Answer, expected: Counts) -> bool:
    """Whether a task completed with these counts, give or take five standard deviations."""
    if answer.outcome != COMPLETED:
        return False
    counts: dict[str, int] = _json(answer.text)["result"]
    shots = sum(counts.values())
    if isinstance(expected, str):
        return shots > 0 and all(re.fullmatch(expected, key) for key in counts)
    return set(counts) <= set(expected) and all(
        abs(counts.get(key, 0) - shots * p) <= 5 * math.sqrt(shots * p * (1 - p)) + 1e-9
        for key, p in expected.items()
    )


def _json(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict):
            return found
    return {}
