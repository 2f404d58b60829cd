"""A visit's place in the queue: on hold, back, transferred, with priority; and the end of the day."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.chassis.copies.centres import known_centre
from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Body, Router, Working
from services.contracts.arrivals import Language
from services.contracts.envelope import StaffCode
from services.contracts.text import Key
from services.contracts.values import Moment
from services.intake.actions import corrections, queue
from services.intake.actions.end_of_day import close_today
from services.intake.actions.reopening import reopen_today
from services.intake.api.visits import ClosedOut, CloseEarlier, Step, Team, TeamVisitOut
from services.intake.domain import Need
from services.intake.domain.queue import Priority
from services.intake.store import Centre, Visit

router = Router("/intake/api/v1", tags=["intake"])


class Transfer(Step):
    """Who alone is to call the visitor. Nothing named: any desk."""

    area: Key | None = None
    desk: StaffCode | None = None
    counsellor: StaffCode | None = Field(None, description="The counsellor's code in the calendar.")
    from_desk: StaffCode | None = Field(
        None,
        description="The desk that transfers: to an area alone, it does not call the visitor next. By default "
        "the one that called the visitor.",
    )


class NeedsChange(Step):
    """What is to be prepared for the visitor; nothing named: nothing."""

    interpreter_language: Language | None = Field(None, description="Its code of ISO 639. Kept until the visit ends.")
    needs: list[Need] = Field([], max_length=len(Need), description="Kept until the visit ends, and in no event.")


class PriorityChange(Step):
    """Why the visitor is called before the others; null: they are not, or no longer."""

    priority: Priority | None


class DayClosedOut(ClosedOut):
    """How many visits were closed, and when."""

    closed_at: datetime = Field(description="The `ended_at` of each. Names this closing in `/reopen-today`.")


class ReopenToday(Body):
    """Which closing of a centre's day is taken back."""

    centre: Key
    closed_at: Moment = Field(description="As `/close-today` answered.")


class ReopenedOut(BaseModel):
    """The visits that are open again, and those that were changed after the closing and are not."""

    reopened: list[UUID]
    changed: list[UUID]


@router.post("/visits/close-today")
async def close_today_(body: CloseEarlier, work: Working, person: Team) -> DayClosedOut:
    """Close the day: end the visits of today that nobody ended; `end-of-day` is then their `closed_by`."""
    centre = await known_centre(work.session, Centre, person.at(body.centre))
    return DayClosedOut(closed=await close_today(work, centre), closed_at=work.now)


@router.post("/visits/reopen-today")
async def reopen_today_(body: ReopenToday, work: Working, person: Team) -> ReopenedOut:
    """Take back a closing of the day that was a mistake, at most 30 minutes ago: each visit is at its old place.

    Not a visit that was changed since. What was to be prepared was deleted: enter it again with `/needs`.
    """
    centre = await known_centre(work.session, Centre, person.at(body.centre))
    done = await reopen_today(work, centre, body.closed_at)
    return ReopenedOut(reopened=[one.id for one in done.opened], changed=[one.id for one in done.changed])


@router.post("/visits/{id}/hold")
async def hold(id: UUID, body: Step, work: Working, person: Team) -> TeamVisitOut:
    """Put the visitor on hold: waiting, not called, the place kept."""
    own(await work.find(Visit, id), person, msg("visit"))
    return TeamVisitOut.of(await queue.hold(work, id, body.version))


@router.post("/visits/{id}/return")
async def come_back(id: UUID, body: Step, work: Working, person: Team) -> TeamVisitOut:
    """The visitor is back at their old place: from hold, or after a departure that was recorded by mistake.

    After an end that was recorded by mistake, at most 30 minutes ago, the visitor is at the desk again. What was to be
    prepared was deleted at the end: enter it again with `/needs`.
    """
    own(await work.find(Visit, id), person, msg("visit"))
    return TeamVisitOut.of(await queue.come_back(work, id, body.version))


@router.post("/visits/{id}/transfer")
async def transfer(id: UUID, body: Transfer, work: Working, person: Team) -> TeamVisitOut:
    """The visitor waits, at their old place, for another area, desk or counsellor."""
    own(await work.find(Visit, id), person, msg("visit"))
    to = queue.Destination(body.area, body.desk, body.counsellor)
    return TeamVisitOut.of(await queue.transfer(work, id, to, body.version, by=body.from_desk))


@router.post("/visits/{id}/priority")
async def prioritise(id: UUID, body: PriorityChange, work: Working, person: Team) -> TeamVisitOut:
    """Call the visitor before the others, for one of these reasons; or no longer."""
    own(await work.find(Visit, id), person, msg("visit"))
    return TeamVisitOut.of(await queue.prioritise(work, id, body.priority, body.version))


@router.post("/visits/{id}/needs")
async def correct_needs(id: UUID, body: NeedsChange, work: Working, person: Team) -> TeamVisitOut:
    """Replace what is to be prepared for a visitor who is waiting, called or at the desk."""
    own(await work.find(Visit, id), person, msg("visit"))
    language = body.interpreter_language
    return TeamVisitOut.of(await corrections.correct_needs(work, id, language, body.needs, body.version))
