"""The visitors in the room: as a list, and as a stream of changes."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.centres import known_centre
from services.chassis.copies.visits import Day, counts_of, in_turn, is_here
from services.chassis.runtime.clock import Clock
from services.chassis.service.definition import runtime_of
from services.chassis.web import PAGE, Change, EventStream, Reading, Router, Running, live_changes
from services.contracts.intake import VisitStatus
from services.contracts.values import Whole
from services.scheduling.actions.boards import board
from services.scheduling.api.roles import PREFIX, CentreCode, Team
from services.scheduling.store import Centre, Waiting, WaitingBoard
from services.scheduling.store.copies import changes_after, here_by_seq

router = Router(f"{PREFIX}/waiting", tags=["waiting"])


class WaitingOut(BaseModel):
    """A visitor who queued. `counsellor`: the one in an interview with them.

    `held_at`: on hold since then. `rank` 0: has priority. `for_…`: the only area, desk or counsellor they wait for.
    """

    visit_id: UUID = Field(validation_alias="id")
    centre: str
    area: str | None
    other_areas: list[str]
    interpreter_language: str | None
    ticket: str | None
    status: VisitStatus
    checked_in_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    counsellor: str | None
    interview_id: UUID | None
    subject_ref: UUID | None
    rank: int
    held_at: datetime | None
    for_area: str | None
    for_desk: str | None
    for_counsellor: str | None

    @classmethod
    def of(cls, row: Waiting | Row[Any]) -> Self:
        """The response for a visitor."""
        return cls.model_validate(row, from_attributes=True)


class WaitingEvent(WaitingOut):
    """An event of the stream: a visitor's current state."""

    kind: Literal["waiting"] = "waiting"


class ResetEvent(BaseModel):
    """An event of the stream: discard the known state."""

    kind: Literal["reset"] = "reset"


class WaitingList(BaseModel):
    """The visitors who are here today, in the order of the queue, and how many there are on all pages together.

    `seq`: continue the stream after it (`?after=`).
    """

    seq: int
    total: int
    visits: list[WaitingOut]


@router.get("")
async def list_waiting(
    read: Reading,
    running: Running,
    person: Team,
    centre: CentreCode,
    after: Annotated[UUID | None, Query(description="The last visit of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 200,
) -> WaitingList:
    """The visitors of today who are waiting, called or being served."""
    here = is_here(Waiting, Day.of(await known_centre(read, Centre, person.at(centre)), running.clock()))
    # The sequence first: a change between both reads is sent again by the stream, not lost.
    known = await read.get(WaitingBoard, centre)
    total = sum((await counts_of(read, Waiting, here)).values())
    rows = await in_turn(read, Waiting, here, limit, after=after)
    return WaitingList(seq=known.seq if known else 0, total=total, visits=[WaitingOut.of(row) for row in rows])


@router.get("/stream", response_class=EventStream, responses={200: {"model": WaitingEvent | ResetEvent}})
async def stream_waiting(request: Request, person: Team, centre: CentreCode) -> Response:
    """Events of the kind `waiting`, each with one visitor's current state: first who is here today, then each change.

    A visitor of an earlier day is not here: of those only the end of the visit is sent.
    With `Last-Event-ID` (or `?after=`) the stream resumes after it. If that was too long ago, an event of the kind
    `reset` comes first: discard the known state.
    """
    person.at(centre)
    return live_changes(request, board(centre), WaitingChanges(centre, runtime_of(request).clock))


class WaitingChanges:
    """The changes of a centre's board since the last call. The first call resumes at the reader's last one.

    A reader who has none, or whose last one was pruned, first gets everybody who is here today.
    """

    def __init__(self, centre: str, clock: Clock) -> None:
        self._centre = centre
        self._clock = clock
        self._zoned: Centre | None = None
        """The centre, read once in a stream."""
        self._seen: int | None = None
        """The last sequence number that was sent."""
        self._everybody_until: int | None = None
        """While everybody is sent: the board's last sequence number when that began."""

    async def __call__(self, session: AsyncSession, last: str | None) -> list[Change]:
        """The next changes, in order."""
        if self._seen is None:
            return await self._begin(session, int(last) if last and last.isascii() and last.isdecimal() else None)
        if self._everybody_until is not None:
            return await self._everybody(session)
        rows = await changes_after(session, await self._day(session), self._seen, PAGE)
        self._seen = max([self._seen, *(row.seq for row in rows)])
        return [_change(row) for row in rows]

    async def _begin(self, session: AsyncSession, position: int | None) -> list[Change]:
        known = await session.get(WaitingBoard, self._centre) or WaitingBoard(centre=self._centre)
        if position is not None and known.forgotten <= position <= known.seq:
            self._seen = position
            return await self(session, None)
        self._seen, self._everybody_until = 0, known.seq
        here = await self._everybody(session)
        reset = Change("0" if here else str(known.seq), ResetEvent().model_dump())
        return here if position is None else [reset, *here]

    async def _everybody(self, session: AsyncSession) -> list[Change]:
        """Some of those who are here today; who changes meanwhile has a later number, and is sent afterwards."""
        assert self._seen is not None
        assert self._everybody_until is not None
        day = await self._day(session)
        rows = await here_by_seq(session, day, self._seen, self._everybody_until, PAGE)
        if len(rows) < PAGE:
            self._seen, self._everybody_until = self._everybody_until, None
        else:
            self._seen = rows[-1].seq
        return [_change(row) for row in rows]

    async def _day(self, session: AsyncSession) -> Day:
        """The centre's present day."""
        if self._zoned is None:
            self._zoned = await known_centre(session, Centre, self._centre)
        return Day.of(self._zoned, self._clock())


def _change(row: Waiting | Row[Any]) -> Change:
    return Change(str(row.seq), WaitingEvent.of(row).model_dump(mode="json"))
