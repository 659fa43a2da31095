"""Pictures that take long to draw."""

from __future__ import annotations

from attackers.ground import Ground
from attackers.wire import Wire


def large(number: int = 0) -> str:
    """Eight qubits and some hundred gates."""
    layer = "h q;\nrx(0.5) q;\ncx q[0:6], q[7];\n" * 9
    return (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[8] q;\nbit[8] c;\n'
        f"rz({number}) q[0];\n{layer}c = measure q;\n"
    )


async def the_same_drawing(ground: Ground) -> None:
    """10 clients ask for one drawing of eight qubits again and again: it was drawn every time."""
    id = await ground.ended({"qc": large()})

    async def client(wire: Wire) -> None:
        await ground.ask(wire, "GET", f"/v1/tasks/{id}/circuit.svg")

    await ground.clients(10, client)


async def different_drawings(ground: Ground) -> None:
    """10 clients ask for drawings of thirty programs of eight qubits in turn, also as text."""
    ids = [await ground.ended({"qc": large(number)}) for number in range(30)]

    async def client(wire: Wire) -> None:
        number = ground.number()
        path = f"/v1/tasks/{ids[number % len(ids)]}/circuit"
        await ground.ask(wire, "GET", path + ("?format=text" if number % 3 == 0 else ".svg"))

    await ground.clients(10, client)
