"""The hostile corpus against the real service: a clear answer in time, and nobody else harmed.

Inputs are submitted while neighbours are; all are followed to their ends. What the table
at the end shows (`-s`), `python -m hostile.report` prints as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from service import Service

from hostile import corpus
from hostile.siege import SETTINGS, Siege, table


@pytest.fixture(scope="module")
def siege(postgres: str, template: str) -> Iterator[Siege]:
    """A service with small limits, on a database of its own."""
    asyncio.run(_execute(postgres, f"create database hostile template {template}"))
    database = postgres.replace("/postgres?", "/hostile?")
    service = Service(database, **SETTINGS)
    try:
        siege = Siege(service.start(), database)
        yield siege
        siege.close()
        print(f"\n{table(siege.rows)}")
    finally:
        service.close()
        asyncio.run(_execute(postgres, "drop database hostile with (force)"))


@pytest.mark.parametrize("cls", corpus.CLASSES)
def test_every_input_of_the_class_gets_a_right_answer_in_time(siege: Siege, cls: str):
    failures = siege.run(cls).failures
    assert not failures, "\n".join(failures)


def test_the_corpus_is_as_large_and_as_various_as_it_should_be():
    assert len(corpus.INPUTS) >= 180
    assert len(corpus.of("syntax error")) >= 40
    assert all(len(corpus.of(cls)) >= 2 for cls in corpus.CLASSES)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
