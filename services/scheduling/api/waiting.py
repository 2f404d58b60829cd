"""Who waits: as a list, and as a stream of what changed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
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
    """A visitor who queued. `counsellor`: who is in an interview with them."""

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
    def of(cls, row: Waiting | Row[Any]) -> "WaitingOut":
        """What there is to see of this visitor."""
        return cls.model_validate(row, from_attributes=True)


class WaitingList(BaseModel):
    """Who is in the room, first come first; `seq`: the stream goes on after it (`?after=`)."""

    seq: int
    visits: list[WaitingOut]


@router.get("")
async def list_waiting(read: Reading, person: Team, centre: CentreCode) -> WaitingList:
    """Who waits, is called or is being served; at most 200."""
    person.at(centre)
    # The number first: what changes meanwhile comes again in the stream, and is not missed.
    known = await read.get(WaitingBoard, centre)
    rows = await in_the_room(read, centre)
    return WaitingList(seq=known.seq if known else 0, visits=[WaitingOut.of(row) for row in rows])


@router.get("/stream")
async def stream_waiting(request: Request, person: Team, centre: CentreCode) -> Response:
    """Events `waiting`, each one visitor as they are now; first everybody in the room, then whoever changes.

    With `Last-Event-ID` (or `?after=`) it goes on where it broke off. An event `reset` comes first when that was too
    long ago: forget what you know.
    """
    person.at(centre)
    return live_changes(request, board(centre), changes_since(centre))


def changes_since(centre: str) -> Callable[[AsyncSession, str | None], Awaitable[list[Change]]]:
    """Answers what changed since it was last asked. The first time it looks where the reader broke off."""
    seen: int | None = None

    async def since(session: AsyncSession, last: str | None) -> list[Change]:
        nonlocal seen
        if seen is not None:
            changes = [_change(row) for row in await changes_after(session, centre, seen, PAGE)]
        else:
            known = await session.get(WaitingBoard, centre) or WaitingBoard(centre=centre)
            place = int(last) if last and last.isdecimal() else None
            if place is not None and known.forgotten <= place <= known.seq:
                seen = place
                return await since(session, last)
            rows = sorted(await in_the_room(session, centre, 2000), key=lambda row: row.seq)
            seen = known.seq
            reset = [Change(str(known.seq if not rows else 0), "reset", {})] if place is not None else []
            changes = reset + [_change(row) for row in rows]
        seen = max([seen, *(int(change.id) for change in changes)])
        return changes

    return since


def _change(row: Waiting | Row[Any]) -> Change:
    return Change(str(row.seq), "waiting", WaitingOut.of(row).model_dump(mode="json"))
