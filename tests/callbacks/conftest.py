from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from callbacks.receiver import Receiver, receiving

from quantum_tasks.callbacks import webhooks
from quantum_tasks.callbacks.webhooks import DELAYS_S


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits in earnest for seconds and hours waits for a moment."""
    monkeypatch.setattr(webhooks, "DELAYS_S", (0.05,) * len(DELAYS_S))
    monkeypatch.setattr(webhooks, "_LOOK_S", 0.05)
    monkeypatch.setattr(webhooks, "_FINISH_S", 0.05)
