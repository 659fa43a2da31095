"""Answers of `GET /v1/queue`: an hour of a service, in all the states that the page has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SINCE = NOW.replace(second=0) - timedelta(minutes=59)


def minute(place: int, **fields: Any) -> dict[str, Any]:
    """A minute of the hour, of which 59 is the present one."""
    nothing = {"submitted": 0, "completed": 0, "failed": 0, "cancelled": 0, "queued": 0}
    unknown = {"wait_ms": None, "run_ms": None, "oldest_queued_s": None}
    at = text(SINCE + timedelta(minutes=place))
    return {"at": at, **nothing, "running": 0, **unknown, **fields}


def instance(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{number:08x}-7425-40de-944b-e07fc1f90ae7",
        "version": "0.1.0",
        "started_at": text(NOW - timedelta(hours=5 * number)),
        "silent_s": 1.2,
        "alive": True,
        "simulators": 3,
        "busy": 0,
        "ended_last_minute": 0,
        **fields,
    }


def overview(
    minutes: list[dict[str, Any]] | None = None,
    instances: list[dict[str, Any]] | None = None,
    hour: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """An answer whose last hour is the sum of its minutes."""
    minutes = [minute(place) for place in range(60)] if minutes is None else minutes
    names = ("submitted", "completed", "failed", "cancelled")
    sums = {name: sum(minute[name] for minute in minutes) for name in names}
    nothing = {"failures": {}, "wait_ms": None, "run_ms": None, "instances_lost": 0}
    return {
        "at": text(NOW),
        "queued": 0,
        "running": 0,
        "cancelling": 0,
        "oldest_queued_s": None,
        "ended_last_minute": 0,
        "last_hour": {"since": text(SINCE), **sums, **nothing, **(hour or {})},
        "minutes": minutes,
        "instances": [instance()] if instances is None else instances,
        **fields,
    }


def text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _busy(place: int, failing: bool = False) -> dict[str, Any]:
    wave = (place * 37) % 23 + place
    ended = 40 + wave * 3
    failed = (wave // 3 if place > 35 else 0) if failing else int(place == 41)
    return minute(
        place,
        submitted=ended + wave // 2,
        completed=ended,
        failed=failed,
        cancelled=int(wave % 11 == 0),
        queued=wave * 4,
        running=min(12, 2 + wave // 5),
        oldest_queued_s=wave / 2,
        wait_ms={"p50": 3.0 + wave, "p95": 20.0 + wave * 11},
        run_ms={"p50": 4.2, "p95": 40.0 + (wave % 7) * 25},
    )


SPANS = {"wait_ms": {"p50": 30.1, "p95": 602.0}, "run_ms": {"p50": 4.16, "p95": 166.0}}
_AT_WORK = {"queued": 1234, "running": 5, "oldest_queued_s": 41.5, "ended_last_minute": 214}
TWO = [instance(1, busy=3, ended_last_minute=120), instance(2, busy=2, ended_last_minute=94)]
HOUR = [_busy(place) for place in range(60)]

OVERVIEWS = {
    "empty": overview(),
    "new": overview([minute(58), _busy(59)], hour=SPANS, **_AT_WORK),
    "busy": overview(
        HOUR, TWO[:1], {**SPANS, "failures": {"time_limit_exceeded": 1}}, **_AT_WORK, cancelling=1
    ),
    "failing": overview(
        [_busy(place, failing=True) for place in range(60)],
        TWO,
        {
            **SPANS,
            "failures": {
                "memory_exceeded": 382,
                "time_limit_exceeded": 77,
                "worker_crashed": 3,
            },
        },
        **_AT_WORK,
    ),
    "died": overview(
        [m for place, m in enumerate(HOUR) if not 20 < place < 26],
        [TWO[0], instance(2, busy=2, silent_s=17.3, alive=False)],
        {**SPANS, "instances_lost": 1},
        **_AT_WORK,
    ),
    "nobody": overview(HOUR, [], SPANS, **_AT_WORK),
}
