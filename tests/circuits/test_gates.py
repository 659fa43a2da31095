"""Matrices of gates, taken apart."""

from __future__ import annotations

import numpy as np
import pytest

from quantum_tasks.circuits.gates import eigen


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("apart", [0, 1e-16, 1e-14, 1e-10, 1e-6, 1])
def test_eigenvectors_are_orthonormal_however_near_eigenvalues_are(size: int, apart: float):
    random = np.random.default_rng(size)
    for _ in range(50):
        parts = random.normal(size=(2, size, size))
        basis, _ = np.linalg.qr(parts[0] + 1j * parts[1])
        phases = random.choice([0, np.pi, 0.3], size=size) + apart * random.normal(size=size)
        unitary = (basis * np.exp(1j * phases)) @ basis.conj().T
        values, vectors = eigen(unitary)
        assert np.allclose(vectors @ vectors.conj().T, np.eye(size), rtol=0, atol=1e-13)
        assert np.allclose((vectors * values) @ vectors.conj().T, unitary, rtol=0, atol=1e-13)
