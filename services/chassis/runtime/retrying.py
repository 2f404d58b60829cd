"""Keeps a task running, with growing pauses between its failures."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import stamina

from services.chassis.runtime.telemetry import log

_log = log(__name__)

STEADY = 30.0
"""Seconds after which a task that ran counts as recovered: its next failure is followed by the shortest pause again."""


async def keep_running(
    step: Callable[[], Awaitable[None]], name: str, *, expected: Callable[[Exception], bool]
) -> NoReturn:
    """Run `step` until cancelled, again whenever it ends or fails: after 0.1 s at first, after at most 2 s.

    Each failure is logged as a retry of `name`; one that was not `expected` with its traceback besides.
    """
    loop = asyncio.get_running_loop()
    while True:
        attempts = stamina.retry_context(
            on=Exception, attempts=None, timeout=None, wait_initial=0.1, wait_max=2, wait_jitter=0
        )
        async for attempt in attempts.with_name(name, (), {}):
            started = loop.time()
            with attempt:
                try:
                    await _own_cancellation_is_an_error(step)
                except Exception as error:
                    if not expected(error):
                        _log.exception("task failed", task=name)
                    if loop.time() - started < STEADY:
                        raise
                    _log.warning("task interrupted", task=name, error=repr(error))
        await asyncio.sleep(0.1)


async def _own_cancellation_is_an_error(step: Callable[[], Awaitable[None]]) -> None:
    """A step that a library ends by cancelling its own work must not end the task that is to keep it running."""
    try:
        await step()
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        raise RuntimeError("cancelled, but not by the caller") from error
