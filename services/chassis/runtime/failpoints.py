"""Failpoints: named points at which fault tests kill this process with SIGKILL, so that nothing is cleaned up.

`CEFO_FAILPOINT=relay.acknowledged` kills it when it reaches that point, `relay.acknowledged:7` the seventh time.
Without the variable, `failpoint` does nothing.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import count

POINTS = frozenset(
    {
        "store.before-commit",  # rows and outbox are written, nothing is committed
        "store.after-commit",  # committed, the request is not answered
        "relay.sent",  # records are sent, the broker has acknowledged none
        "relay.acknowledged",  # acknowledged by the broker, not marked as sent
        "inbox.written",  # effect and inbox are written, not committed
        "consumer.handled",  # effect and inbox are committed, the offsets are not
    }
)
"""All failpoints, in the order in which an event reaches them."""


def failpoint_for(wanted: str) -> Callable[[str], None]:
    """The `failpoint` function for `NAME` or `NAME:PASS`. Raises `ValueError` for an unknown name."""
    if not wanted:
        return _do_nothing
    name, _, number = wanted.partition(":")
    if name not in POINTS:
        raise ValueError(f"CEFO_FAILPOINT={wanted}: no such failpoint; known: {', '.join(sorted(POINTS))}")
    fatal = int(number or 1)
    passes = count(1)

    def failpoint(here: str) -> None:
        if here == name and next(passes) == fatal:
            # The event loop sends the records in its next turns; the broker cannot have answered before.
            _kill_after(_TURNS_TO_SEND if here == "relay.sent" else 0, wanted)

    return failpoint


_TURNS_TO_SEND = 30


def _do_nothing(_here: str) -> None:
    pass


def _kill_after(turns: int, where: str) -> None:
    if turns:
        asyncio.get_running_loop().call_soon(_kill_after, turns - 1, where)
        return
    os.write(2, f"failpoint {where}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


failpoint = failpoint_for(os.environ.get("CEFO_FAILPOINT", ""))
"""Called where the process reaches a failpoint. Bound at import: without `CEFO_FAILPOINT` it is an empty call."""
