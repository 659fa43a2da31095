"""Loaded by the fuzzer of the API: text that is made at random is hardly ever a program."""

from __future__ import annotations

import zlib
from typing import Any

import schemathesis
from service import BELL


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Makes every third program one that can be run, so that there are tasks to be fetched."""
    if isinstance(body, dict) and isinstance(body.get("qc"), str):
        text = body["qc"].encode("utf-8", "replace")
        if zlib.crc32(text) % 3 == 0:
            return {**body, "qc": BELL}
    return body
