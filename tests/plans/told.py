"""What other services tell plans, and what plans said: events of one person's path, made short."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa

from services.chassis.identity.people import Person
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Cause, Store
from services.contracts import Event
from services.contracts.cloudevents import Record, read_event
from services.contracts.directory import CentrePublished, ProviderPublished, ProviderService
from services.contracts.roles import Role
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    InterviewHeld,
    InterviewKind,
    Method,
    PathClosed,
    PathOpened,
    PathOutcome,
    SeatTaken,
    WorkshopAnnounced,
    WorkshopSession,
)
from services.plans.domain import plan_id_of
from services.plans.reactions import reactions

MARCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

MONS = "mons"
COUNSELLOR = Person(
    subject="demo:nadia", name="Nadia (demo)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({MONS})
)
ARLON_COUNSELLOR = COUNSELLOR.model_copy(update={"subject": "demo:tom", "centres": frozenset({"arlon"})})


def visitor(subject_ref: UUID) -> Person:
    """The person under this reference, signed in."""
    return Person(subject="visitor", name="Visitor (demo)", roles=frozenset({Role.VISITOR}), subject_ref=subject_ref)


class Adult:
    """One person on one path, and the events that scheduling would say about it."""

    def __init__(self, method: Method, seed: UUID | None = None) -> None:
        root = seed or uuid4()
        self.method = method
        self.subject_ref = uuid5(root, "subject")
        self.path_id = uuid5(root, "path")
        self.workshop_id = uuid5(root, "workshop")
        self.seat_id = uuid5(root, "seat")
        self.plan_id = plan_id_of(self.path_id)
        self._root = root

    def path_opened(self) -> PathOpened:
        return PathOpened(path_id=self.path_id, subject_ref=self.subject_ref, centre=MONS, method=self.method, at=MARCH)

    def path_closed(self, outcome: PathOutcome) -> PathClosed:
        return PathClosed(path_id=self.path_id, centre=MONS, method=self.method, outcome=outcome, at=MARCH)

    def interview(self, number: int, *, known: bool = True) -> InterviewHeld:
        return InterviewHeld(
            interview_id=uuid5(self._root, f"interview {number}"),
            kind=InterviewKind.GUIDANCE,
            centre=MONS,
            area="choose-path",
            counsellor="nadia",
            starts_at=MARCH + timedelta(days=7 * number),
            minutes=60,
            path_id=self.path_id,
            method=self.method,
            number=number,
            subject_ref=self.subject_ref if known else None,
        )

    def announced(self, sessions: int = 3) -> WorkshopAnnounced:
        return WorkshopAnnounced(
            workshop_id=self.workshop_id,
            centre=MONS,
            area="choose-path",
            counsellor="nadia",
            room="salle-2",
            seats=8,
            sessions=tuple(
                WorkshopSession(session_id=self.session_id(n), starts_at=MARCH + timedelta(days=n), minutes=180)
                for n in range(1, sessions + 1)
            ),
        )

    def session_id(self, number: int) -> UUID:
        return uuid5(self._root, f"session {number}")

    def seat(self) -> SeatTaken:
        return SeatTaken(
            workshop_id=self.workshop_id,
            seat_id=self.seat_id,
            subject_ref=self.subject_ref,
            path_id=self.path_id,
            centre=MONS,
            at=MARCH,
        )

    def attendance(self, number: int, *, attended: bool = True, final: bool = False) -> AttendanceRecorded:
        return AttendanceRecorded(
            workshop_id=self.workshop_id,
            session_id=self.session_id(number),
            seat_id=self.seat_id,
            subject_ref=self.subject_ref,
            path_id=self.path_id,
            centre=MONS,
            at=MARCH + timedelta(days=number, hours=3),
            attended=attended,
            final=final,
        )

    def finalising_due(self) -> FinalisingSessionDue:
        return FinalisingSessionDue(
            workshop_id=self.workshop_id,
            path_id=self.path_id,
            subject_ref=self.subject_ref,
            centre=MONS,
            at=MARCH + timedelta(days=3, hours=3),
        )


def mons() -> CentrePublished:
    return CentrePublished(
        centre=MONS,
        name="Carrefour des métiers de Mons",
        kind="carrefour",
        areas=("choose-path", "select-training", "find-job", "create-business"),
        timezone="Europe/Brussels",
        opening_hours=(),
    )


def provider(service_id: UUID, organization_id: UUID | None = None, status: Any = "active") -> ProviderPublished:
    return ProviderPublished(
        organization_id=organization_id or uuid4(),
        name="Promotion sociale (demo)",
        services=(
            ProviderService(
                service_id=service_id, name="Découverte des métiers du bois", areas=("select-training",), status=status
            ),
        ),
        assured_date=None,
    )


async def tell(store: Store, events: Iterable[Event], *, in_one_batch: bool = False) -> None:
    """Bring these events to plans, in this order."""
    if not in_one_batch:
        for event in events:
            await tell(store, [event], in_one_batch=True)
        return
    told = list(events)
    async with store.work() as work:
        await reactions.fetch(work, told)
        for event in told:
            work.cause = Cause(uuid5(UUID(int=0), event.key), uuid4())
            await reactions.by_type[event.type].react(work, event)


async def said(store: Store) -> list[Event]:
    """Everything that plans said so far, in order."""
    async with store.read() as session:
        rows = (await session.execute(sa.select(store.table("outbox")).order_by(sa.text("seq")))).all()
    records = [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]
    return [heard.event for heard in map(read_event, records) if heard.event is not None]


async def said_types(store: Store) -> list[str]:
    return [type(event).__name__ for event in await said(store)]


async def contents(store: Store, *, without: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that plans owns, in a comparable form."""
    own = {"outbox", "inbox", "dead_letters", "alembic_version", *without}
    held: dict[str, list[tuple[Any, ...]]] = {}
    async with store.read() as session:
        for name, table in store.metadata.tables.items():
            if name not in own:
                columns = [column for column in table.columns if column.name != "correlation_id"]
                rows = await session.execute(sa.select(*columns))
                held[name] = sorted((tuple(row) for row in rows), key=repr)
    return held
