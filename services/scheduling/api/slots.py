"""When counsellors are free. The fields are those of FHIR's resource Slot (R4): schedule, status, start, end."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Literal, Self

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import centre_copies, centre_in, check_area
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, Running
from services.contracts.arrivals import Language
from services.contracts.envelope import StaffCode
from services.contracts.text import Key, Line
from services.contracts.values import Day, Whole
from services.scheduling.actions.counsellors import check_counsellor_of
from services.scheduling.api.roles import PREFIX, Counsellor
from services.scheduling.domain import refusals, rules, times
from services.scheduling.settings import horizon_of
from services.scheduling.store import Centre
from services.scheduling.store.slots import FreeTime, Search, calendars_of, free_times

router = Router(PREFIX, tags=["slots"])
_AT = "%Y%m%dT%H%MZ"


class Schedule(BaseModel):
    """Whose time it is, as FHIR's Reference: the calendar of a counsellor at a centre."""

    reference: str = Field(description="`Schedule/`, the centre's code, a dot, the counsellor's code.")


class Slot(BaseModel):
    """A time at which a counsellor is free for an interview of the length that was asked for.

    Slots of one counsellor overlap: an interview can begin on any quarter-hour.
    """

    id: str = Field(description="For `after`.")
    schedule: Schedule
    status: Literal["free"] = "free"
    start: datetime
    end: datetime
    centre: str
    counsellor: str
    minutes: int

    @classmethod
    def of(cls, one: FreeTime, minutes: int) -> Self:
        """The slot of a free time."""
        return cls(
            id=f"{one.centre}.{one.counsellor}.{one.starts_at:{_AT}}",
            schedule=Schedule(reference=f"Schedule/{one.centre}.{one.counsellor}"),
            start=one.starts_at,
            end=one.starts_at + timedelta(minutes=minutes),
            centre=one.centre,
            counsellor=one.counsellor,
            minutes=minutes,
        )


@router.get("/slots")
async def list_slots(
    read: Reading,
    running: Running,
    person: Counsellor,
    centre: Annotated[Sequence[Key], Query(max_length=50, description="The caller's own, if omitted.")] = (),
    counsellor: Annotated[StaffCode | None, Query(description="All of the centres, if omitted.")] = None,
    area: Annotated[Key | None, Query(description="Only counsellors who advise in this area.")] = None,
    language: Annotated[
        Language | None, Query(description="Only who speaks it; French, if none is entered: ISO 639.")
    ] = None,
    minutes: Annotated[int, Whole()] = 60,
    since: Annotated[Day | None, Query(alias="from", description="First local day; today, if omitted.")] = None,
    until: Annotated[Day | None, Query(description="Last local day, included; six days later, if omitted.")] = None,
    after: Annotated[Line | None, Query(description="The id of the last slot of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 200,
) -> list[Slot]:
    """When the counsellors of these centres are free for an interview of this length, in order of time.

    At most 31 days at once. The times are those that can be booked: within opening and working hours, outside
    absences, with the notice and up to the horizon of the centre.
    """
    rules.check_length(minutes)
    chosen = await _centres(read, person, centre, area)
    if not chosen:
        return []
    now = running.clock()
    if counsellor is not None:
        await check_counsellor_of(read, [one.code for one in chosen], counsellor)
    zone = chosen[0].zone
    first = since or now.astimezone(zone).date()
    last = until or first + timedelta(days=6)
    rules.check_span(first, last)
    times.check_horizon(times.local_day(first, zone)[0], now, horizon_of(running), zone, "from")
    calendars = await calendars_of(read, chosen, counsellor=counsellor, area=area, language=language)
    search = Search(first, last, minutes, now, horizon_of(running))
    found = await free_times(read, chosen, calendars, search)
    return [Slot.of(one, minutes) for one in islice(found.in_order(_cursor(after)), limit)]


async def _centres(session: AsyncSession, person: Person, codes: Sequence[str], area: str | None) -> list[Centre]:
    """The centres of the request that work in this area. Raises `WrongCentre`, `UnknownCentre`, `AreaNotServed`."""
    copies = await centre_copies(session, Centre)
    own = sorted(person.centres) or sorted(code for code in copies if person.works_at(code))
    chosen = [centre_in(copies, person.at(code)) for code in dict.fromkeys(codes or own)]
    served = [one for one in chosen if area is None or area in one.areas]
    if not served:
        check_area(area, ", ".join(one.code for one in chosen), sorted({area for one in chosen for area in one.areas}))
    return served


def _cursor(id: str | None) -> FreeTime | None:
    """The free time of a slot's id. Raises `UnknownSlot`."""
    if id is None:
        return None
    try:
        centre, rest = id.split(".", 1)
        counsellor, at = rest.rsplit(".", 1)
        return FreeTime(datetime.strptime(at, _AT).replace(tzinfo=UTC), counsellor, centre)
    except ValueError:
        raise refusals.UnknownSlot() from None
