"""A short run of the fuzzer of the API, the same every time."""

from __future__ import annotations

from service import Service

from fuzz import api


def test_no_generated_request_gets_an_undocumented_answer(service: Service):
    before = len(service.log)
    done = api.fuzz(service, 1, "--max-examples", "8", quiet=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert not api.complaints(service, before)
