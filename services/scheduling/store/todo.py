"""What a counsellor has to do at a centre: open appointments and sessions, final interviews, paths, offers.

Each list says how many there are; behind `after`, how many are left. Where `after` was done meanwhile, a list begins
again: each is ordered as a whole, so that only what is in it has a place.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.tables import in_states
from services.contracts.scheduling import InterviewKind, Method
from services.scheduling.domain.attendance import ATTENDANCE_CORRECTED_WITHIN
from services.scheduling.domain.rules import PATH_LIMIT
from services.scheduling.domain.states import BOOKED, ENDED, HELD, MISSED, OPEN_WORKSHOPS, RUNNING
from services.scheduling.domain.todo import PATH_WAITS
from services.scheduling.store.copies import can_be_booked
from services.scheduling.store.finalising import OF_WORKSHOP, FinalInterview, due_finals
from services.scheduling.store.interviews import GuidancePath, Interview
from services.scheduling.store.workshops import IS_OFFERED, IS_OPEN, Seat, Session, Workshop, led_by

Row = TypeVar("Row")
_OPEN = sa.text(in_states((*BOOKED, *RUNNING)))
"""Literals, as the index of open interviews has them."""


class Counted(NamedTuple, Generic[Row]):
    """The first rows of a list, and how many it has."""

    rows: Sequence[Row]
    total: int = 0


class OpenAppointment(NamedTuple):
    """An interview, or a session of a workshop, that is not done. What only the other one has is None."""

    id: UUID
    """Of the interview, or of the session."""
    starts_at: datetime
    minutes: int
    room: str | None
    area: str | None
    kind: str | None
    status: str | None
    method: str | None
    mode: str | None
    interpreter_language: str | None
    subject_ref: UUID | None
    visit_id: UUID | None
    started_at: datetime | None
    arrived_at: datetime | None
    version: int | None
    path_id: UUID | None
    workshop_id: UUID | None
    title: str | None
    taken: int | None
    """Places of the workshop."""


class WaitingPath(NamedTuple):
    """An open path on which nothing is booked. `last_at`: of the last appointment held or missed; None: of none.

    `ended_at`: of the last one, also cancelled.
    """

    id: UUID
    subject_ref: UUID
    area: str | None
    ended_at: datetime
    last_at: datetime | None


class OpenOffer(NamedTuple):
    """A place that is offered, and not answered."""

    id: UUID
    """Of the entry on the waitlist."""
    subject_ref: UUID
    until: datetime
    workshop_id: UUID
    title: str
    first_at: datetime


async def open_appointments(
    session: AsyncSession,
    centre: str,
    counsellor: str,
    ends: datetime,
    begins: datetime | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Counted[OpenAppointment]:
    """What the counsellor has open that begins before `ends`, and from `begins` on, in order of time."""
    found = sa.union_all(
        _interviews(centre, counsellor, begins, ends),
        _sessions(counsellor, begins, ends, *_open_at(centre)),
        _sessions(counsellor, begins, ends, *_cancelled_midway(centre, ends)),
    ).subquery()
    order = ListOrder(found.c.starts_at, id=found.c.id)
    return await with_total(session, OpenAppointment, sa.select(*found.c), order, limit, after)


def _interviews(centre: str, counsellor: str, begins: datetime | None, ends: datetime) -> Any:
    own = (col(Interview.centre) == centre, col(Interview.counsellor) == counsellor)
    query = sa.select(
        *(col(Interview.id), col(Interview.starts_at), col(Interview.minutes), col(Interview.room)),
        *(col(Interview.area), col(Interview.kind), col(Interview.status), col(Interview.method)),
        *(
            col(Interview.mode),
            col(Interview.interpreter_language),
            col(Interview.subject_ref),
            col(Interview.visit_id),
            col(Interview.started_at),
        ),
        *(col(Interview.arrived_at), col(Interview.version), col(Interview.path_id)),
        *(_none(col(Session.workshop_id)), _none(col(Workshop.title)), _none(col(Workshop.taken))),
    ).where(_OPEN, col(Interview.status).in_((*BOOKED, *RUNNING)), *own, col(Interview.starts_at) < ends)
    return query if begins is None else query.where(col(Interview.starts_at) >= begins)


_EARLIER = aliased(Session)
_IS_FIRST_OPEN = (
    sa.select(sa.func.count())
    .where(
        col(_EARLIER.workshop_id) == col(Session.workshop_id),
        col(_EARLIER.recorded_at).is_(None),
        col(_EARLIER.ordinal) < col(Session.ordinal),
    )
    .scalar_subquery()
) == 0
"""One line is enough for a workshop without participants: its sessions are not recorded, it is cancelled as a whole."""


def _sessions(counsellor: str, begins: datetime | None, ends: datetime, *of_workshops: Any) -> Any:
    missing = (Interview.kind, Interview.status, Interview.method, Interview.mode, Interview.interpreter_language)
    more = (Interview.subject_ref, Interview.visit_id, Interview.started_at, Interview.arrived_at, Interview.version)
    query = (
        sa.select(
            *(col(Session.id), col(Session.starts_at), col(Session.minutes), col(Workshop.room), col(Workshop.area)),
            *(_none(col(one)) for one in (*missing, *more, Interview.path_id)),
            *(col(Session.workshop_id), col(Workshop.title), col(Workshop.taken)),
        )
        .join(Workshop, col(Workshop.id) == col(Session.workshop_id))
        .where(*of_workshops, led_by(counsellor), col(Workshop.first_at) < ends)
        .where(col(Session.starts_at) < ends, col(Session.recorded_at).is_(None))
        .where(sa.or_(col(Workshop.taken) > 0, _IS_FIRST_OPEN))
    )
    return query if begins is None else query.where(col(Session.starts_at) >= begins)


def _open_at(centre: str) -> tuple[Any, ...]:
    """The open workshops of a centre, as their index has them: the status too, or SQLite reads all of the centre."""
    return (IS_OPEN, col(Workshop.status).in_(OPEN_WORKSHOPS), col(Workshop.centre) == centre)


def _cancelled_midway(centre: str, ends: datetime) -> tuple[Any, ...]:
    """The sessions that had begun when their workshop was cancelled, as long as their attendance can be recorded."""
    since = ends - ATTENDANCE_CORRECTED_WITHIN
    begun = col(Session.starts_at) <= col(Workshop.cancelled_at)
    return (col(Workshop.cancelled_at) > since, begun, col(Workshop.centre) == centre, col(Workshop.taken) > 0)


def _none(column: Any) -> Any:
    """NULL where the other branch of the union has this column."""
    return sa.type_coerce(sa.null(), column.type).label(column.name)


async def open_finals(
    session: AsyncSession, centre: str, counsellor: str, after: UUID | None = None, limit: int = 100
) -> Counted[FinalInterview]:
    """The final interviews that are due and not held: those to book of own workshops, then own booked ones."""
    booked = col(Interview.id).is_not(None)
    whose = sa.func.coalesce(col(Interview.counsellor), col(Workshop.counsellor)).label("whose")
    columns: list[Any] = [*OF_WORKSHOP, whose, col(Workshop.more_facilitators)]
    dates: list[Any] = [col(Interview.id).label("interview_id"), col(Interview.starts_at), col(Interview.minutes)]
    agreed = can_be_booked(col(GuidancePath.subject_ref))
    held = sa.exists().where(col(_HELD.path_id) == col(GuidancePath.id), col(_HELD.status).in_(HELD))
    due = due_finals(sa.select(*columns, *dates, sa.case((booked, 1), else_=0).label("rank")), centre)
    found = (
        due.outerjoin(
            Interview,
            sa.and_(col(Interview.path_id) == col(GuidancePath.id), col(Interview.status).in_(BOOKED)),
        )
        .where(sa.or_(sa.and_(~booked, led_by(counsellor), agreed), col(Interview.counsellor) == counsellor), ~held)
        .subquery()
    )
    order = ListOrder(found.c.rank, found.c.finalising_due_at, id=found.c.id)
    *shown, _rank = found.c
    return await with_total(session, FinalInterview, sa.select(*shown), order, limit, after)


_OTHER = aliased(Interview)
_HELD = aliased(Interview)
_NOTHING_LATER = ~sa.exists().where(
    col(_OTHER.path_id) == col(Interview.path_id),
    col(_OTHER.id) != col(Interview.id),
    sa.or_(
        col(_OTHER.status).in_((*BOOKED, *RUNNING)),
        sa.and_(col(_OTHER.status).in_(ENDED), col(_OTHER.starts_at) > col(Interview.starts_at)),
        sa.and_(
            col(_OTHER.status).in_(ENDED),
            col(_OTHER.starts_at) == col(Interview.starts_at),
            col(_OTHER.id) > col(Interview.id),
        ),
    ),
)
_HELD_SO_FAR = (
    sa.select(sa.func.count())
    .where(col(_HELD.path_id) == col(Interview.path_id), col(_HELD.status).in_(HELD))
    .scalar_subquery()
)


_LAST_TAKEN_UP = (
    sa.select(sa.func.max(col(_HELD.starts_at)))
    .where(col(_HELD.path_id) == col(Interview.path_id), col(_HELD.status).in_((*HELD, *MISSED)))
    .scalar_subquery()
)
"""When the last appointment of the path was that was not cancelled, also if the person did not come."""
_ON_OPEN_PATH = (
    sa.select(sa.func.count())
    .where(
        col(GuidancePath.id) == col(Interview.path_id),
        col(GuidancePath.centre) == col(Interview.centre),
        col(GuidancePath.closed_at).is_(None),
        col(GuidancePath.method) == Method.INDIVIDUAL.value,
    )
    .scalar_subquery()
)
"""No join: PostgreSQL would rather read every path than look up those of one counsellor's year."""


