"""Gives events to a service's reactions, and reads what the service emitted."""

from collections.abc import Iterable
from typing import Any, TypeVar, overload
from uuid import UUID, uuid4, uuid5

from services.chassis.events.reactions import Reactions
from services.chassis.storage.store import Cause, Store
from services.chassis.testing import emitted
from services.contracts import Event

E = TypeVar("E", bound=Event)


async def react_to(store: Store, reactions: Reactions, events: Iterable[Event], *, in_one_batch: bool = False) -> None:
    """Run the reactions to these events, in this order, each in its own unit of work unless `in_one_batch`.

    Without inbox: an event that is given twice is reacted to twice.
    """
    given = list(events)
    for batch in [given] if in_one_batch else [[event] for event in given]:
        async with store.work() as work:
            await reactions.fetch(work, batch)
            for event in batch:
                work.cause = Cause(uuid5(UUID(int=0), event.key), uuid4())
                await reactions.by_type[event.type].react(work, event)


@overload
async def emitted_events(store: Store) -> list[Event]: ...
@overload
async def emitted_events(store: Store, only: type[E]) -> list[E]: ...
async def emitted_events(store: Store, only: type[Any] = Event) -> list[Any]:
    """The events in the store's outbox, in order; those of one type if `only` names it."""
    return [one.event for one in await emitted(store, only)]


async def numbered_events(store: Store) -> list[tuple[Event, int]]:
    """The events in the store's outbox, in order, each with its sequence in its aggregate."""
    return [(one.event, one.sequence or 0) for one in await emitted(store) if one.event is not None]


async def emitted_types(store: Store) -> list[str]:
    """The class names of the events in the store's outbox, in order."""
    return [type(event).__name__ for event in await emitted_events(store)]
