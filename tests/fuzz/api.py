"""Requests made from the OpenAPI document, right ones and wrong ones, to the real service: every
answer must be one that the document promises. `python tests/fuzz/api.py --seconds 60`."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from service import Service
from throwaway import ThrowawayPostgres

CONFIG = Path(__file__).with_suffix(".toml")


def main(seconds: float) -> int:
    """Starts a service, sends it requests for so long, and returns 0 if nothing was found."""
    postgres = ThrowawayPostgres(max_connections="100")
    try:
        postgres.start()
        service = Service(postgres.url)
        try:
            service.start()
            seed = random.randrange(2**32)
            options = ("--max-time", f"{max(1, seconds):.0f}", "--continue-on-failure")
            code = fuzz(service, seed, *options).returncode
            return code or int(bool(complaints(service)))
        finally:
            service.close()
    finally:
        postgres.stop()


def fuzz(
    service: Service, seed: int, *options: str, quiet: bool = False
) -> subprocess.CompletedProcess[str]:
    """One run, by its command: its pytest plugin does not know this pytest yet."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
    command += [f"{service.url}/openapi.json", "--checks", "all", "--seed", str(seed)]
    command += ["--request-timeout", "20", "--generation-database", "none", "--no-color"]
    folders = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]
    path = os.pathsep.join(filter(None, folders))
    environment = {"SCHEMATHESIS_HOOKS": "fuzz.api_hooks", "PYTHONPATH": path}
    return subprocess.run(
        [*command, *options],
        capture_output=quiet,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def complaints(service: Service, since: int = 0) -> str:
    """What the service has written into its log, `since` that many letters, that nobody should
    be able to make it write."""
    bad = ("internal error", "Traceback", "child died", "a parser died")
    lines = [
        line for line in service.log[since:].splitlines() if any(words in line for words in bad)
    ]
    if service.process is None or service.process.poll() is not None:
        lines.append("the service has ended")
    print("\n".join(lines), end="\n" if lines else "")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    sys.exit(main(parser.parse_args().seconds))
