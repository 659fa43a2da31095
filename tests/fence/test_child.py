"""Children that answer what they should not: each is killed, and nothing else comes of it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path

import msgspec
import pytest
from fence import rogue
from service import BELL, STDGATES, Service, alive, until

from quantum_tasks.fence import pool as pools
from quantum_tasks.fence import replies
from quantum_tasks.fence.frames import Frames, MalformedError, frame
from quantum_tasks.fence.inside import main as honest
from quantum_tasks.fence.pool import ChildDiedError, ProcessPool, stop_fork_server
from quantum_tasks.orders import Accepted, Check, Completed, Draw, Drawn, Limits, Rejected, Run

LIMITS = Limits(memory_mb=1024, max_result_bytes=2**24)
MOST_GROWTH_MB = 64
SOON_S = 5.0  # which is a second on a machine that has nothing else to do
# Where children find rogue.py, before all that they find anyway.
PATHS = os.pathsep.join(
    [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
)
HONEST = Run(BELL, 100, None, 60)


def id_of(misdeed: rogue.Misdeed) -> str:
    return misdeed.__name__


def run(misdeed: rogue.Misdeed) -> Run:
    return Run(f"// misdeed: {misdeed.__name__}", 1, None, 60)


@pytest.fixture(scope="module")
def rogues() -> Iterator[None]:
    """Whatever pool is started has children that do as they are told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pools, "PRELOAD", "rogue")
        patch.setenv("PYTHONPATH", PATHS)
        stop_fork_server()
        yield
        stop_fork_server()


@asynccontextmanager
async def started(name: str = "simulator", size: int = 1) -> AsyncIterator[ProcessPool]:
    pool = ProcessPool(name, size, LIMITS)
    await pool.start()
    try:
        await pool.ready()
        yield pool
    finally:
        await pool.stop()


@pytest.fixture
async def pool(rogues) -> AsyncIterator[ProcessPool]:
    async with started() as pool:
        yield pool


class Growth:
    """How many MiB a process came to have beyond what it had, at the most."""

    def __init__(self, pid: int | str = "self") -> None:
        self._process = Path(f"/proc/{pid}")
        (self._process / "clear_refs").write_text("5")  # forgets the peak
        self._before = self._mb("VmRSS")

    def _mb(self, field: str) -> float:
        status = (self._process / "status").read_text()
        return int(status.partition(f"{field}:")[2].split()[0]) / 1024

    @property
    def mb(self) -> float:
        return self._mb("VmHWM") - self._before


def only_child(pool: ProcessPool) -> int:
    (child,) = pool._children
    assert child.pid is not None
    return child.pid


async def eventually(condition: Callable[[], object], within_s: float = SOON_S) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("misdeed", rogue.BAD_REPLIES + rogue.BAD_RESULTS, ids=id_of)
async def test_a_child_that_answers_what_is_no_answer_is_killed_at_once(pool, misdeed):
    pid, growth = only_child(pool), Growth()
    began = time.monotonic()
    with pytest.raises(ChildDiedError) as caught:
        await pool.run(run(misdeed), 60)
    assert time.monotonic() - began < SOON_S
    assert not alive(pid)
    assert growth.mb < MOST_GROWTH_MB
    how = caught.value.how
    assert how == "SIGKILL" if misdeed is rogue.hang_up else how.startswith("it ")
    assert how.isprintable()
    assert len(how) < 200
    assert not caught.value.with_all
    assert isinstance(await pool.run(HONEST, 60), Completed)


@pytest.mark.parametrize("misdeed", rogue.TOO_MANY, ids=id_of)
async def test_a_child_that_speaks_without_being_asked_is_killed(pool, misdeed, caplog):
    pid, growth = only_child(pool), Growth()
    assert await pool.run(run(misdeed), 60) == rogue.GOOD
    await eventually(lambda: not alive(pid))
    assert growth.mb < MOST_GROWTH_MB
    reply = await pool.run(HONEST, 60)
    assert isinstance(reply, Completed)
    assert reply != rogue.GOOD
    assert "it spoke without being asked" in [getattr(r, "how", "") for r in caplog.records]


