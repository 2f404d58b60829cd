"""The reactions to the events of a batch, in one unit of work: which of them a rule refuses without a trace."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from services.chassis.events.sequencing import Key, SequenceTracker, inbox_key
from services.chassis.refusals import Refused, Unavailable
from services.chassis.storage.store import Work
from services.contracts.cloudevents import IncomingEvent

React = Callable[[], Awaitable[None]]


class Steps:
    """The steps of one batch. An event that is refused in it can be left out of it, if

    - the reaction changed nothing before the refusal: `Work.changes`;
    - no other event of its aggregate is due, held or a dead letter;
    - it is refused again after the flush: a query does not find the rows that the batch has only added so far.

    Anything else is raised: then only the events by themselves show which is refused.
    """

    def __init__(self, work: Work, tracker: SequenceTracker, due: Sequence[IncomingEvent]) -> None:
        self._work = work
        self._tracker = tracker
        self._due = due
        self._times: Counter[Key] | None = None
        self._refused: list[tuple[IncomingEvent, React]] = []

    async def take(self, incoming: IncomingEvent, react: React) -> None:
        """React to this event. Raises what its reaction raises, unless it can be left out."""
        if await self._refusal_of(incoming, react) is not None:
            self._refused.append((incoming, react))

    async def refused(self) -> list[tuple[IncomingEvent, Refused]]:
        """The events to leave out, and why. Raises the refusal of one that is not refused a second time."""
        if not self._refused:
            return []
        await self._work.session.flush()
        refused: list[tuple[IncomingEvent, Refused]] = []
        for incoming, react in self._refused:
            again = await self._refusal_of(incoming, react)
            if again is None:
                raise RefusedTooEarly(f"an event {incoming.type} was refused before others of its batch were flushed")
            refused.append((incoming, again))
        return refused

    async def _refusal_of(self, incoming: IncomingEvent, react: React) -> Refused | None:
        before = self._work.changes
        try:
            await react()
        except Refused as refusal:
            unchanged = self._work.changes == before and not self._work.defers
            if is_final(refusal) and unchanged and self._is_alone(incoming):
                return refusal
            raise
        return None

    def _is_alone(self, incoming: IncomingEvent) -> bool:
        if self._times is None:
            self._times = Counter(map(inbox_key, self._due))
        key = inbox_key(incoming)
        return self._times[key] == 1 and not self._tracker.waits(key)


class RefusedTooEarly(Exception):
    """An event needs what another one of its batch added. Processed by itself after the other, it takes effect."""


def is_final(error: Exception) -> bool:
    """Whether another attempt would fail too: a rule refused the event."""
    return isinstance(error, Refused) and not isinstance(error, Unavailable)
