"""Runs the hostile corpus, or some of its classes, and prints the table: in the folder `tests`,
`python -m hostile.report [class ...]`."""

from __future__ import annotations

import argparse
import asyncio

from service import Service
from throwaway import ThrowawayPostgres

from hostile import corpus
from hostile.siege import SETTINGS, Siege, table
from quantum_tasks.database.migrations import migrate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("classes", nargs="*", metavar="class", help="default: all")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every outcome")
    arguments = parser.parse_args()
    if unknown := set(arguments.classes) - set(corpus.CLASSES):
        parser.error(f"no such class: {', '.join(sorted(unknown))}; {', '.join(corpus.CLASSES)}")
    postgres = ThrowawayPostgres(max_connections="100")
    postgres.start()
    service = Service(postgres.url, **SETTINGS)
    try:
        asyncio.run(migrate(postgres.url))
        siege = Siege(service.start(), postgres.url)
        for cls in arguments.classes or corpus.CLASSES:
            row = siege.run(cls)
            for failure in row.failures:
                print(failure, flush=True)
            if arguments.verbose:
                for name, outcome in row.outcomes.items():
                    print(f"{cls} / {name}: {outcome}", flush=True)
        siege.close()
    finally:
        service.close()
        postgres.stop()
    print(f"\n{table(siege.rows)}")
    return 1 if any(row.failures for row in siege.rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
