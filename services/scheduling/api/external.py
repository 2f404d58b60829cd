"""The calendars that counsellors have in other programs: entered, read, removed, by themselves and their managers."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, Working, allow
from services.contracts.envelope import StaffCode
from services.contracts.roles import Role
from services.contracts.text import Local
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.actions.external import (
    CalendarState,
    calendar_state,
    read_soon,
    remove_calendar,
    set_calendar,
)
from services.scheduling.api.roles import PREFIX
from services.scheduling.settings import calendar_encryption, calendar_hosts_of

router = Router(f"{PREFIX}/counsellors", tags=["counsellors"])
Staff = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]


class CalendarAddress(Body):
    """Where another program publishes the counsellor's calendar."""

    address: Local = Field(
        description="An `https:` or `webcal:` address of an iCalendar (RFC 5545). It is kept encrypted, and no answer "
        "has it."
    )


class OtherCalendarOut(BaseModel):
    """A counsellor's calendar in another program. Nothing of it is kept but when it is busy."""

    site: str | None = Field(description="The site in its address. null: the address can no longer be read.")
    asked_at: datetime | None = Field(description="When it was last asked.")
    fetched_at: datetime | None = Field(description="When it was last there.")
    failed: str | None = Field(description="Why it could not be read when it was last asked.")
    busy_times: int | None = Field(description="How many are to come. null: none are known.")
    unread: int = Field(description="How many of its entries could not be read.")

    @classmethod
    def of(cls, state: CalendarState) -> Self:
        """The response for a calendar."""
        return cls.model_validate(state, from_attributes=True)


@router.get("/{code}/other-calendar")
async def get_other_calendar(code: StaffCode, read: Reading, running: Running, person: Staff) -> OtherCalendarOut:
    """How it stands with the counsellor's other calendar."""
    await centres_kept(read, person, code)
    return await _state(read, running, code)


@router.put("/{code}/other-calendar")
async def set_other_calendar(
    code: StaffCode, body: CalendarAddress, work: Working, running: Running, person: Staff
) -> OtherCalendarOut:
    """Enter the address of the counsellor's other calendar, instead of the one before. It is read in a moment."""
    await centres_kept(work.session, person, code)
    await set_calendar(work, code, body.address, calendar_encryption(running), calendar_hosts_of(running))
    await work.session.flush()
    return await _state(work.session, running, code)


@router.post("/{code}/other-calendar/read")
async def read_other_calendar(code: StaffCode, work: Working, running: Running, person: Staff) -> OtherCalendarOut:
    """Have the other calendar read in a moment, and not only when its turn comes."""
    await centres_kept(work.session, person, code)
    await read_soon(work, code)
    return await _state(work.session, running, code)


@router.delete("/{code}/other-calendar", status_code=204)
async def remove_other_calendar(code: StaffCode, work: Working, person: Staff) -> None:
    """Remove the other calendar. What is booked stays, and its busy times are free again."""
    await centres_kept(work.session, person, code)
    await remove_calendar(work, code)


async def _state(session: AsyncSession, running: Runtime, code: str) -> OtherCalendarOut:
    state = await calendar_state(session, code, calendar_encryption(running), running.clock())
    if state is None:
        raise NotFound(what=msg("calendar"))
    return OtherCalendarOut.of(state)
