"""Puts gates into an order that is fast for the simulator; the result is the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from quantum_tasks.circuits.circuit import Depolarize, Gate, Unitary

Placed = Gate | Unitary | Depolarize

_WIDTH = 4  # qubits: wider clusters were no faster, narrower ones slower (tests/bench)


def clustered(gates: Sequence[Placed], width: int = _WIDTH) -> list[Placed]:
    """Orders gates so that those on the same few qubits follow one another. The order of the gates
    on each single qubit stays.

    Aer fuses gates into one matrix on a few qubits, but only gates that follow one another
    directly.
    """
    queues: dict[int, deque[int]] = {}
    for number, gate in enumerate(gates):
        for qubit in gate.qubits:
            queues.setdefault(qubit, deque()).append(number)
    ordered: list[Placed] = []

    def emit(cluster: set[int]) -> None:
        """Writes every gate that may come next and lies within the cluster."""
        waiting = list(cluster)
        while waiting:
            queue = queues[waiting.pop()]
            while queue:
                number = queue[0]
                qubits = gates[number].qubits
                if any(q not in cluster or queues[q][0] != number for q in qubits):
                    break
                ordered.append(gates[number])
                for q in qubits:
                    queues[q].popleft()
                waiting += [q for q in qubits if q not in waiting]

    def grown(cluster: set[int]) -> set[int]:
        """The cluster, extended by the gate that adds the fewest qubits, if they fit."""
        best, needed = (width + 1, 0), set[int]()
        for queue in (queues[qubit] for qubit in cluster):
            if queue:
                more = set(gates[queue[0]].qubits) - cluster
                rank = (len(more), queue[0])
                if more and len(cluster) + len(more) <= width and rank < best:
                    best, needed = rank, more
        return cluster | needed

    while len(ordered) < len(gates):
        # The earliest gate left is first in the queue of each of its qubits.
        cluster = set(gates[min(queue[0] for queue in queues.values() if queue)].qubits)
        emit(cluster)
        while (larger := grown(cluster)) != cluster:
            cluster = larger
            emit(cluster)
    return ordered
