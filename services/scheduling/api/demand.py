"""How a centre's time and what is asked of it fit together, as `pages.demand` shows it: as JSON, and as files."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import known_centre
from services.chassis.i18n import translate as _
from services.chassis.i18n import word_of
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Csv, Reading, Router, Running, allow
from services.chassis.web.csv_files import ForExcel, csv_file
from services.contracts.appointments import AppointmentMode
from services.contracts.roles import Role
from services.contracts.text import Key
from services.scheduling.actions.demand import Demand, demand_of
from services.scheduling.api.roles import PREFIX
from services.scheduling.domain.demand import FEWEST, CounsellorLoad, Delay, Load, NoShows, WeekFigures
from services.scheduling.store import Centre
from services.scheduling.store.counsellors import counsellor_names

router = Router(PREFIX, tags=["demand"])
Insider = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]
OfCentre = Annotated[Key, Query(description="Code of the centre, for example `liege`.")]
TOO_FEW = f"Null where there are fewer than {FEWEST} cases, or where such a figure could be computed from it."


class Part(StrEnum):
    """A table of the page."""

    WEEKS = "weeks"
    COUNSELLORS = "counsellors"
    DELAYS = "delays"
    NO_SHOWS = "no-shows"


class WeekOut(BaseModel, from_attributes=True):
    """A week of ISO 8601, by the centre's clock. Slots are of 60 minutes."""

    iso: str = Field(description="For example `2026-W10`.")
    monday: str = Field(description="Its first day.")
    coming: bool = Field(description="This week, or a later one.")
    appointments: int = Field(description="Guidance interviews: booked, held or missed; not the cancelled ones.")
    walk_ins: int = Field(description="Information interviews with people without an appointment.")
    waitlisted: int = Field(description="People on the waitlists of workshops that begin in the week.")
    demand: int = Field(description="Slots: the time of these interviews, rounded up, and one for each on a waitlist.")
    open_slots: int = Field(description="Slots in the working time of the counsellors, free or taken, rounded down.")
    expected: int = Field(description="`demand`; of a coming week the median of the past ones, if that is more.")
    more: int = Field(description="Slots that are missing: `expected` less `open_slots`, from 0.")

    @classmethod
    def of(cls, one: WeekFigures) -> Self:
        """The figures of a week."""
        return cls.model_validate(_week(one))


class LoadOut(BaseModel, from_attributes=True):
    """The time of a counsellor at the centre, in minutes."""

    worked: int | None = Field(description="Within the working hours, without absences. Null: none are entered.")
    booked: int = Field(description="Interviews and sessions of workshops.")
    share: float | None = Field(description="`booked` divided by `worked`; null where there is no working time.")


class CounsellorLoadOut(BaseModel, from_attributes=True):
    """A counsellor's load in the weeks before this one, and in those from this one on."""

    code: str
    past: LoadOut
    coming: LoadOut


class DelayOut(BaseModel, from_attributes=True):
    """Days from the opening of an individual path to its first interview, held or booked."""

    cases: int | None = Field(description=TOO_FEW)
    median: int | None
    ninetieth: int | None = Field(description="The 90th percentile.")


class AreaDelayOut(DelayOut):
    """The same, of the paths of an area. Null: not stated."""

    area: str | None


class NoShowsOut(BaseModel, from_attributes=True):
    """The rate of no-shows, with its interval of 95 % by Wilson's score; from 0 to 1."""

    total: int | None = Field(description=TOO_FEW)
    missed: int | None
    rate: float | None
    low: float | None
    high: float | None


class ModeNoShowsOut(NoShowsOut):
    """The same, of the guidance interviews of a mode."""

    mode: AppointmentMode


class DemandOut(BaseModel):
    """The figures of a centre, without names of visitors."""

    centre: str
    weeks: list[WeekOut]
    counsellors: list[CounsellorLoadOut]
    delay: DelayOut
    delay_by_area: list[AreaDelayOut]
    missed_interviews: NoShowsOut
    missed_by_mode: list[ModeNoShowsOut]
    missed_sessions: NoShowsOut = Field(description="Of the sessions of workshops, by participant.")


@router.get("/demand")
async def demand(*, read: Reading, running: Running, person: Insider, centre: OfCentre) -> DemandOut:
    """Demand and open slots of eight weeks before this one and eight from it on, the load of the counsellors in them,
    the delay to the first interviews of individual paths, and the no-shows of the past weeks until now."""
    found = await demand_of(read, await known_centre(read, Centre, person.at(centre)), running.clock())
    return DemandOut(
        centre=centre,
        weeks=[WeekOut.of(one) for one in found.weeks],
        counsellors=[CounsellorLoadOut.model_validate(one) for one in found.counsellors],
        delay=DelayOut.model_validate(found.delay),
        delay_by_area=[
            AreaDelayOut.model_validate(one._asdict() | {"area": area}) for area, one in found.delay_by_area.items()
        ],
        missed_interviews=NoShowsOut.model_validate(found.missed_interviews),
        missed_by_mode=[
            ModeNoShowsOut.model_validate(one._asdict() | {"mode": mode}) for mode, one in found.missed_by_mode.items()
        ],
        missed_sessions=NoShowsOut.model_validate(found.missed_sessions),
    )


