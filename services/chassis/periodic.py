"""What a service does by itself from time to time, beside relaying and listening."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.chassis.faults import is_away
from services.chassis.settings import Settings
from services.chassis.telemetry import log

if TYPE_CHECKING:
    from services.chassis.service import Runtime

_log = log(__name__)

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something a service does at its start and again and again.

    Every replica does it, at its own pace: `act` must be harmless when two do it at the same moment. It answers
    whether there is more to do at once, so that each round can be a small unit of work.
    """

    name: str
    act: Callable[["Runtime"], Awaitable[bool]]
    every: Callable[[Settings], float]
    """Seconds between two rounds."""

    async def run(self, runtime: "Runtime", pause: Pause = asyncio.sleep) -> None:
        """Until cancelled. A round that fails is logged; the next one tries again."""
        while True:
            await self.round(runtime)
            await pause(self.every(runtime.settings))

    async def round(self, runtime: "Runtime") -> None:
        """Do what there is to do now. Never raises."""
        try:
            while await self.act(runtime):
                _log.debug("periodic task goes on", service=runtime.service.name, task=self.name)
        except Exception as error:
            say = _log.warning if is_away(error) else _log.exception
            say("periodic task failed", service=runtime.service.name, task=self.name, error=repr(error))
