"""How far the service is from a loop around the simulator: `make bench`.

Starts the real service with a durable Postgres of its own, lets clients submit distinct programs
and fetch their counts, and compares the processor time per task, of all processes together, with
the floor: the same programs in a plain loop, parsed, translated by a pass manager built once,
and run, in one process per core. Both in one run; quote the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from service import STDGATES, Service, descendants, name

TICKS = os.sysconf("SC_CLK_TCK")


def bell(rng: random.Random) -> str:
    return (
        f"{STDGATES}qubit[2] q; bit[2] c; h q[0]; rz({rng.random()}) q[0]; cx q[0], q[1]; "
        "c = measure q;"
    )


def ghz(rng: random.Random) -> str:
    links = "".join(f"cx q[{i}], q[{i + 1}]; " for i in range(9))
    return (
        f"{STDGATES}qubit[10] q; bit[10] c; h q[0]; rz({rng.random()}) q[0]; {links}c = measure q;"
    )


def layers(rng: random.Random) -> str:
    gates = []
    for _ in range(300):
        a, b = rng.sample(range(12), 2)
        gates.append(
            rng.choice([f"rx({rng.random()}) q[{a}];", f"cx q[{a}], q[{b}];", f"h q[{a}];"])
        )
    return f"{STDGATES}qubit[12] q; bit[12] c; {' '.join(gates)} c = measure q;"


PROGRAMS = {"bell": bell, "ghz-10": ghz, "12 qubits, 300 gates": layers}


def floor(programs: list[str]) -> float:
    """Processor seconds of a plain loop over the programs in this process."""
    import qiskit.qasm3
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import Target, generate_preset_pass_manager
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(max_parallel_threads=1)
    native = set(simulator.operation_names) & set(get_standard_gate_name_mapping())
    target = Target.from_configuration(basis_gates=sorted(native))
    translate = generate_preset_pass_manager(0, target=target)  # once: it costs more than a run
    simulator.run(translate.run(qiskit.qasm3.loads(programs[0]))).result()  # warm
    began = time.process_time()
    for program in programs:
        circuit = translate.run(qiskit.qasm3.loads(program))
        simulator.run(circuit, shots=1024).result().get_counts()
    return time.process_time() - began


class Client:
    """A keep-alive HTTP client that costs little, because it shares the cores."""

    def __init__(self, url: str) -> None:
        self._host, _, port = url.removeprefix("http://").partition(":")
        self._port = int(port)

    async def open(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def ask(self, method: str, path: str, body: bytes = b"") -> dict:
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return json.loads(await self._reader.readexactly(length))


async def load(url: str, programs: list[str], clients: int) -> tuple[float, list[float]]:
    """Seconds for all, and each task's seconds from its submission to its counts."""
    waiting = list(programs)
    latencies = []

    async def client() -> None:
        http = await Client(url).open()
        while waiting:
            body = json.dumps({"qc": waiting.pop()}).encode()
            began = time.perf_counter()
            answer = await http.ask("POST", "/tasks", body)
            pause_s = 0.1  # whoever asks all the time measures the asking
            while True:
                found = await http.ask("GET", f"/tasks/{answer['task_id']}")
                if found["status"] != "pending":
                    break
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 2.0)
            assert found["status"] == "completed", found
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - began, latencies


def cpu(service: Service) -> dict[str, float]:
    """Processor seconds so far, by part of the service."""
    spent = {"main": _cpu(service.pid), "postgres": 0.0, "parsers": 0.0, "simulators": 0.0}
    for pid in descendants(service.pid):
        part = {"postgres": "postgres", "qtasks-parser": "parsers"}.get(name(pid))
        if name(pid).startswith("qtasks-simul"):
            part = "simulators"
        if part:
            spent[part] += _cpu(pid)
    return spent


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=2000, help="bell tasks; fewer of the others")
    parser.add_argument("--clients", type=int, default=32)
    options = parser.parse_args()
    rng = random.Random(1)
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, {options.clients} clients; milliseconds of processor time per task\n")
    print(
        f"{'program':22}{'tasks':>6}{'floor':>8}{'service':>9}{'ratio':>7}  = "
        "main + postgres + parsers + simulators   tasks/s  median ms"
    )
    for title, make in PROGRAMS.items():
        n = options.tasks if title == "bell" else options.tasks // (2 if "ghz" in title else 10)
        programs = [make(rng) for _ in range(n)]
        sample = programs[: max(20, n // 10)]
        with multiprocessing.get_context("spawn").Pool(cores) as pool:
            least = sum(pool.map(floor, [sample] * cores)) / cores / len(sample) * 1000
        with tempfile.TemporaryDirectory() as folder:
            service = Service(
                None, DATA_DIR=folder, LOG_LEVEL="WARNING", SIMULATOR_PROCESSES=str(cores)
            ).start()
            try:
                asyncio.run(load(service.url, [make(rng) for _ in range(64)], options.clients))
                before = cpu(service)
                seconds, latencies = asyncio.run(load(service.url, programs, options.clients))
                spent = {k: (v - before[k]) / n * 1000 for k, v in cpu(service).items()}
                service.stop()
            finally:
                service.close()
        total = sum(spent.values())
        parts = " + ".join(f"{ms:.2f}" for ms in spent.values())
        median = sorted(latencies)[len(latencies) // 2] * 1000
        print(
            f"{title:22}{n:6}{least:8.2f}{total:9.2f}{total / least:7.2f}  = {parts:40}"
            f"{n / seconds:8.0f}{median:10.0f}",
            flush=True,
        )
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"\n(the clients took {used.ru_utime + used.ru_stime:.1f} s of processor time)")


if __name__ == "__main__":
    main()