async def waiting_paths(
    session: AsyncSession, centre: str, counsellor: str, now: datetime, after: UUID | None = None, limit: int = 100
) -> Counted[WaitingPath]:
    """The open individual paths without a next interview whose last appointment was this counsellor's, latest first.

    Held, missed or cancelled, and not longer than `PATH_WAITS` ago. Those that allow no more are not among them, nor
    those of people who withdrew their consent to guidance.
    """
    found = (
        sa.select(
            *(col(Interview.path_id), col(Interview.subject_ref), col(Interview.area), col(Interview.starts_at)),
            _LAST_TAKEN_UP.label("last_at"),
        )
        .where(
            col(Interview.centre) == centre,
            col(Interview.counsellor) == counsellor,
            col(Interview.starts_at) > now - PATH_WAITS,
            col(Interview.kind) == InterviewKind.GUIDANCE.value,
            col(Interview.status).in_(ENDED),
            col(Interview.subject_ref).is_not(None),
            _ON_OPEN_PATH == 1,
            _NOTHING_LATER,
            _HELD_SO_FAR < PATH_LIMIT,
            can_be_booked(col(Interview.subject_ref)),
        )
        .subquery()
    )
    order = ListOrder(found.c.starts_at, id=found.c.path_id, newest_first=True)
    return await with_total(session, WaitingPath, sa.select(*found.c), order, limit, after)


