"""How a service declares which events it consumes::

    reactions = Reactions()

    @reactions.on(VisitCalled, loads=Waiting)
    async def on_visit_called(work: Work, event: VisitCalled) -> None:
        await actions.take_from_line(work, event.visit_id, ...)

A reaction maps the event to plain arguments and calls one action. It knows no Kafka and no transaction.
`loads` is the aggregate whose id is the event's key, or a function that returns the keys of all rows that the reaction
needs, `[(Path, event.path_id), …]`: a batch loads them in one query per table before it reacts.

`begins`, with an aggregate: the first event of a key inserts the row or needs none. So the row is assumed to be
missing, without a lookup. If it exists, the insert fails and the batch is retried with a lookup.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from services.chassis.storage.store import Aggregate, Work
from services.contracts import EVENTS, Event

E = TypeVar("E", bound=Event)
Reaction = Callable[[Work, E], Awaitable[Any]]
RowKey = tuple[type[Aggregate], UUID]
"""An aggregate's table and id."""
Loads = type[Aggregate] | Callable[[E], Iterable[RowKey]]


@dataclass(frozen=True, slots=True)
class RegisteredReaction:
    """A reaction, and the rows that a batch loads for it."""

    react: Reaction[Any]
    loads: Loads[Any] | None
    begins: bool = False

    def row_keys(self, event: Event) -> Iterable[RowKey]:
        """The keys of the rows that the reaction to this event needs."""
        if self.loads is None:
            return ()
        return [(self.loads, UUID(event.key))] if isinstance(self.loads, type) else self.loads(event)


class Reactions:
    """One service's reactions, by event type. `locked_first`: the table whose rows a batch locks before all others."""

    def __init__(self, *, locked_first: type[Aggregate] | None = None) -> None:
        self.by_type: dict[str, RegisteredReaction] = {}
        self.locked_first = locked_first

    def on(
        self, event: type[E], *, loads: Loads[E] | None = None, begins: bool = False
    ) -> Callable[[Reaction[E]], Reaction[E]]:
        """Register a reaction to this event type.

        A second one for the same type raises `TypeError`, as does `begins` without one aggregate that it begins.
        """
        if begins and not isinstance(loads, type):
            raise TypeError(f"{event.type}: begins=True needs the aggregate that the event begins as `loads`")

        def register(react: Reaction[E]) -> Reaction[E]:
            if event.type in self.by_type:
                raise TypeError(f"{event.type} already has a reaction; call both actions from one")
            self.by_type[event.type] = RegisteredReaction(react, loads, begins)
            return react

        return register

    async def fetch(self, work: Work, events: Sequence[Event], new: Sequence[Event] = ()) -> None:
        """Load and lock the rows that the reactions to these events need, one query per table.

        `new`: first events of their aggregate; where the reaction has `begins`, their rows are not looked up.
        """
        wanted: dict[type[Aggregate], list[UUID]] = defaultdict(list)
        for event in new:
            listener = self.by_type.get(event.type)
            if listener is not None and listener.begins:
                for table, id in listener.row_keys(event):
                    work.assume_missing(table, [id])
        for event in (*events, *new):
            listener = self.by_type.get(event.type)
            for table, id in listener.row_keys(event) if listener is not None else ():
                wanted[table].append(id)
        # By class name, then id: the order of locks in docs/architecture.md.
        for table in sorted(wanted, key=lambda table: (table is not self.locked_first, table.__name__)):
            await work.prefetch(table, wanted[table])

    @property
    def topics(self) -> set[str]:
        """The names of the topics to consume."""
        return {EVENTS[type].topic.name for type in self.by_type}

    @property
    def sources(self) -> set[str]:
        """The CloudEvents sources of the events on these topics."""
        return {EVENTS[type].topic.source for type in self.by_type}
