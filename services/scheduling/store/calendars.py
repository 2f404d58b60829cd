"""What calendars show: the interviews, workshop sessions and absences of counsellors, rooms and centres."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.bulk import in_list
from services.scheduling.domain.calendars import runs
from services.scheduling.domain.slots import Timeline
from services.scheduling.domain.states import WorkshopStatus
from services.scheduling.domain.times import QUARTER, Interval
from services.scheduling.store.availability import absences_between
from services.scheduling.store.external import busy_bits
from services.scheduling.store.interviews import Interview
from services.scheduling.store.workshops import Session, Workshop

WORKSHOP, ABSENCE, BUSY = "workshop", "absence", "busy"
"""The `Block.kind` of a workshop's session, of an absence, and of what another calendar has; of an interview, it is its
own."""
NOT_HERE = (ABSENCE, BUSY)
"""Of what is no appointment: only its time is known."""

_MINUTES = QUARTER // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose calendar it is: a counsellor's, a room's, or with neither the centre's.

    `centre`: of the room, or the centre itself. `centres`: at which a counsellor's workshops are looked for.
    `team`: the counsellors whose absences are in it.
    """

    centre: str
    counsellor: str | None = None
    room: str | None = None
    centres: tuple[str, ...] = ()
    team: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of a calendar. `id`: of the interview, the workshop or the absence; `key`: each entry's own."""

    kind: str
    id: UUID
    key: UUID
    counsellor: str
    starts_at: datetime
    minutes: int
    centre: str = ""
    room: str | None = None
    status: str = ""
    method: str | None = None
    subject_ref: UUID | None = None
    area: str | None = None
    mode: str = ""
    interpreter_language: str | None = None
    arrived_at: datetime | None = None
    started_at: datetime | None = None
    version: int = 0
    title: str = ""
    seats: int = 0
    taken: int = 0
    """The seats that nobody else can have: offered ones too."""
    more_facilitators: tuple[str, ...] = ()
    """Of a workshop, those beside `counsellor`."""

    @property
    def counsellors(self) -> tuple[str, ...]:
        """In whose calendars it stands."""
        return (self.counsellor, *self.more_facilitators)

    @property
    def ends_at(self) -> datetime:
        """Its end; of an interview that runs, a quarter-hour after its beginning."""
        return self.starts_at + (timedelta(minutes=self.minutes) if self.minutes else QUARTER)

    @property
    def interval(self) -> Interval:
        """From its beginning to its end."""
        return self.starts_at, self.ends_at


async def blocks_of(session: AsyncSession, subject: Subject, start: datetime, end: datetime) -> list[Block]:
    """Everything in a calendar that begins in [start, end), and what touches it of absences and busy times, in order.

    A new kind of entry is one more function in the list.
    """
    found = [
        *await interview_blocks(session, subject, start, end),
        *await session_blocks(session, subject, start, end),
        *await absence_blocks(session, subject, start, end),
        *await busy_blocks(session, subject, start, end),
    ]
    return in_order(found)


def in_order(blocks: Sequence[Block]) -> list[Block]:
    """By time; at one time, the longest first."""
    return sorted(blocks, key=lambda one: (one.starts_at, -one.minutes, str(one.key)))


_INTERVIEW: list[Any] = [
    *(col(Interview.kind), col(Interview.id), col(Interview.id).label("key"), col(Interview.counsellor)),
    *(col(Interview.starts_at), col(Interview.minutes), col(Interview.centre), col(Interview.room)),
    *(col(Interview.status), col(Interview.method), col(Interview.subject_ref), col(Interview.area)),
    *(col(Interview.mode), col(Interview.interpreter_language), col(Interview.arrived_at)),
    *(col(Interview.started_at), col(Interview.version)),
]
"""In the order of the fields of `Block`."""


async def interview_blocks(session: AsyncSession, subject: Subject, start: datetime, end: datetime) -> list[Block]:
    """The interviews that begin in [start, end), those that were cancelled too."""
    query = sa.select(*_INTERVIEW).where(*_interviews(subject, start, end))
    return [Block(*row) for row in await session.execute(query)]


def _interviews(subject: Subject, start: datetime, end: datetime) -> list[sa.ColumnElement[bool]]:
    whose = [col(Interview.centre) == subject.centre]
    if subject.counsellor is not None:
        whose = [col(Interview.counsellor) == subject.counsellor]
    elif subject.room is not None:
        whose.append(col(Interview.room) == subject.room)
    return [*whose, col(Interview.starts_at) >= start, col(Interview.starts_at) < end]


_OF_CENTRE = (
    col(Interview.centre) == sa.bindparam("centre"),
    col(Interview.starts_at) >= sa.bindparam("start"),
    col(Interview.starts_at) < sa.bindparam("end"),
)
_STARTS = (
    sa.select(col(Interview.starts_at), sa.func.count())
    .where(*_OF_CENTRE)
    .group_by(col(Interview.starts_at))
    .order_by(col(Interview.starts_at))
)
_NTH = sa.func.row_number().over(partition_by=col(Interview.starts_at), order_by=col(Interview.id)).label("nth")
_AT_ONCE = (
    sa.select(*_INTERVIEW, _NTH)
    .where(col(Interview.centre) == sa.bindparam("centre"), in_list(col(Interview.starts_at), "moments"))
    .subquery()
)
_FIRST_OF_MOMENTS = sa.select(*(one for one in _AT_ONCE.c if one.name != "nth")).where(
    _AT_ONCE.c.nth <= sa.bindparam("most")
)


