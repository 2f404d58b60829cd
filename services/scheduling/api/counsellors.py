"""The counsellors of the centres: languages and areas, working hours and absences, kept by themselves and managers."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import known_centre
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Body, Once, Reading, Router, Running, Working, allow
from services.contracts.arrivals import Language
from services.contracts.directory import WEEKDAYS, ClosingTime, LocalTime, Weekday
from services.contracts.envelope import AreaCode, StaffCode
from services.contracts.roles import Role
from services.contracts.text import Line
from services.contracts.values import Day, Moment
from services.scheduling.actions import availability
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.api.roles import PREFIX, CentreCode, Change
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.changed_days import ChangedDays
from services.scheduling.store import Centre, CounsellorAbsence, CounsellorHours, CounsellorProfile
from services.scheduling.store.availability import absences_between, profiles_of
from services.scheduling.store.counsellors import StaffMember, counsellor_names, counsellors_of
from services.scheduling.store.hours import hours_of

router = Router(f"{PREFIX}/counsellors", tags=["counsellors"])
Staff = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]


class Row(Body):
    """Hours on the days of a weekly rule, in the local time of the centre."""

    starts_on: Day = Field(description="The first day from which the rule counts (DTSTART).")
    rrule: Line = Field(
        description="RFC 5545: FREQ=WEEKLY with INTERVAL, BYDAY, and UNTIL (a date) or COUNT; without BYDAY, the "
        "weekday of `starts_on`."
    )
    begins: LocalTime = Field(description="On a quarter-hour.")
    ends: ClosingTime = Field(description="On a quarter-hour of the same day, excluded; 24:00 is the end of the day.")
    except_on: list[Day] = Field([], max_length=100, description="Days on which they do not count (EXDATE).")

    def hours(self, zone: ZoneInfo) -> WorkingHours:
        """The working hours. Raises what `WorkingHours` raises."""
        return WorkingHours(self.starts_on, self.rrule, self.begins, self.ends, frozenset(self.except_on), zone)


class Span(Body):
    """A beginning and an end, in the local time of the centre."""

    begins: LocalTime = Field(description="On a quarter-hour.")
    ends: ClosingTime = Field(description="On a quarter-hour of the same day, excluded; 24:00 is the end of the day.")


class OtherDays(Body):
    """Days on which other hours count than the rows, or none: a different week, a Saturday."""

    first: Day
    last: Day = Field(description="Included; at most 371 days after the first.")
    weekdays: list[Weekday] = Field([], max_length=7, description="Only these of them. None: all.")
    spans: list[Span] = Field(max_length=6, description="The hours of these days. None: no hours.")

    def changed(self, zone: ZoneInfo) -> ChangedDays:
        """The changed days. Raises what `ChangedDays` raises."""
        weekdays = tuple(number for number, name in enumerate(WEEKDAYS) if name in self.weekdays)
        return ChangedDays(self.first, self.last, weekdays, tuple((one.begins, one.ends) for one in self.spans), zone)


class Hours(Change):
    """All working hours of a counsellor at a centre, from now on. None: the opening hours of the centre count."""

    rows: list[Row] = Field(max_length=100)
    changes: list[OtherDays] | None = Field(
        None,
        max_length=100,
        description="All days with other hours than the rows. Missing: those that are entered stay, unless there are "
        "no rows. Those that ended more than 30 days ago are deleted.",
    )


class Profile(Change):
    """What a counsellor offers. No languages: not entered yet, French is assumed. No areas: all of the centre's."""

    languages: list[Language] = Field(max_length=60, description="Codes of ISO 639.")
    areas: list[AreaCode] = Field(max_length=20)


class NewAbsence(Body):
    """An absence from all centres. No reason is kept."""

    starts_at: Moment = Field(description="On a quarter-hour.")
    ends_at: Moment = Field(description="On a quarter-hour, excluded.")


class CounsellorOut(BaseModel):
    """A counsellor with whom the centre books."""

    code: str
    name: str
    languages: list[str]
    areas: list[str]

    @classmethod
    def of(cls, one: StaffMember, profile: CounsellorProfile | None) -> Self:
        """The response for a counsellor."""
        offered = profile or CounsellorProfile(counsellor=one.code)
        return cls(code=one.code, name=one.name, languages=offered.languages, areas=offered.areas)


