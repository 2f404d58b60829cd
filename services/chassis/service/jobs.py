"""Background jobs: what a service does at its start and then at intervals, beside relaying and consuming."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.chassis.brokers.availability import is_away
from services.chassis.runtime.telemetry import log

_log = log(__name__)

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """A background job: runs at the start of the service, then after each pause.

    Every replica runs it: `act` must be safe when two replicas run it concurrently. It returns True if there is more to
    do at once, so that each unit of work can be small. Work that must not be done twice, such as sending a message,
    claims its rows first: `services.chassis.storage.claims`.
    """

    name: str
    act: Callable[[], Awaitable[bool]]
    pause: float
    """Seconds between two rounds."""

    async def run(self, service: str, pause: Pause = asyncio.sleep) -> None:
        """Run until cancelled. A round that fails is logged; the next one retries."""
        while True:
            await self.round(service)
            await pause(self.pause)

    async def round(self, service: str) -> None:
        """Run `act` until nothing is left to do. Never raises."""
        try:
            while await self.act():
                _log.debug("job continues", service=service, job=self.name)
        except Exception as error:
            write = _log.warning if is_away(error) else _log.exception
            write("job failed", service=service, job=self.name, error=repr(error))
