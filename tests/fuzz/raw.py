"""Bytes for the decoder of bodies and the loader of programs, guided by what they reach in both.
`python tests/fuzz/raw.py --seconds 60`; needs atheris (tests/fuzz/requirements.lock)."""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.findings import Finding, Findings

MAX_BODY = 3000
MAX_OPERATIONS = 1000  # instrumented code is slow
TIMEOUT_S = 5
RSS_MB = 1024
SEEDS_PER_S = 10  # each takes some milliseconds before the fuzzer begins
SHRINK_S = 2.0
_INSTRUMENTED = [
    "quantum_tasks.parsing",
    "quantum_tasks.circuits",
    "quantum_tasks.language",
    "quantum_tasks.engines",
    "quantum_tasks.web.requests",
    "openqasm3.parser",
]


def main(seconds: float) -> int:
    """Fuzzes for so long, and returns 0 if nothing was found. What it makes is thrown away."""
    found = Findings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("corpus", "artifacts", "skipped"):
            (folder / part).mkdir()
        bodies = seeds()
        for body in random.sample(bodies, min(len(bodies), int(seconds * SEEDS_PER_S))):
            (folder / "corpus" / hashlib.sha1(body).hexdigest()).write_bytes(body)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 1:
            died = _fuzz(folder, left, found)
            if not died:
                break
        if (folder / "found").exists():
            for line in (folder / "found").read_text().splitlines():
                finding = json.loads(line)
                found.add(Finding(finding["kind"], finding["evidence"]), finding["body"])
    print(found, file=sys.stderr)
    return int(bool(found.smallest))


def seeds() -> list[bytes]:
    """Bodies with programs that are right, and with such as are not."""
    from hostile import corpus
    from language import table

    texts = [text for kind in ("PROGRAMS", "OPTIONAL") for text, _ in table(kind).values()]
    bodies = [json.dumps({"qc": text}).encode() for text in texts]
    bodies += [hostile.bytes() for hostile in corpus.INPUTS]
    return sorted({body for body in bodies if len(body) <= MAX_BODY})


def _fuzz(folder: Path, seconds: float, found: Findings) -> bool:
    """One process of the fuzzer; whether it died, which it does when a body hangs or crashes."""
    command = [sys.executable, __file__, "--inside", str(folder), "--"]
    command += [f"-max_total_time={max(1, int(seconds))}", f"-max_len={MAX_BODY}"]
    command += [f"-timeout={TIMEOUT_S * 4}", f"-rss_limit_mb={RSS_MB}"]
    command += [f"-artifact_prefix={folder}/artifacts/", str(folder / "corpus")]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        found.add(Finding("the fuzzer hangs", "it was killed"), "")
        return False
    output = done.stderr.decode(errors="replace")
    found.programs += max(map(int, re.findall(r"^#(\d+)\t", output, re.MULTILINE)), default=0)
    if done.returncode == 0:
        return False
    current = folder / "current"
    if not current.exists():
        found.add(Finding("the fuzzer fails", output[-3000:]), "")
        return False
    body = current.read_bytes()
    how = "a hang" if "Timeout" in output else "a crash"
    trace = re.findall(r'File ".*/(\w+\.py)", line \d+ in (?!one)(\w+)', output)
    where = ":".join(trace[0]) if trace else "?"
    found.add(Finding(f"{how} in {where}", output[-1500:]), body.decode(errors="backslashreplace"))
    name = hashlib.sha1(body).hexdigest()
    current.rename(folder / "skipped" / name)
    (folder / "corpus" / name).unlink(missing_ok=True)
    return True


def inside(folder: Path, options: list[str]) -> None:
    """The process of the fuzzer, which does not return."""
    import atheris

    from fuzz.senseless import mutate

    with atheris.instrument_imports(include=_INSTRUMENTED):
        import quantum_tasks.language.program
        import quantum_tasks.web.requests  # noqa: F401

    judge = Judge()
    current = folder / "current"
    skipped = {file.name for file in (folder / "skipped").iterdir()}
    smallest: dict[str, int] = {}

    def one(body: bytes) -> None:
        if hashlib.sha1(body).hexdigest() in skipped:
            return
        current.write_bytes(body)
        faulthandler.dump_traceback_later(TIMEOUT_S, exit=True, file=stderr)
        finding = judge(body)
        faulthandler.cancel_dump_traceback_later()
        if finding is None:
            return
        if finding.kind not in smallest:
            body = shrunk(body, lambda less: _kind(judge(less)) == finding.kind)
            finding = judge(body) or finding
        if len(body) < smallest.get(finding.kind, MAX_BODY + 1):
            smallest[finding.kind] = len(body)
            text = body.decode(errors="backslashreplace")
            entry = {"kind": finding.kind, "evidence": finding.evidence, "body": text}
            with (folder / "found").open("a") as file:
                file.write(json.dumps(entry) + "\n")

    def changed(body: bytes, most: int, seed: int) -> bytes:
        """Other bytes, or other tokens."""
        randomness = random.Random(seed)
        if qc := _program(body):
            other = json.dumps({"qc": mutate(qc, randomness)}).encode()
            if len(other) <= most and randomness.randrange(5):
                return other
        result: bytes = atheris.Mutate(body, most)
        return result

    sys.setrecursionlimit(5000)
    sys.set_int_max_str_digits(0)
    stderr, sys.stderr = (
        sys.stderr,
        io.StringIO(),
    )  # which only libFuzzer writes to
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=changed)
    atheris.Fuzz()


class Judge:
    """Decodes a body and loads its program, and finds what should not come of that."""

    def __init__(self) -> None:
        from fuzz.answers import complain
        from quantum_tasks.circuits.bounds import Bounds
        from quantum_tasks.errors import Problem
        from quantum_tasks.language import program
        from quantum_tasks.parsing import mistakes
        from quantum_tasks.tasks import TaskRequest
        from quantum_tasks.web import requests

        self._problem = Problem
        self._program_error = mistakes.ProgramError
        self._decode = lambda body: requests.decode(body, TaskRequest).qc
        self._load = lambda qc: program.load(qc, Bounds(operations=MAX_OPERATIONS))
        self._complain = complain

    def __call__(self, body: bytes) -> Finding | None:
        try:
            qc = self._decode(body)
            try:
                self._load(qc)
            except self._program_error as error:
                self._complain(qc, error.as_reply())
        except self._problem:
            pass
        except Finding as finding:
            return finding
        except Exception as error:  # which is what it looks for
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            return Finding(f"{type(error).__name__} at {where}", str(error)[:500])
        return None


def shrunk(body: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """The same failure with fewer tokens, as far as there is time."""
    from fuzz.senseless import tokens

    qc, end = _program(body), time.monotonic() + SHRINK_S
    if not qc:
        return body
    parts = tokens(qc)
    size = len(parts) // 2
    while size and time.monotonic() < end:
        place = 0
        while place < len(parts) and time.monotonic() < end:
            less = parts[:place] + parts[place + size :]
            if fails(json.dumps({"qc": "".join(less)}).encode()):
                parts = less
            else:
                place += size
        size //= 2
    smaller = json.dumps({"qc": "".join(parts)}).encode()
    return smaller if fails(smaller) else body


def _kind(finding: Finding | None) -> str | None:
    return finding.kind if finding else None


def _program(body: bytes) -> str | None:
    try:
        decoded = json.loads(body)
        qc = decoded["qc"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return qc if isinstance(qc, str) else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("options", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(given.inside, given.options)
    sys.exit(main(given.seconds))