async def first_interviews(
    session: AsyncSession, centre: str, days: Sequence[Interval], most: int
) -> tuple[list[Block], list[int]]:
    """Of each of these days, which follow each other, the first interviews of a centre, `most` at most, and how many
    there are.

    How many begin at each moment is in an index. Of the interviews themselves only those are read that are shown.
    """
    starts = [
        (row[0], int(row[1]))
        for row in await session.execute(_STARTS, {"centre": centre, "start": days[0][0], "end": days[-1][1]})
    ]
    counts, moments = [0] * len(days), list[datetime]()
    ends = [end for _start, end in days]
    for at, number in starts:
        day = bisect_right(ends, at)
        if counts[day] < most:
            moments.append(at)
        counts[day] += number
    if not moments:
        return [], counts
    rows = await session.execute(_FIRST_OF_MOMENTS, {"centre": centre, "moments": moments, "most": most})
    firsts: list[list[Block]] = [[] for _ in days]
    for one in sorted((Block(*row) for row in rows), key=lambda block: (block.starts_at, str(block.id))):
        firsts[bisect_right(ends, one.starts_at)].append(one)
    return [one for some in firsts for one in some[:most]], counts


_HELD = WorkshopStatus.FINISHED.value
"""Of a session that had begun when its workshop was cancelled."""
_SESSIONS = (
    sa.select(col(Workshop.id), col(Session.id), col(Workshop.counsellor), col(Session.starts_at))
    .add_columns(col(Session.minutes), col(Workshop.centre), col(Workshop.room))
    .add_columns(
        sa.case((col(Session.starts_at) <= col(Workshop.cancelled_at), _HELD), else_=col(Workshop.status)).label(
            "status"
        )
    )
    .add_columns(col(Workshop.area), col(Workshop.title), col(Workshop.seats))
    .add_columns(col(Workshop.taken) + col(Workshop.offered))
    .add_columns(col(Workshop.more_facilitators))
    .join(Session, col(Session.workshop_id) == col(Workshop.id))
)


async def session_blocks(session: AsyncSession, subject: Subject, start: datetime, end: datetime) -> list[Block]:
    """The sessions of workshops that begin in [start, end). Of those that were cancelled, the status says so."""
    centres = subject.centres if subject.counsellor is not None else (subject.centre,)
    query = _SESSIONS.where(in_list(col(Workshop.centre), "centres"))
    query = query.where(col(Workshop.last_at) >= start, col(Workshop.first_at) < end)
    if subject.counsellor is None and subject.room is not None:
        query = query.where(col(Workshop.room) == subject.room)
    rows = await session.execute(
        query.where(col(Session.starts_at) >= start, col(Session.starts_at) < end), {"centres": sorted(set(centres))}
    )
    led = subject.counsellor
    found = [_session_block(*row) for row in rows]
    return [one for one in found if led is None or led in one.counsellors]


def _session_block(
    id: UUID,
    key: UUID,
    counsellor: str,
    starts_at: datetime,
    minutes: int,
    centre: str,
    room: str | None,
    status: str,
    area: str | None,
    title: str,
    seats: int,
    taken: int,
    more_facilitators: Sequence[str],
) -> Block:
    return Block(
        WORKSHOP,
        id,
        key,
        counsellor,
        starts_at,
        minutes,
        centre=centre,
        room=room,
        status=WorkshopStatus(status).value,
        area=area,
        title=title,
        seats=seats,
        taken=taken,
        more_facilitators=tuple(more_facilitators),
    )


async def absence_blocks(session: AsyncSession, subject: Subject, start: datetime, end: datetime) -> list[Block]:
    """The absences that touch [start, end) of the counsellor, or of the centre's counsellors."""
    team = (subject.counsellor,) if subject.counsellor is not None else subject.team
    if not team:
        return []
    return [
        Block(
            ABSENCE,
            one.id,
            one.id,
            one.counsellor,
            one.starts_at,
            int((one.ends_at - one.starts_at).total_seconds() // 60),
        )
        for one in await absences_between(session, team, start, end)
    ]


async def busy_blocks(session: AsyncSession, subject: Subject, start: datetime, end: datetime) -> list[Block]:
    """When other calendars of the counsellor, or of the centre's counsellors, are busy in [start, end)."""
    team = (subject.counsellor,) if subject.counsellor is not None else subject.team
    if not team:
        return []
    timeline = Timeline.of(start.date(), end.date())
    span = timeline.touched([(start, end)])
    found: list[Block] = []
    for code, bits in sorted((await busy_bits(session, timeline, team)).items()):
        for first, last in runs(bits & span):
            id = uuid4()
            found.append(Block(BUSY, id, id, code, timeline.moment(first), (last - first) * _MINUTES))
    return found
