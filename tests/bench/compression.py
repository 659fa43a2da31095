"""What it costs to compress answers, and what it saves; and what others feel of it."""

from __future__ import annotations

from service import STDGATES, Service

from bench.client import Load, closed_loop, fetches, in_process, meanwhile
from bench.processes import usage
from bench.programs import bell, several
from bench.running import CLIENTS, fresh
from bench.tables import Figures, progress, quantile, table

ROUNDS = 4  # of each, in turn: a machine is not equally fast all the time
ASKED = "Accept-Encoding: gzip\r\n"
# Nearly as many outcomes as shots, all at random: what a result is least compressed of.
WIDE = f"{STDGATES}qubit[22] q; bit[22] c; h q; c = measure q;"
_SHOTS = 400_000  # ten megabytes
_PAIRS = 8  # clients that load the large result


def measure() -> None:
    with fresh(MAX_RESULT_BYTES=str(2**24)) as service:
        progress("tasks that have ended")
        ended = in_process(closed_loop, service.url, several(bell, 200), CLIENTS).ids
        wide = service.submit(WIDE, shots=_SHOTS)
        assert service.final(wide)["status"] == "completed"
        of_each = {
            "a status, 0.06 kB": [f"/tasks/{id}" for id in ended] * 20,
            "a task": [f"/v1/tasks/{id}" for id in ended] * 20,
            "a list of 50 tasks": ["/v1/tasks"] * 200,
            "a file, compressed once": ["/static/compose.js"] * 2000,
            "counts of 10 MB, 12 clients": [f"/tasks/{wide}"] * 12,
            "counts of 10 MB, one client": [f"/tasks/{wide}"] * 4,
        }
        clients = {"counts of 10 MB, one client": 1, "counts of 10 MB, 12 clients": 12}
        rows = [
            (what, *_compared(service, what, paths, clients.get(what, CLIENTS)))
            for what, paths in of_each.items()
        ]
        progress("small requests while large answers are loaded")
        alone, plain, packed = (
            in_process(meanwhile, service.url, f"/tasks/{ended[0]}", f"/tasks/{wide}", *others)
            for others in ((0, ""), (_PAIRS, ""), (_PAIRS, ASKED))
        )
    head = ("", "bytes", "compressed", "server, ms", "compressed, ms", "times as much")
    table(head, [(what, *_shown(*both)) for what, *both in rows])
    figures = Figures()
    for what, plain_ms, packed_ms, *_ in rows[:1]:
        figures.add(f"{what}: asked for / not", packed_ms / plain_ms, target=1.1, form=".2f")
    for what, load in (("alone", alone), ("plain", plain), ("compressed", packed)):
        name = "alone" if what == "alone" else f"while {_PAIRS} clients load 10 MB, {what}"
        figures.add(f"a status {name}, median", quantile(load.tasks, 0.5) * 1000, "ms")
        figures.add(f"a status {name}, p99", quantile(load.tasks, 0.99) * 1000, "ms")
    ratio = quantile(packed.tasks, 0.99) / quantile(plain.tasks, 0.99)
    figures.add("p99, compressed / plain", ratio, target=1.5, form=".2f")
    figures.show()


def _compared(
    service: Service, what: str, paths: list[str], clients: int
) -> tuple[float, float, int, int]:
    """The server's processor time in ms and the size of an answer: plain, then compressed."""
    progress(what)
    spent, sizes = {"": 0.0, ASKED: 0.0}, {"": 0, ASKED: 0}
    for _ in range(ROUNDS):
        for asked in spent:
            before = usage(service)
            load: Load = in_process(fetches, service.url, paths, clients, asked)
            spent[asked] += usage(service).since(before).by_part["main"]
            sizes[asked] = load.received // len(paths)
    ms = [seconds * 1000 / ROUNDS / len(paths) for seconds in spent.values()]
    return ms[0], ms[1], sizes[""], sizes[ASKED]


def _shown(plain_ms: float, packed_ms: float, size: int, packed: int) -> tuple[str, ...]:
    share = f"{100 * packed / size:.0f} %"
    return f"{size:,}", share, f"{plain_ms:.2f}", f"{packed_ms:.2f}", f"{packed_ms / plain_ms:.2f}"