LABELS: dict[Part, dict[str, str]] = {
    Part.WEEKS: {
        "centre": msg("Centre"),
        "iso": msg("Week"),
        "monday": msg("First day"),
        "appointments": msg("Appointments"),
        "walk_ins": msg("Walk-ins"),
        "waitlisted": msg("On waitlists"),
        "demand": msg("Demand (slots)"),
        "open_slots": msg("Open slots"),
        "expected": msg("Expected demand (slots)"),
        "more": msg("Missing slots"),
    },
    Part.COUNSELLORS: {
        "centre": msg("Centre"),
        "counsellor": msg("Counsellor"),
        "period": msg("Weeks"),
        "worked": msg("Working time (min)"),
        "booked": msg("Booked time (min)"),
        "share": msg("Booked share (%)"),
    },
    Part.DELAYS: {
        "centre": msg("Centre"),
        "area": msg("Need"),
        "cases": msg("First interviews"),
        "median": msg("Median (days)"),
        "ninetieth": msg("90th percentile (days)"),
    },
    Part.NO_SHOWS: {
        "centre": msg("Centre"),
        "kind": msg("Kind"),
        "mode": msg("Mode"),
        "total": msg("Took place or missed"),
        "missed": msg("No-shows"),
        "rate": msg("Rate (%)"),
        "low": msg("From (%)"),
        "high": msg("To (%)"),
    },
}
"""The columns of each file, and their names for people."""


@router.get("/demand.csv", response_class=Csv)
async def demand_csv(
    *,
    read: Reading,
    running: Running,
    person: Insider,
    centre: OfCentre,
    part: Annotated[Part, Query(description="Which of the tables.")] = Part.WEEKS,
    excel: ForExcel = False,
) -> Response:
    """One of the tables of `GET /scheduling/api/v1/demand`, as CSV. Shares and rates are in per cent.

    Empty where `GET …/demand` has null. `all` stands for all areas or modes, `not-stated` for paths without an area.
    """
    copy = await known_centre(read, Centre, person.at(centre))
    found = await demand_of(read, copy, running.clock())
    names = await counsellor_names(read, (one.code for one in found.counsellors if excel))
    made = {
        Part.WEEKS: map(_week, found.weeks),
        Part.COUNSELLORS: _counsellors(found.counsellors, names, excel=excel),
        Part.DELAYS: _delays(found, excel=excel),
        Part.NO_SHOWS: _no_shows(found, excel=excel),
    }[part]
    labels = LABELS[part]
    rows = ({"centre": copy.name if excel else centre} | {k: v for k, v in row.items() if k in labels} for row in made)
    return csv_file(f"{centre}-{part}", labels, rows, excel=excel)


def _week(one: WeekFigures) -> dict[str, Any]:
    names = ("iso", "coming", "appointments", "walk_ins", "waitlisted", "demand", "open_slots", "expected", "more")
    return {name: getattr(one, name) for name in names} | {"monday": one.monday.isoformat()}


def _counsellors(loads: list[CounsellorLoad], names: dict[str, str], *, excel: bool) -> Iterator[dict[str, Any]]:
    past, coming = (_("before this week"), _("from this week on")) if excel else ("past", "coming")
    for one in loads:
        for period, load in ((past, one.past), (coming, one.coming)):
            yield {"counsellor": names[one.code] if excel else one.code, "period": period} | _load(load)


def _load(one: Load) -> dict[str, Any]:
    return {"worked": one.worked, "booked": one.booked, "share": _percent(one.share)}


def _delays(found: Demand, *, excel: bool) -> Iterator[dict[str, Any]]:
    yield _delay(found.delay) | {"area": _("All") if excel else "all"}
    for area, one in found.delay_by_area.items():
        stated = area_label(area) if excel and area is not None else area
        yield _delay(one) | {"area": stated or (_("Not stated") if excel else "not-stated")}


def _delay(one: Delay) -> dict[str, Any]:
    return one._asdict()


def _no_shows(found: Demand, *, excel: bool) -> Iterator[dict[str, Any]]:
    everything = _("All") if excel else "all"
    interview, session = (_("Guidance interview"), _("Workshop session")) if excel else ("guidance", "workshop-session")
    yield _rate(found.missed_interviews) | {"kind": interview, "mode": everything}
    for mode, one in found.missed_by_mode.items():
        yield _rate(one) | {"kind": interview, "mode": word_of(mode) if excel else mode.value}
    yield _rate(found.missed_sessions) | {"kind": session, "mode": everything}


def _rate(one: NoShows) -> dict[str, Any]:
    shares = {name: _percent(getattr(one, name)) for name in ("rate", "low", "high")}
    return {"total": one.total, "missed": one.missed} | shares


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)