@pytest.mark.parametrize("misdeed", [rogue.twice, rogue.flood], ids=id_of)
async def test_an_order_is_not_answered_by_what_was_said_before_it_was_read(pool, misdeed):
    first = asyncio.create_task(pool.run(run(misdeed), 60))
    second = asyncio.create_task(pool.run(HONEST, 60))
    assert await first == rogue.GOOD
    (reply,) = await asyncio.gather(second, return_exceptions=True)
    # The other reply comes before the second order is sent, or after that.
    assert isinstance(reply, Completed | ChildDiedError)
    assert reply != rogue.GOOD


@pytest.mark.parametrize("name", rogue.EARLY)
async def test_a_child_that_speaks_before_it_is_warm_is_not_used(rogues, name, caplog):
    caplog.set_level(logging.WARNING)
    pool = ProcessPool(name, 1, LIMITS)
    growth = Growth()
    await pool.start()
    try:
        hows = lambda: [r.how for r in caplog.records if hasattr(r, "how")]  # noqa: E731
        await eventually(hows, within_s=60)
        expected = "without being asked" if name == "early_replies" else "before it was warm"
        assert expected in hows()[0] or "it began an answer of" in hows()[0]
        assert growth.mb < MOST_GROWTH_MB
    finally:
        await pool.stop()


async def test_what_was_sent_ahead_to_a_child_that_misbehaves_goes_to_another(pool):
    doomed = asyncio.create_task(pool.run(run(rogue.garbage), 60, work_ms=1.0))
    behind = [asyncio.create_task(pool.run(HONEST, 60, work_ms=0.1)) for _ in range(9)]
    with pytest.raises(ChildDiedError):
        await doomed
    assert all(isinstance(reply, Completed) for reply in await asyncio.gather(*behind))


async def test_a_parser_and_a_drawer_are_held_to_their_own_replies(rogues):
    for name, good in (("parser", Check(BELL)), ("drawer", Draw(BELL))):
        for misdeed in (rogue.another_reply, rogue.accepted, rogue.twice):
            async with started(name) as pool:
                bad = type(good)(f"// misdeed: {misdeed.__name__}")
                if isinstance(good, Draw) and misdeed is rogue.another_reply:
                    assert await pool.run(bad, 60) == Drawn("~~~")
                    continue
                if isinstance(good, Check) and misdeed is rogue.accepted:
                    assert await pool.run(bad, 60) == rogue.ACCEPTED
                    continue
                with pytest.raises(ChildDiedError, match="no reply"):
                    await pool.run(bad, 60)
                assert isinstance(await pool.run(good, 60), Accepted | Drawn)


async def test_a_result_as_large_as_it_may_be_arrives_whole(pool):
    wide = STDGATES + "qubit[20] q; bit[1000] c; h q; c[0:19] = measure q;"
    reply = await pool.run(Run(wide, 15_000, 1, 60), 60)
    assert isinstance(reply, Completed)
    assert len(reply.counts) > 14_000_000


async def test_a_child_fills_no_disk_and_its_last_words_are_the_last(pool):
    (child,) = pool._children
    assert await pool.run(run(rogue.shouting), 60) == rogue.GOOD
    size = os.fstat(child._stderr.fileno()).st_size
    assert 2**20 <= size <= 2**24


def test_a_task_whose_simulator_answers_garbage_is_run_again(database, tmp_path):
    (tmp_path / "once").mkdir()
    service = RogueService(database, TMPDIR=str(tmp_path), SIMULATOR_PROCESSES="1").start()
    try:
        until(lambda: len(service.children()) == 2)
        growth = Growth(service.pid)
        misdeeds = [rogue.huge, rogue.garbage, rogue.half, rogue.counts_no_json]
        ids = [service.submit(BELL, seed=rogue.seed(misdeed)) for misdeed in misdeeds]
        for id in ids:
            assert service.final(id)["status"] == "completed"
        assert growth.mb < MOST_GROWTH_MB
        assert service.log.count('"task lost its process"') >= len(misdeeds)
    finally:
        service.close()


