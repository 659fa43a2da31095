"""Unitary matrices: the two built-in gates, the modifiers, and the text of the standard library.

The first qubit of a gate is the most significant bit of a matrix's index, so that a control, which
is put in front of the other qubits, selects a block.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence

import numpy as np

from oracle.values import OracleError

MAX_QUBITS = 10

STANDARD = """
gate p(λ) a { ctrl @ gphase(λ) a; }
gate x a { U(π, 0, π) a; gphase(-π/2); }
gate y a { U(π, π/2, π/2) a; gphase(-π/2); }
gate z a { p(π) a; }
gate h a { U(π/2, 0, π) a; gphase(-π/4); }
gate s a { pow(0.5) @ z a; }
gate sdg a { inv @ pow(0.5) @ z a; }
gate t a { pow(0.5) @ s a; }
gate tdg a { inv @ pow(0.5) @ s a; }
gate sx a { pow(0.5) @ x a; }
gate rx(θ) a { U(θ, -π/2, π/2) a; gphase(-θ/2); }
gate ry(θ) a { U(θ, 0, 0) a; gphase(-θ/2); }
gate rz(λ) a { gphase(-λ/2); U(0, 0, λ) a; }
gate cx a, b { ctrl @ x a, b; }
gate cy a, b { ctrl @ y a, b; }
gate cz a, b { ctrl @ z a, b; }
gate cp(λ) a, b { ctrl @ p(λ) a, b; }
gate crx(θ) a, b { ctrl @ rx(θ) a, b; }
gate cry(θ) a, b { ctrl @ ry(θ) a, b; }
gate crz(θ) a, b { ctrl @ rz(θ) a, b; }
gate ch a, b { ctrl @ h a, b; }
gate swap a, b { cx a, b; cx b, a; cx a, b; }
gate ccx a, b, c { ctrl @ ctrl @ x a, b, c; }
gate cswap a, b, c { ctrl @ swap a, b, c; }
gate cu(θ, φ, λ, γ) a, b { p(γ-θ/2) a; ctrl @ U(θ, φ, λ) a, b; }
gate CX a, b { ctrl @ x a, b; }
gate phase(λ) q { U(0, 0, λ) q; }
gate cphase(λ) a, b { ctrl @ phase(λ) a, b; }
gate id a { U(0, 0, 0) a; }
gate u1(λ) q { U(0, 0, λ) q; }
gate u2(φ, λ) q { gphase(-(φ+λ+π/2)/2); U(π/2, φ, λ) q; }
gate u3(θ, φ, λ) q { gphase(-(φ+λ+θ)/2); U(θ, φ, λ) q; }
"""
"""The library of the specification; its prose, not its file, says that CX is cx to the phase."""


def universal(theta: float, phi: float, lam: float) -> np.ndarray:
    """`U(θ, φ, λ)`: 2π-periodic in each angle."""
    plus, minus = 1 + cmath.exp(1j * theta), 1 - cmath.exp(1j * theta)
    return 0.5 * np.array(
        [
            [plus, -1j * cmath.exp(1j * lam) * minus],
            [1j * cmath.exp(1j * phi) * minus, cmath.exp(1j * (phi + lam)) * plus],
        ]
    )


def phase(gamma: float) -> np.ndarray:
    """`gphase`, a gate of no qubits."""
    return np.array([[cmath.exp(1j * gamma)]])


def controlled(matrix: np.ndarray, value: int) -> np.ndarray:
    """The gate with one control in front, which acts when the control is `value`."""
    size = len(matrix)
    if size >= 1 << MAX_QUBITS:
        raise OracleError("too many qubits for one gate")
    result = np.eye(2 * size, dtype=complex)
    result[value * size : (value + 1) * size, value * size : (value + 1) * size] = matrix
    return result


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """The matrix repeated, or for a fraction its principal power."""
    if float(exponent).is_integer() and abs(exponent) < 1 << 31:
        whole = int(exponent)
        base = matrix if whole >= 0 else matrix.conj().T
        return np.linalg.matrix_power(base, abs(whole))
    if not math.isfinite(exponent):
        raise OracleError("not a finite power")
    values, vectors = _eigen(matrix)
    phases = np.angle(values)
    # -1 has the phase π, on whichever side of the cut the rounding left it.
    phases[phases < -math.pi + 1e-7] += 2 * math.pi
    return (vectors * np.exp(1j * exponent * phases)) @ vectors.conj().T


def _eigen(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvalues and an orthonormal basis of eigenvectors.

    The Hermitian parts of a unitary commute; almost every mixture of them has no more equal
    eigenvalues than the unitary, so that its eigenvectors are eigenvectors of both.
    """
    even = (matrix + matrix.conj().T) / 2
    odd = (matrix - matrix.conj().T) / 2j
    for mixture in (0.6180339887, 1.7320508076, -2.2360679775, 0.1234567891):
        _, vectors = np.linalg.eigh(even + mixture * odd)
        values = np.einsum("ij,ik,kj->j", vectors.conj(), matrix, vectors)
        if np.allclose((vectors * values) @ vectors.conj().T, matrix, atol=1e-11):
            return values, vectors
    raise OracleError("no eigenvectors")


def apply(matrix: np.ndarray, qubits: Sequence[int], tensor: np.ndarray) -> np.ndarray:
    """The tensor, whose first axes are qubits, after the gate."""
    count = len(qubits)
    if count == 0:
        return tensor * matrix[0, 0]
    gate = matrix.reshape((2,) * (2 * count))
    result = np.tensordot(gate, tensor, axes=(list(range(count, 2 * count)), list(qubits)))
    return np.moveaxis(result, list(range(count)), list(qubits))


class Operator:
    """The matrix of a gate's body while it is put together."""

    def __init__(self, count: int) -> None:
        if count > MAX_QUBITS:
            raise OracleError("too many qubits for one gate")
        self.count = count
        self.tensor = np.eye(1 << count, dtype=complex).reshape((2,) * count + (1 << count,))

    def apply(self, matrix: Callable[[], np.ndarray], qubits: Sequence[int]) -> None:
        self.tensor = apply(matrix(), qubits, self.tensor)

    @property
    def matrix(self) -> np.ndarray:
        return self.tensor.reshape(1 << self.count, 1 << self.count)