async def open_offers(
    session: AsyncSession, centre: str, counsellor: str, now: datetime, after: UUID | None = None, limit: int = 100
) -> Counted[OpenOffer]:
    """The offers in the counsellor's coming workshops that can still be answered, those that end first at first."""
    ahead = (col(Workshop.first_at) > now, col(Workshop.offered) > 0)
    led = sa.select(col(Workshop.id), col(Workshop.title), col(Workshop.first_at)).where(
        *_open_at(centre), *ahead, led_by(counsellor)
    )
    workshops = led.subquery()
    columns = (col(Seat.id), col(Seat.subject_ref), col(Seat.offer_until))
    found = (
        sa.select(*columns, workshops.c.id.label("workshop"), workshops.c.title, workshops.c.first_at)
        .select_from(Seat)
        .join(workshops, workshops.c.id == col(Seat.workshop_id))
        .where(IS_OFFERED, col(Seat.offer_until) > now, col(Seat.subject_ref).is_not(None))
        .subquery()
    )
    order = ListOrder(found.c.offer_until, id=found.c.id)
    return await with_total(session, OpenOffer, sa.select(*found.c), order, limit, after)


async def with_total(
    session: AsyncSession, made: type[Row], query: Any, order: ListOrder, limit: int, after: UUID | None
) -> Counted[Row]:
    """The first `limit` rows of a query behind `after`, as `made`, and how many there are."""
    counted = query.add_columns(sa.func.count().over())
    rows = (await session.execute(await order.page(session, counted, limit, after))).all()
    return Counted([made(*row[:-1]) for row in rows], int(rows[0][-1]) if rows else 0)
