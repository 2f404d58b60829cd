"""Many attempts at once, on a machine that may be busy."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import TimeoutError as NoConnection

_Answer = TypeVar("_Answer")


async def patiently(attempt: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """The answer to the first attempt that gets a connection: those before it may keep theirs for long."""
    while True:
        try:
            return await attempt()
        except NoConnection:
            await asyncio.sleep(0.1)
