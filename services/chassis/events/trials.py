"""Says what processing a record would end in, for the makers of a sender's software. Nothing of it stays."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from services.chassis.events.dead_letters import fault_of
from services.chassis.events.processor import UNKNOWN_TYPE, EventProcessor
from services.chassis.events.sequencing import Position
from services.chassis.storage.errors import is_unavailable
from services.chassis.storage.store import Store, Work
from services.contracts.cloudevents import Record, UnreadableEvent, read_event

Look = Callable[[Work], Awaitable[Any]]
"""Reads in the unit of work what the record's effect would be."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`reason` and `detail`: of the dead letter that the record would become. `repeated`: it was processed before.

    `found`: what the caller's look found, unless the record was refused.
    """

    reason: str | None = None
    detail: str | None = None
    repeated: bool = False
    found: Any = None


async def try_out(processor: EventProcessor, store: Store, record: Record, look: Look) -> Trial:
    """Process the record in a unit of work that is rolled back. Raises only what may pass by itself."""
    try:
        if read_event(record).event is None:
            return Trial(UNKNOWN_TYPE, "its type is not known here")
        async with store.trial() as work:
            outcomes = await processor.apply(work, [record])
            found = await look(work)
    except UnreadableEvent as fault:
        return Trial(fault.reason, fault.detail)
    except Exception as error:
        if is_unavailable(error):
            raise
        reason, detail, _ = fault_of(record, error)
        return Trial(reason, detail)
    return Trial(repeated=Position.REPEATED.value in outcomes, found=found)
