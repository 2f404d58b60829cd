"""What other services tell scheduling, and what scheduling said, made short."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa

from services.chassis.identity.people import Claim, Person
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Cause, Store
from services.contracts import Event
from services.contracts.cloudevents import Record, read_event
from services.contracts.directory import CentrePublished, OpeningHours
from services.contracts.intake import (
    Channel,
    SubjectErased,
    VisitCalled,
    VisitCheckedIn,
    VisitIdentified,
    VisitLeft,
    VisitorConsentWithdrawn,
    VisitorRegistered,
    VisitServed,
    VisitStatus,
)
from services.contracts.roles import Role
from services.scheduling.claims import STAFF_CODE
from services.scheduling.reactions import reactions

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday in winter, 09:00 in Liège."""

LIEGE = "liege"
NADIA = "liege-c01"
TOM = "liege-c02"

COUNSELLOR = Person(
    subject="demo/nadia",
    name="Nadia (demo)",
    roles=frozenset({Role.COUNSELLOR}),
    centres=frozenset({LIEGE}),
    claims=frozenset({Claim(STAFF_CODE, NADIA)}),
)
COLLEAGUE = COUNSELLOR.model_copy(update={"subject": "demo/tom", "claims": frozenset({Claim(STAFF_CODE, TOM)})})
ELSEWHERE = COUNSELLOR.model_copy(
    update={
        "subject": "demo/lea",
        "centres": frozenset({"mons"}),
        "claims": frozenset({Claim(STAFF_CODE, "m-c01")}),
    }
)
OPERATOR = Person(subject="demo/ops", name="Ops (demo)", roles=frozenset({Role.OPERATOR}))
VISITOR = Person(subject="visitor", name="–", roles=frozenset({Role.VISITOR}), subject_ref=uuid4())

Said = TypeVar("Said", bound=Event)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


def liege(closed_on: tuple[str, ...] = (), code: str = LIEGE) -> CentrePublished:
    weekdays: Any = ("MO", "TU", "WE", "TH", "FR")
    return CentrePublished(
        centre=code,
        name=f"Cité des métiers ({code})",
        kind="cite",
        areas=("choose-path", "select-training", "find-job", "create-business"),
        timezone="Europe/Brussels",
        opening_hours=(
            OpeningHours(weekdays=weekdays, opens_at="09:00", closes_at="12:00"),
            OpeningHours(weekdays=weekdays, opens_at="13:00", closes_at="16:30"),
        ),
        closed_on=closed_on,
    )


class Somebody:
    """One visitor, and the events that intake would say about them."""

    def __init__(self, centre: str = LIEGE) -> None:
        self.centre = centre
        self.visit_id = uuid4()
        self.subject_ref = uuid4()

    def checks_in(
        self,
        at: datetime = MONDAY,
        *,
        area: str | None = "find-job",
        status: VisitStatus = VisitStatus.WAITING,
        ticket: str | None = "E-007",
    ) -> VisitCheckedIn:
        return VisitCheckedIn(
            visit_id=self.visit_id,
            centre=self.centre,
            area=area,
            channel=Channel.DESK,
            at=at,
            status=status,
            ticket=ticket,
        )

    def is_called(self, at: datetime = MONDAY) -> VisitCalled:
        return VisitCalled(visit_id=self.visit_id, centre=self.centre, at=at, desk="desk-1")

    def is_served(self, at: datetime = MONDAY) -> VisitServed:
        return VisitServed(visit_id=self.visit_id, centre=self.centre, at=at)

    def leaves(self, at: datetime = MONDAY) -> VisitLeft:
        return VisitLeft(visit_id=self.visit_id, centre=self.centre, at=at)

    def is_identified(self, at: datetime = MONDAY) -> VisitIdentified:
        return VisitIdentified(visit_id=self.visit_id, centre=self.centre, at=at, subject_ref=self.subject_ref)

    def registered(self, purposes: tuple[str, ...] = ("guidance", "plan")) -> VisitorRegistered:
        return VisitorRegistered(
            subject_ref=self.subject_ref,
            centre=self.centre,
            at=MONDAY,
            purposes=purposes,
            language="fr",
            retain_until=MONDAY + timedelta(days=1000),
        )

    def withdraws(self, *purposes: str) -> VisitorConsentWithdrawn:
        return VisitorConsentWithdrawn(subject_ref=self.subject_ref, at=MONDAY, purposes=purposes)

    def erased(self) -> SubjectErased:
        return SubjectErased(subject_ref=self.subject_ref, at=MONDAY)


async def tell(store: Store, events: Iterable[Event], *, in_one_batch: bool = False) -> None:
    """Bring these events to scheduling, in this order."""
    told = list(events)
    if not in_one_batch:
        for event in told:
            await tell(store, [event], in_one_batch=True)
        return
    async with store.work() as work:
        await reactions.fetch(work, told)
        for event in told:
            work.cause = Cause(uuid5(UUID(int=0), event.key), uuid4())
            await reactions.by_type[event.type].react(work, event)


async def said(store: Store) -> list[Event]:
    """Everything that scheduling said so far, in order."""
    return [event for event, _ in await said_in_order(store)]


async def said_in_order(store: Store) -> list[tuple[Event, int]]:
    """Everything that scheduling said so far, with each event's number in its aggregate."""
    async with store.read() as session:
        rows = (await session.execute(sa.select(store.table("outbox")).order_by(sa.text("seq")))).all()
    heard = [read_event(Record(row.topic, row.key, unpack_headers(row.headers), row.value)) for row in rows]
    return [(one.event, one.sequence or 0) for one in heard if one.event is not None]


async def said_of(store: Store, kind: type[Said]) -> list[Said]:
    """What scheduling said of one kind."""
    return [event for event in await said(store) if isinstance(event, kind)]


async def count(store: Store, table: str) -> int:
    """How many rows a table has."""
    async with store.read() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(store.table(table))) or 0