def test_a_task_whose_simulator_always_answers_garbage_fails_as_one_that_crashes(database):
    service = RogueService(database, SIMULATOR_PROCESSES="1", WORKER_MAX_RETRIES="1").start()
    try:
        ended = service.run(BELL, seed=rogue.seed(rogue.unknown_code))
        assert ended["status"] == "failed"
        assert ended["message"].startswith("worker_crashed: The simulator process died 2 times")
        assert "it answered what is no reply" in ended["message"]
        refused = service.client.post("/tasks", json={"qc": f"// misdeed: garbage\n{BELL}"})
        assert (refused.status_code, refused.json()["code"]) == (422, "too_complex")
        assert sum(service.counts(BELL).values()) == 1024
    finally:
        service.close()


class RogueService(Service):
    program = (str(Path(__file__).with_name("rogue.py")),)

    def __init__(self, database: str, **settings: str) -> None:
        super().__init__(database, PYTHONPATH=PATHS, **settings)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 64, 10_000])
def test_frames_are_the_same_however_the_stream_is_cut(step):
    contents = [b"", b"a", b"", bytes(300), b"xyz" * 1000, b"end"]
    stream = b"".join(map(frame, contents))
    frames = Frames(3000)
    found = []
    for start in range(0, len(stream), step):
        found += [bytes(content) for content in frames.read(stream[start : start + step])]
    assert found == contents
    assert not frames.partial


@pytest.mark.parametrize("step", [1, 3, 4, 100])
def test_of_a_frame_over_the_ceiling_nothing_is_kept(step):
    frames = Frames(1000)
    stream = frame(b"first") + frame(bytes(1001))
    pieces = [stream[start : start + step] for start in range(0, len(stream), step)]
    with pytest.raises(MalformedError, match="1001 bytes"):
        list(chain.from_iterable(map(frames.read, pieces)))
    assert len(frames._received) <= max(step, 4)


def test_a_child_sends_nothing_that_would_be_taken_for_garbage():
    largest, encoder = replies.ceiling(LIMITS), msgspec.msgpack.Encoder()
    for order, reply, expected in (
        (Check, Accepted(bytes(largest), True, True, 1.0), Accepted(b"", True, True, None)),
        (Run, Completed("1" * largest), "result_too_large"),
        (Draw, Drawn("~" * largest), "too_large_to_draw"),
        (Run, Rejected("internal_error", "m" * largest, log="l" * largest), "internal_error"),
    ):
        sent = replies.read(order, honest._encoded(reply, LIMITS, encoder))
        assert sent == expected or sent.code == expected


STATS = (
    '{"qubits":1,"clbits":1,"depth":1,"gates":{},"registers":[],"method":"statevector",'
    '"memory_bytes":32,"compile_ms":0.1'
)
ONE = '{"code":"unused_qubits","message":"a"}'


@pytest.mark.parametrize(
    "warnings",
    [
        '[{"code":"no_such_code","message":"a"}]',
        '[{"code":"unused_qubits"}]',
        '[{"code":"unused_qubits","message":7}]',
        "{}",
        "[" + ",".join([ONE] * 65) + "]",
    ],
    ids=["unknown code", "no message", "number", "no list", "too many"],
)
def test_warnings_that_are_none_are_no_reply(warnings: str):
    right = '[{"code":"unused_qubits","message":"a","line":1,"column":1,"hint":null}]'
    for text, is_right in ((right, True), (warnings, False)):
        stats = f'{STATS},"warnings":{text}}}'
        encoded = msgspec.msgpack.encode(Accepted(b"", False, False, None, stats=stats))
        if is_right:
            assert replies.read(Check, encoded).stats == stats
        else:
            with pytest.raises(MalformedError):
                replies.read(Check, encoded)
