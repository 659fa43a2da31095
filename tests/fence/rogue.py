"""The service as it is, but its children misbehave at orders that tell them to.

An order names the misdeed: in a comment of its program (`// misdeed: flood`) or, because programs
come compiled to a simulator, by its seed, the misdeed's number plus SEED. With the folder `once`
in TMPDIR each is done once. A child of a pool that is called after one of EARLY misbehaves before
it is warm.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import current_process
from pathlib import Path
from typing import Any, NoReturn

import msgspec

if __name__ == "__main__":
    from quantum_tasks.cli import main
    from quantum_tasks.fence import pool

    pool.PRELOAD = "rogue"  # what the children's processes import: this
    sys.exit(main())

from quantum_tasks.errors import Diagnostic
from quantum_tasks.fence import child, replies
from quantum_tasks.fence.frames import MARK, frame
from quantum_tasks.fence.inside import main as honest
from quantum_tasks.fence.inside import preload
from quantum_tasks.orders import Accepted, Completed, Drawn, Limits, Rejected, Run

assert preload
SEED = 2**62  # the service draws none beyond 2^53
HUGE = 1_500_000_000
GOOD = Completed('{"1":1}')
ACCEPTED = Accepted(b"", False, False, None)
MIB = bytes(2**20)


class Conversation:
    """The child's end of the socket."""

    def __init__(self, channel: socket.socket, limits: Limits) -> None:
        self._channel = channel
        self.mark = b""  # of the order that it is at
        self.ceiling = replies.ceiling(limits)

    def write(self, data: bytes) -> None:
        self._channel.sendall(data)

    def send(self, *contents: Any) -> None:
        for content in contents:
            encoded = content if isinstance(content, bytes) else msgspec.msgpack.encode(content)
            self.write(frame(self.mark + encoded))

    def hang_up(self) -> None:
        self._channel.shutdown(socket.SHUT_RDWR)
        os.close(self._channel.fileno())


def for_ever() -> NoReturn:
    while True:
        time.sleep(60)


def garbage(to: Conversation) -> None:
    to.send(b"\xc1\xff\x00 rubbish")


def unmarked(to: Conversation) -> None:
    """As one that has not read the order."""
    to.mark = bytes(MARK)
    to.send(GOOD)


def nothing(to: Conversation) -> None:
    to.send(b"")


def trailing(to: Conversation) -> None:
    to.send(msgspec.msgpack.encode(GOOD) + b"\x01")


def another_reply(to: Conversation) -> None:
    to.send(Drawn("~~~"))


def accepted(to: Conversation) -> None:
    to.send(ACCEPTED)


def unknown_code(to: Conversation) -> None:
    to.send(Rejected("no_such_code\0" * 9, "It says so."))


def code_of_the_service(to: Conversation) -> None:
    to.send(Rejected("service_busy", "It says so."))


def message_without_end(to: Conversation) -> None:
    to.send(Rejected("internal_error", "It " * 2**20))


def line_nowhere(to: Conversation) -> None:
    to.send(Rejected("internal_error", "There.", [Diagnostic(pointer="/qc", line=10**12)]))


def many_diagnostics(to: Conversation) -> None:
    error = {"pointer": ""}
    to.send(
        {"type": "rejected", "code": "internal_error", "message": "", "errors": [error] * 500_000}
    )


def unstorable_message(to: Conversation) -> None:
    to.send(Rejected("simulation_failed", "The end.\0 Not yet."))


def counts_no_json(to: Conversation) -> None:
    to.send(Completed('{"00": 1, "11"'))


def counts_no_numbers(to: Conversation) -> None:
    to.send(Completed('{"00": "many"}'))


def large_counts_no_json(to: Conversation) -> None:
    to.send(Completed("{" + '"00":1,' * 10**5))


def details_no_json(to: Conversation) -> None:
    to.send(Completed("{}", "nonsense"))


def no_number(to: Conversation) -> None:
    to.send(Completed("{}", None, float("nan")))


def invalid_utf8(to: Conversation) -> None:
    to.send(b"\x82\xa4type\xa9completed\xa6counts\xa2\xff\xfe")


