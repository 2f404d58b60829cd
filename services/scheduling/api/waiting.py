"""The visitors in the room: as a list, and as a stream of changes."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.web import PAGE, Change, Reading, Router, live_changes
from services.contracts.intake import VisitStatus
from services.scheduling.actions.boards import board
from services.scheduling.api.roles import PREFIX, CentreCode, Team
from services.scheduling.store import Waiting, WaitingBoard
from services.scheduling.store.copies import changes_after, in_the_room

router = Router(f"{PREFIX}/waiting", tags=["waiting"])


class WaitingOut(BaseModel):
    """A visitor who queued. `counsellor`: the one in an interview with them."""

    visit_id: UUID = Field(validation_alias="id")
    centre: str
    area: str | None
    ticket: str | None
    status: VisitStatus
    checked_in_at: datetime
    changed_at: datetime
    counsellor: str | None
    interview_id: UUID | None
    subject_ref: UUID | None

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
    """The visitors in the room, in order of check-in. `seq`: continue the stream after it (`?after=`)."""

    seq: int
    visits: list[WaitingOut]


@router.get("")
async def list_waiting(read: Reading, person: Team, centre: CentreCode) -> WaitingList:
    """The visitors who are waiting, called or being served; at most 200."""
    person.at(centre)
    # The sequence first: a change between both reads is sent again by the stream, not lost.
    known = await read.get(WaitingBoard, centre)
    rows = await in_the_room(read, centre)
    return WaitingList(seq=known.seq if known else 0, visits=[WaitingOut.of(row) for row in rows])


@router.get("/stream")
async def stream_waiting(request: Request, person: Team, centre: CentreCode) -> Response:
    """Events of the kind `waiting`, each with one visitor's current state: first all in the room, then each change.

    With `Last-Event-ID` (or `?after=`) the stream resumes after it. If that was too long ago, an event of the kind
    `reset` comes first: discard the known state.
    """
    person.at(centre)
    return live_changes(request, board(centre), changes_since(centre))


def changes_since(centre: str) -> Callable[[AsyncSession, str | None], Awaitable[list[Change]]]:
    """Returns a function that answers the changes since its last call; the first call resumes at the reader's last."""
    seen: int | None = None

    async def since(session: AsyncSession, last: str | None) -> list[Change]:
        nonlocal seen
        if seen is not None:
            changes = [_change(row) for row in await changes_after(session, centre, seen, PAGE)]
        else:
            known = await session.get(WaitingBoard, centre) or WaitingBoard(centre=centre)
            position = int(last) if last and last.isdecimal() else None
            if position is not None and known.forgotten <= position <= known.seq:
                seen = position
                return await since(session, last)
            rows = sorted(await in_the_room(session, centre, 2000), key=lambda row: row.seq)
            seen = known.seq
            changes = [_change(row) for row in rows]
            if position is not None:
                changes.insert(0, Change("0" if rows else str(known.seq), ResetEvent().model_dump()))
        seen = max([seen, *(int(change.id) for change in changes)])
        return changes

    return since


def _change(row: Waiting | Row[Any]) -> Change:
    return Change(str(row.seq), WaitingEvent.of(row).model_dump(mode="json"))
