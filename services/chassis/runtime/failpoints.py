"""Named places at which the fault tests kill this process, as the kernel or the power would: nothing is cleaned up.

`CEFO_FAILPOINT=relay.acknowledged` kills it when it comes to that place, `relay.acknowledged:7` the seventh time.
Without the variable, `failpoint` does nothing.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import count

POINTS = frozenset(
    {
        "store.before-commit",  # everything is written, what is to be said too, and nothing is committed
        "store.after-commit",  # committed, and nobody was answered
        "relay.sent",  # the records are on their way, the broker has acknowledged none
        "relay.acknowledged",  # the broker has them, and they are not marked as sent
        "inbox.written",  # effect and inbox are written, and not committed
        "consumer.handled",  # effect and inbox are committed, the offsets are not
    }
)
"""Every place there is, in the order in which an event comes to them."""


def failpoint_for(wanted: str) -> Callable[[str], None]:
    """What `failpoint` does when this is wanted: `NAME` or `NAME:PASS`. Raises `ValueError` for an unknown name."""
    if not wanted:
        return _do_nothing
    name, _, number = wanted.partition(":")
    if name not in POINTS:
        raise ValueError(f"CEFO_FAILPOINT={wanted}: no such place; there are {', '.join(sorted(POINTS))}")
    fatal = int(number or 1)
    passes = count(1)

    def failpoint(here: str) -> None:
        if here == name and next(passes) == fatal:
            # The records leave for the broker in the next turns of the loop, and its answer cannot be there before.
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
"""Say that the process has come to this place. Bound once, so that it costs one empty call when nothing is asked."""
