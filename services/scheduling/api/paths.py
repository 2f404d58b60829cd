"""Paths: opened, given up, reopened."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Body, Reading, Router, Running, Working
from services.contracts.envelope import StaffCode
from services.contracts.scheduling import Method, PathOutcome
from services.contracts.text import Key
from services.contracts.values import Whole, YesNo
from services.scheduling.actions import paths, reopening, stopping
from services.scheduling.api.interviews import InterviewOut
from services.scheduling.api.roles import PREFIX, CentreCode, Change, Counsellor
from services.scheduling.claims import staff_code
from services.scheduling.domain.paths import ReopenReason
from services.scheduling.settings import answer_of
from services.scheduling.store import GuidancePath
from services.scheduling.store.finalising import finals_booked, finals_to_book
from services.scheduling.store.interviews import on_path

router = Router(PREFIX, tags=["interviews"])


class NewPath(Body):
    """An individual path for a registered visitor."""

    subject_ref: UUID
    centre: CentreCode
    area: Key | None = None


class GivenUp(Change):
    """The end of a path without a plan."""

    free_booked: YesNo = Field(
        False,
        description="Cancel what is booked on it for later, and release the seat in its workshop. Without it, such a "
        "path is not closed.",
    )


class Reopening(Change):
    """Why a path that was given up goes on."""

    reason: ReopenReason


class PathOut(BaseModel):
    """A person's path, with its interviews in order of time."""

    id: UUID
    version: int
    subject_ref: UUID | None
    centre: str
    area: str | None
    method: Method
    opened_at: datetime
    workshop_id: UUID | None
    finalising_due_at: datetime | None
    closed_at: datetime | None
    closed_because: PathOutcome | None
    interviews: list[InterviewOut] = []


class DueOut(BaseModel):
    """A collective path whose finalising session is due. `counsellors`: with whom it is booked, else facilitators."""

    id: UUID
    subject_ref: UUID
    due_since: datetime
    workshop_id: UUID
    title: str
    first_at: datetime
    last_at: datetime
    counsellors: list[str]
    interview_id: UUID | None
    starts_at: datetime | None
    minutes: int | None


@router.post("/paths", status_code=201)
async def open_path(body: NewPath, work: Working, person: Counsellor) -> PathOut:
    """Open an individual path."""
    person.at(body.centre)
    path = await paths.open_path(work, body.subject_ref, body.centre, body.area)
    return PathOut.model_validate(path.model_dump())


@router.get("/paths/due")
async def list_due(
    read: Reading,
    person: Counsellor,
    centre: CentreCode,
    counsellor: Annotated[
        StaffCode | None, Query(description="Only those of this facilitator; booked ones: with this counsellor.")
    ] = None,
    booked: Annotated[
        YesNo, Query(description="Those that are booked and not held, instead of those to book.")
    ] = False,
    after: Annotated[UUID | None, Query(description="The last path of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 100,
) -> list[DueOut]:
    """The collective paths of a centre whose finalising session is due and not held, the longest due first."""
    listed = finals_booked if booked else finals_to_book
    rows = await listed(read, person.at(centre), counsellor, after, limit)
    return [DueOut.model_validate(row, from_attributes=True) for row in rows]


@router.get("/paths/{id}")
async def get_path(id: UUID, read: Reading, person: Counsellor) -> PathOut:
    """One path with its interviews."""
    path = own(await read.get(GuidancePath, id), person, msg("path"))
    interviews = [InterviewOut.of(interview) for interview in await on_path(read, id)]
    return PathOut.model_validate(path.model_dump() | {"interviews": interviews})


@router.post("/paths/{id}/give-up")
async def give_up_path(id: UUID, body: GivenUp, work: Working, running: Running, person: Counsellor) -> PathOut:
    """Close a path that the visitor gives up; they may open another one.

    What is booked on it for later is cancelled with `free_booked`, and the seat in its workshop released and offered to
    the next person; without it, the refusal has them in `booked`.
    """
    # Read without a lock: the workshop is locked before the path.
    own(await work.session.get(GuidancePath, id), person, msg("path"))
    freed = None if body.free_booked else ()
    by, answer = staff_code(person), answer_of(running)
    path = await stopping.give_up(work, id, body.version, freed=freed, by=by, answer=answer)
    return PathOut.model_validate(path.model_dump())


@router.post("/paths/{id}/reopen")
async def reopen_path(id: UUID, body: Reopening, work: Working, person: Counsellor) -> PathOut:
    """Reopen a path that was given up. What its end freed stays free."""
    own(await work.session.get(GuidancePath, id), person, msg("path"))
    path = await reopening.reopen(work, id, body.reason, body.version, staff_code(person))
    return PathOut.model_validate(path.model_dump())
