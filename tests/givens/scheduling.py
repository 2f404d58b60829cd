"""Staff and visitors of a centre, and the events of directory and intake that scheduling starts from."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.chassis.identity.people import Claim, Person
from services.chassis.storage.store import Store, Work
from services.contracts import Event
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.directory import CentrePublished, OpeningHours
from services.contracts.intake import (
    Channel,
    SubjectErased,
    VisitAreaCorrected,
    VisitCalled,
    VisitCheckedIn,
    VisitIdentified,
    VisitLeft,
    VisitorConsentGiven,
    VisitorConsentWithdrawn,
    VisitorRegistered,
    VisitReturned,
    VisitServed,
    VisitStatus,
)
from services.contracts.roles import Role
from services.scheduling.actions import availability, rooms
from services.scheduling.actions.booking_rules import RuleFacts, set_rules
from services.scheduling.actions.rooms import RoomFacts
from services.scheduling.claims import STAFF_CODE
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.reactions import reactions
from services.scheduling.store import Room
from tests.givens.copied import filled
from tests.givens.events import react_to

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday in winter, 09:00 in Liège."""

LIEGE = "liege"
NADIA = "liege-c01"
TOM = "liege-c02"
LEFT = "liege-c03"
"""A counsellor whose account is inactive."""

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
ROOMS = ("salle-1", "salle-2", "salle-3", "liege-r1")
"""The codes of the rooms of a centre."""
NAMES = {NADIA: "Nadia Lambert", TOM: "Tom Peeters", LEFT: "Eva Maes", "m-c01": "Léa Dubois"}
"""The display names of the counsellors' accounts."""
VISITOR = Person(subject="visitor", name="–", roles=frozenset({Role.VISITOR}), subject_ref=uuid4())


def account_of(
    code: str = NADIA,
    status: AccountStatus = AccountStatus.ACTIVE,
    *,
    version: int = 1,
    centres: tuple[str, ...] = (LIEGE,),
    **changed: Any,
) -> AccountPublished:
    """The account of a counsellor with this code."""
    facts: dict[str, Any] = {
        "account_ref": uuid5(NAMESPACE_URL, code),
        "version": version,
        "kind": AccountKind.STAFF,
        "status": status,
        "roles": (Role.COUNSELLOR.value,),
        "centres": centres,
        "code": code,
        "display_name": NAMES.get(code),
    }
    return AccountPublished.model_validate(facts | changed)


def liege_team() -> list[AccountPublished]:
    """The accounts of Liège: two counsellors, and one who left."""
    return [account_of(NADIA), account_of(TOM), account_of(LEFT, AccountStatus.INACTIVE)]


async def enter_hours(store: Store) -> None:
    """Tom works in the mornings of weekdays, and is away on Thursday, 5 March."""
    zone, at = ZoneInfo("Europe/Brussels"), datetime(2026, 3, 4, 23, tzinfo=UTC)
    mornings = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
    row = WorkingHours(date(2026, 1, 1), mornings, "08:00", "13:00", frozenset(), zone)
    async with store.work() as work:
        await availability.set_hours(work, TOM, LIEGE, [row])
        await availability.add_absence(work, uuid4(), TOM, at, at + timedelta(days=1), zone)


async def set_notice(store: Store) -> None:
    """The team of Liège books until two hours before an interview."""
    facts = RuleFacts(horizon_days=365, notice_hours=2, visitor_notice_hours=24)
    async with store.work() as work:
        await set_rules(work, LIEGE, facts)


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


class Visitor:
    """One visitor, and the events that intake emits about them."""

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

    def is_corrected(self, area: str | None, *, before: str | None, at: datetime = MONDAY) -> VisitAreaCorrected:
        return VisitAreaCorrected(
            visit_id=self.visit_id, centre=self.centre, at=at, checked_in_at=at, area_before=before, area=area
        )

    def is_called(self, at: datetime = MONDAY) -> VisitCalled:
        return VisitCalled(visit_id=self.visit_id, centre=self.centre, at=at, desk="desk-1")

    def is_served(self, at: datetime = MONDAY) -> VisitServed:
        return VisitServed(visit_id=self.visit_id, centre=self.centre, at=at)

    def leaves(self, at: datetime = MONDAY) -> VisitLeft:
        return VisitLeft(visit_id=self.visit_id, centre=self.centre, at=at)

    def is_back(self, status: VisitStatus, at: datetime = MONDAY) -> VisitReturned:
        return VisitReturned(visit_id=self.visit_id, centre=self.centre, at=at, status=status)

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

    def gives(self, *in_force: str) -> VisitorConsentGiven:
        return VisitorConsentGiven(
            subject_ref=self.subject_ref, centre=self.centre, at=MONDAY, purposes=in_force, in_force=in_force
        )

    def withdraws(self, *purposes: str) -> VisitorConsentWithdrawn:
        return VisitorConsentWithdrawn(subject_ref=self.subject_ref, at=MONDAY, purposes=purposes)

    def erased(self) -> SubjectErased:
        return SubjectErased(subject_ref=self.subject_ref, at=MONDAY)


async def add_rooms(store: Store, centre: str = LIEGE, capacity: int = 20, codes: Iterable[str] = ROOMS) -> list[UUID]:
    """Put these rooms into the list of a centre."""
    async with store.work() as work:
        return [await _add_room(work, centre, code, capacity) for code in codes]


async def _add_room(work: Work, centre: str, code: str, capacity: int) -> UUID:
    return (await rooms.add_room(work, uuid4(), centre, RoomFacts(name=f"Local {code}", capacity=capacity), code)).id


async def open_liege(store: Store) -> None:
    """Liège with its counsellors and its rooms, which were published long ago, in a new store."""
    await filled(store, _open_liege)


async def _open_liege(store: Store) -> None:
    await react(store, [liege(), *liege_team()], in_one_batch=True)
    await add_rooms(store)
    async with store.writer.begin() as connection:
        await connection.execute(sa.delete(store.table("outbox")))


async def leave_room(store: Store, id: UUID) -> None:
    """Take this room out of use."""
    async with store.work() as work:
        await rooms.use_room(work, await work.load(Room, id), active=False)


async def react(store: Store, events: Iterable[Event], *, in_one_batch: bool = False) -> None:
    """Run the reactions of scheduling to these events, in this order."""
    await react_to(store, reactions, events, in_one_batch=in_one_batch)