def huge(to: Conversation) -> None:
    """Sends all of it, or as much as is taken."""
    to.write(HUGE.to_bytes(4, "big"))
    for _ in range(HUGE // len(MIB)):
        to.write(MIB)


def largest(to: Conversation) -> None:
    to.send(bytes(to.ceiling))


def largest_text(to: Conversation) -> None:
    to.send(Completed("x" * (to.ceiling - 100)))


def announced(to: Conversation) -> None:
    to.write((2**32 - 1).to_bytes(4, "big"))
    for_ever()


def half(to: Conversation) -> None:
    to.write(frame(MIB)[: 2**19])
    for_ever()


def half_a_header(to: Conversation) -> None:
    to.write(b"\0\0")
    for_ever()


def drip(to: Conversation) -> None:
    for byte in frame(MIB):
        to.write(bytes([byte]))
        time.sleep(0.02)


def hang_up(to: Conversation) -> None:
    to.hang_up()
    for_ever()


def twice(to: Conversation) -> None:
    to.send(GOOD, GOOD)
    for_ever()


def flood(to: Conversation) -> None:
    small = frame(to.mark + msgspec.msgpack.encode(GOOD)) * 10_000
    while True:
        to.write(small)


def more(to: Conversation) -> None:
    to.write(frame(to.mark + msgspec.msgpack.encode(GOOD)) + b"\0")
    for_ever()


def later(to: Conversation) -> None:
    to.send(GOOD)
    time.sleep(0.3)
    to.send(GOOD)
    for_ever()


def shouting(to: Conversation) -> None:
    """Writes to standard error without an end; the answer is right."""
    for _ in range(100):
        try:
            os.write(2, MIB)
        except OSError:
            break
    to.send(GOOD)


Misdeed = Callable[[Conversation], None]
BAD_REPLIES: list[Misdeed] = [
    garbage, unmarked, nothing, trailing, another_reply, unknown_code, code_of_the_service,
    message_without_end, line_nowhere, many_diagnostics, invalid_utf8, huge, largest, announced,
    half, half_a_header, drip, hang_up,
]  # fmt: skip
BAD_RESULTS: list[Misdeed] = [
    accepted, unstorable_message, counts_no_json, counts_no_numbers, large_counts_no_json,
    details_no_json, no_number, largest_text,
]  # fmt: skip
TOO_MANY: list[Misdeed] = [twice, flood, more, later]
MISDEEDS = {
    misdeed.__name__: misdeed for misdeed in (*BAD_REPLIES, *BAD_RESULTS, *TOO_MANY, shouting)
}


def early_words(to: Conversation) -> None:
    to.send(b"Hello")


def early_bytes(to: Conversation) -> None:
    to.write(b"GET / HTTP/1.1\r\n\r\n")


def early_replies(to: Conversation) -> None:
    to.send(b"", GOOD)
    for_ever()


EARLY = {misdeed.__name__: misdeed for misdeed in (early_words, early_bytes, early_replies)}


def seed(misdeed: Misdeed) -> int:
    """What tells a simulator to do that."""
    return SEED + list(MISDEEDS).index(misdeed.__name__)


def _misdeed(order: Any) -> Misdeed | None:
    if named := re.search(r"// misdeed: (\w+)", order.qc):
        name = named[1]
    elif isinstance(order, Run) and (order.seed or 0) >= SEED:
        name = list(MISDEEDS)[order.seed - SEED]
    else:
        return None
    once = Path(tempfile.gettempdir()) / "once"
    if once.exists():
        try:
            (once / name).touch(exist_ok=False)
        except FileExistsError:
            return None
    return MISDEEDS[name]


def serve(channel: socket.socket, stderr: int, limits: Limits) -> None:
    """As the service's children, but for orders that name a misdeed."""
    to = Conversation(channel, limits)
    answer = honest._answer

    def answer_badly(order: Any, *rest: Any) -> Any:
        if misdeed := _misdeed(order):
            to.mark = sys._getframe(1).f_locals["content"][:MARK]
            misdeed(to)
            for_ever()
        return answer(order, *rest)

    honest._answer = answer_badly
    if early := EARLY.get(current_process().name.removeprefix("qtasks-")):
        early(to)
        for_ever()
    honest.serve(channel, stderr, limits)


child.CHILD = "rogue"