class RowOut(BaseModel):
    """Hours on the days of a weekly rule."""

    starts_on: date
    rrule: str
    begins: str
    ends: str
    except_on: list[date]


class SpanOut(BaseModel):
    """A beginning and an end."""

    begins: str
    ends: str


class OtherDaysOut(BaseModel):
    """Days on which other hours count than the rows, or none."""

    first: date
    last: date
    weekdays: list[str]
    spans: list[SpanOut]


class HoursOut(BaseModel):
    """The working hours at a centre. `version` 0: none were entered yet."""

    centre: str
    version: int
    rows: list[RowOut]
    changes: list[OtherDaysOut]

    @classmethod
    def of(cls, centre: str, kept: CounsellorHours | None) -> Self:
        """The response for a centre."""
        return cls.model_validate((kept or CounsellorHours(counsellor="", centre=centre, version=0)).model_dump())


class AbsenceOut(BaseModel):
    """An absence from all centres."""

    id: UUID
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, absence: CounsellorAbsence) -> Self:
        """The response for an absence."""
        return cls.model_validate(absence, from_attributes=True)


class AvailabilityOut(CounsellorOut):
    """When a counsellor can be booked. `version`: of languages and areas."""

    version: int
    hours: list[HoursOut]
    absences: list[AbsenceOut] = Field(description="Those that are not over.")


@router.get("")
async def list_counsellors(read: Reading, person: Staff, centre: CentreCode) -> list[CounsellorOut]:
    """The counsellors with whom a centre books, in the order of their names."""
    team = await counsellors_of(read, person.at(centre))
    profiles = await profiles_of(read, [one.code for one in team])
    return [CounsellorOut.of(one, profiles.get(one.code)) for one in team]


@router.get("/{code}")
async def get_counsellor(code: StaffCode, read: Reading, running: Running, person: Staff) -> AvailabilityOut:
    """When a counsellor can be booked, for themselves and their managers."""
    return await _availability(read, code, await centres_kept(read, person, code), running.clock())


@router.put("/{code}")
async def set_profile(
    code: StaffCode, body: Profile, work: Working, running: Running, person: Staff
) -> AvailabilityOut:
    """Set the languages and areas of a counsellor."""
    centres = await centres_kept(work.session, person, code)
    await availability.set_profile(work, code, body.languages, body.areas, body.version)
    await work.session.flush()
    return await _availability(work.session, code, centres, running.clock())


@router.put("/{code}/hours/{centre}")
async def set_hours(code: StaffCode, centre: CentreCode, body: Hours, work: Working, person: Staff) -> HoursOut:
    """Set the working hours of a counsellor at a centre. What is booked outside them stays."""
    if centre not in await centres_kept(work.session, person, code):
        raise NotFound(what=msg("centre"))
    zone = (await known_centre(work.session, Centre, centre)).zone
    rows = [row.hours(zone) for row in body.rows]
    changes = [one.changed(zone) for one in body.changes] if body.changes is not None else None
    return HoursOut.of(centre, await availability.set_hours(work, code, centre, rows, body.version, changes))


@router.post("/{code}/absences", status_code=201)
async def add_absence(code: StaffCode, body: NewAbsence, id: Once, work: Working, person: Staff) -> AbsenceOut:
    """Enter an absence, once for all centres. Nothing can be booked in it; what is booked stays."""
    centres = await centres_kept(work.session, person, code)
    zone = (await known_centre(work.session, Centre, centres[0])).zone
    return AbsenceOut.of(await availability.add_absence(work, id, code, body.starts_at, body.ends_at, zone))


@router.delete("/{code}/absences/{id}", status_code=204)
async def remove_absence(code: StaffCode, id: UUID, work: Working, person: Staff) -> None:
    """Remove an absence: its time can be booked again."""
    await centres_kept(work.session, person, code)
    await availability.remove_absence(work, code, id)


async def _availability(session: AsyncSession, code: str, centres: list[str], now: datetime) -> AvailabilityOut:
    names, kept = await counsellor_names(session, [code]), await hours_of(session, code)
    profile = (await profiles_of(session, [code])).get(code)
    basic = CounsellorOut.of(StaffMember(code, names[code]), profile)
    return AvailabilityOut(
        **basic.model_dump(),
        version=profile.version if profile is not None else 0,
        hours=[HoursOut.of(centre, kept.get(centre)) for centre in centres],
        absences=[AbsenceOut.of(one) for one in await absences_between(session, [code], now)],
    )
