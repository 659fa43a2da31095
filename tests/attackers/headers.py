"""Headers that take longer to be read than to be sent."""

from __future__ import annotations

from collections.abc import Mapping

from attackers.ground import Ground
from attackers.wire import Wire

_LARGEST = 60_000  # characters
_ACCEPTED = 15_000
_PAUSE_S = 0.2
_UNKNOWN = "00000000-0000-4000-8000-000000000000"
_NEGOTIATING = (
    f"/v1/tasks/{_UNKNOWN}/result",
    f"/v1/tasks/{_UNKNOWN}/events",
    f"/v1/tasks/{_UNKNOWN}/circuit",
    "/v1/tasks/feed",
)


async def _send(ground: Ground, wire: Wire, paths: tuple[str, ...], *headers: str) -> None:
    """One request with long headers: as long as they once could be, or as they can be now."""
    number = ground.number()
    values: Mapping[str, str] = {}
    size = (_LARGEST, _ACCEPTED, 8000, 4000)[number % 4]
    name, piece = headers[number % len(headers)].split(": ", 1)
    values = {name: (piece * size)[:size]}
    await ground.ask(wire, "GET", paths[number % len(paths)], headers=values)


async def accept_of_commas(ground: Ground) -> None:
    """30 clients send an `Accept` of nothing but commas: each was looked at twice, for 190 ms."""

    async def client(wire: Wire) -> None:
        await _send(ground, wire, _NEGOTIATING, "Accept: ,")

    await ground.clients(30, client)


async def lists_in_headers(ground: Ground) -> None:
    """30 clients send long lists in the other headers that are taken apart."""
    id = await ground.ended({"qc": "OPENQASM 3.0; qubit q; bit c; c = measure q;"})
    paths = (f"/v1/tasks/{id}", f"/v1/tasks/{id}/result", f"/v1/tasks/{id}/circuit")

    async def client(wire: Wire) -> None:
        await _send(
            ground,
            wire,
            paths,
            'If-None-Match: "a",',
            "If-None-Match: ,",
            "Prefer: a=b,",
            "Prefer: wait=",
            "Prefer: ;",
            "Accept: text/*;q=0.1;",
            "Accept: a/b;a,",
            'If-None-Match: W/"",',
        )

    await ground.clients(30, client, _PAUSE_S)


async def preferences_of_submissions(ground: Ground) -> None:
    """30 clients submit what is no program with a long `Prefer`, `Idempotency-Key`, type, id."""

    async def client(wire: Wire) -> None:
        number = ground.number()
        names = ("Prefer", "Idempotency-Key", "Content-Type", "X-Request-ID", "Last-Event-ID")
        pieces = ("wait=1,", "a ", ",", ";", "1.", "application/json;", '"')
        size = (_LARGEST, _ACCEPTED, 4000)[number % 3]
        piece = pieces[number % len(pieces)]
        headers = {names[number % len(names)]: (piece * size)[:size].strip()}
        await ground.ask(wire, "POST", "/v1/tasks", b'{"qc": "no program"}', headers)

    await ground.clients(30, client, _PAUSE_S)
