"""The events of other services that impact counts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.chassis.storage.store import Store
from services.chassis.testing import consumer_for, publish, record_of
from services.contracts import Event
from services.contracts.cloudevents import Record
from services.contracts.directory import CentrePublished, ReferralProgressed, ReferralRequested, ReferralStatus
from services.contracts.intake import Channel, VisitAreaCorrected, VisitCheckedIn, VisitRecorded, VisitStatus
from services.contracts.plans import PlanConfirmed
from services.contracts.scheduling import AttendanceRecorded, InterviewHeld, InterviewKind, Method
from services.impact import actions
from services.impact.domain import Measure, Months
from services.impact.reactions import reactions
from services.impact.store import Tally, add_to_count

NOON = datetime(2017, 3, 27, 10, 0, tzinfo=UTC)
"""A Monday in March 2017, noon in Brussels."""


def centre(code: str) -> CentrePublished:
    return CentrePublished(
        centre=code,
        name={
            "liege": "Cité des métiers de Liège",
            "namur": "Cité des métiers de Namur",
            "mons": "Carrefour des métiers de Mons",
        }[code],
        kind="cite",
        areas=("find-job", "choose-path"),
        timezone="Europe/Brussels",
        opening_hours=(),
    )


def checked_in(at: datetime = NOON, where: str = "liege", area: str | None = "find-job") -> VisitCheckedIn:
    return VisitCheckedIn(
        visit_id=uuid4(),
        centre=where,
        area=area,
        channel=Channel.DESK,
        at=at,
        status=VisitStatus.WAITING,
        ticket="E-001",
    )


def corrected_area(visit: VisitCheckedIn, *, before: str | None, area: str | None) -> VisitAreaCorrected:
    """What the visit is about is corrected three days later."""
    return VisitAreaCorrected(
        visit_id=visit.visit_id,
        centre=visit.centre,
        at=visit.at + timedelta(days=3),
        checked_in_at=visit.at,
        area_before=before,
        area=area,
    )


def recorded(at: datetime = NOON, where: str = "liege", area: str | None = "find-job") -> VisitRecorded:
    return VisitRecorded(
        visit_id=uuid4(),
        centre=where,
        area=area,
        channel=Channel.DESK,
        at=at,
        status=VisitStatus.NO_QUEUE,
        called_at=None,
        served_at=None,
        ended_at=None,
    )


def held(
    kind: InterviewKind = InterviewKind.INFORMATION,
    at: datetime = NOON,
    where: str = "liege",
    area: str | None = "find-job",
) -> InterviewHeld:
    return InterviewHeld(
        interview_id=uuid4(), kind=kind, centre=where, area=area, counsellor="c01", starts_at=at, minutes=60
    )


def attended(*, came: bool, at: datetime = NOON, where: str = "liege") -> AttendanceRecorded:
    ids: dict[str, Any] = {name: uuid4() for name in ("workshop_id", "session_id", "seat_id", "subject_ref", "path_id")}
    return AttendanceRecorded(**ids, centre=where, at=at, attended=came, final=False)


def plan_confirmed(at: datetime = NOON, where: str = "liege") -> PlanConfirmed:
    return PlanConfirmed(
        plan_id=uuid4(),
        path_id=uuid4(),
        subject_ref=uuid4(),
        centre=where,
        method=Method.INDIVIDUAL,
        goals=1,
        action_tracks=1,
        at=at,
    )


def referral_requested(at: datetime = NOON, where: str = "liege") -> ReferralRequested:
    return ReferralRequested(
        referral_id=uuid4(),
        subject_ref=uuid4(),
        centre=where,
        area="find-job",
        organization_id=uuid4(),
        service_id=uuid4(),
        reason="training",
        at=at,
    )


def referral_is(status: ReferralStatus, referral_id: UUID, at: datetime = NOON) -> ReferralProgressed:
    return ReferralProgressed(
        referral_id=referral_id,
        centre="liege",
        organization_id=uuid4(),
        service_id=uuid4(),
        status=status,
        at=at,
    )


def records(events: Sequence[Event]) -> list[Record]:
    """Each as its aggregate's first event."""
    return [record_of(event, 1) for event in events]


async def process(store: Store, *events: Event) -> None:
    """Have impact process these events, one after the other."""
    await publish(store, reactions, *records(events))


async def process_at_once(store: Store, *events: Event) -> None:
    """Have impact process these events in one batch."""
    await consumer_for(store, reactions).process(records(events))


async def tallies(store: Store) -> dict[tuple[date, str, str, str], int]:
    """The stored counts: (day, centre, measure, area) → number."""
    async with store.read() as session:
        rows = await session.scalars(sa.select(Tally))
        return {(row.day, row.centre, row.measure, row.area): row.number for row in rows}


Cells = Mapping[tuple[date, str, Measure, str], int]
"""How many of a measure, on a day, at a centre, in an area (`""`: none)."""


async def count(store: Store, cells: Cells) -> None:
    """Count so many, as processed events do."""
    async with store.work() as work:
        for (day, where, measure, area), number in cells.items():
            add_to_count(work, measure, day, where, area, number)


async def publish_now(store: Store, since: str, until: str) -> list[str]:
    """Publish these months, as an operator does after an import."""
    async with store.work() as work:
        return await actions.publish_months(work, Months(since, until))
