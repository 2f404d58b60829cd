"""Impact's JSON API: public figures of whole months for everyone, exact ones of any period for people with a role."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.chassis.i18n import translate
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Body, Csv, Reading, Router, Running, Working, allow, anyone
from services.chassis.web.csv_files import ForExcel, csv_file
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Day, YesNo
from services.impact import actions
from services.impact.actions import ReadForm
from services.impact.domain import Figures, Months, PeopleReport, Period, Report, WorkshopReport, names_of
from services.impact.store import published_months

router = Router("/impact/api/v1", tags=["impact"])
routers = (router,)
Anyone = Annotated[Person | None, anyone]
Insider = Annotated[Person, allow(Role.MANAGER, region_wide=[Role.OPERATOR])]
Region = Annotated[Person, allow(region_wide=[Role.MANAGER, Role.OPERATOR])]
SinceMonth = Annotated[Key, Query(alias="from", description="First month, included, like 2017-01.")]
UntilMonth = Annotated[Key, Query(alias="to", description="Last month, included, like 2017-09.")]
Since = Annotated[Day, Query(alias="from", description="First day, included.")]
Until = Annotated[Day, Query(alias="to", description="Last day, included.")]
Codes = Annotated[Sequence[Key], Query(max_length=50)]
Row = dict[str, Any]

LABELS = {
    "centre": msg("Centre"),
    "month": msg("Month"),
    "visitors": msg("Visits"),
    "individual_interviews": msg("Individual interviews"),
    "guidance_interviews": msg("Of which guidance interviews"),
    "workshop_attendances": msg("Workshop attendances"),
    "plans_confirmed": msg("Plans confirmed"),
    "referrals": msg("Referrals to a provider"),
    "referrals_completed": msg("Of which completed referrals"),
    "withheld": msg("A part is not published"),
}
"""The names of the columns, for people."""


class Counts(BaseModel):
    """The figures of a period; `null`: not published. Filtered by area, those without an area are missing."""

    visitors: int | None
    individual_interviews: int | None
    guidance_interviews: int | None
    workshop_attendances: int | None = None
    plans_confirmed: int | None = None
    referrals: int | None
    referrals_completed: int | None = None
    withheld: list[str] = Field(
        default_factory=list, description="Figures of which a part is not published; missing in exact figures."
    )


class OfCentre(Counts):
    """The figures of a centre."""

    centre: str
    name: str


class OfMonth(Counts):
    """The figures of a month, like 2017-01."""

    month: str


class OfCentreAndMonth(OfMonth):
    """The figures of a centre in a month."""

    centre: str


class ExactFigures(Counts):
    """The figures of a period: in total, per centre, per month, and per centre and month."""

    since: str = Field(alias="from")
    until: str = Field(alias="to")
    by_centre: list[OfCentre]
    by_month: list[OfMonth]
    by_centre_and_month: list[OfCentreAndMonth]


class HeldInterviews(BaseModel):
    """The interviews of one mode, next step or answer (`not-offered`, `offered`, `taken`). `code` null: not stated."""

    code: str | None
    information: int
    guidance: int


class ExactReport(ExactFigures):
    """The exact figures, with people, workshops, and interviews by mode and outcome; of an area these are missing."""

    people: PeopleReport | None = None
    workshops: WorkshopReport | None = None

    by_mode: list[HeldInterviews] = []
    by_next_step: list[HeldInterviews] = []
    by_guidance_offer: list[HeldInterviews] = []


class PublishedFigures(ExactFigures):
    """The published figures of a period. `months`: those of it that were published."""

    months: list[str]


class Published(BaseModel):
    """The months that were published."""

    published: list[str]


class Publishing(Body):
    """The months to publish now, first and last included, like 2017-01."""

    since: Key
    until: Key
    after_restore: YesNo = False


@router.get("/figures", response_model=PublishedFigures, response_model_exclude_unset=True)
async def figures(
    read: Reading, person: Anyone, since: SinceMonth, until: UntilMonth, centre: Codes = (), area: Codes = ()
) -> Row:
    """The published figures of whole months: in total, per centre, per month, and per centre and month.

    `months` has the published months of the period. Numbers from 1 to 4 are not published, nor are others from which
    they could be calculated. `withheld` names the figures of which a part is not published: the number is then the sum
    of the published parts, and `null` if there are none. Published figures do not change with each late event.

    Filtered by `area`, the figures without an area are omitted: workshop attendances, plans, completed referrals.
    """
    months = Months(since, until)
    names, made = await actions.public_report(read, months, centre, area)
    published = [month for month in await published_months(read) if since <= month <= until]
    return {"from": since, "to": until, "months": published} | _report(made, names, bool(area), public=True)


@router.get("/figures.csv", response_class=Csv)
async def figures_csv(
    *,
    read: Reading,
    person: Anyone,
    since: SinceMonth,
    until: UntilMonth,
    centre: Codes = (),
    area: Codes = (),
    excel: ForExcel = False,
) -> Response:
    """The published figures as CSV, one row per centre and month.

    The column `withheld` names the figures of which a part is not published; a field is empty if no part of it is.
    """
    names, made = await actions.public_report(read, Months(since, until), centre, area)
    columns = [*names_of(filtered_by_area=bool(area)), "withheld"]
    return _csv(f"{since}-{until}", columns, _cells(made, bool(area), public=True), names if excel else None)


@router.get("/figures/exact", response_model=ExactReport, response_model_exclude_unset=True)
async def exact_figures(
    read: Reading,
    running: Running,
    person: Insider,
    since: Since,
    until: Until,
    centre: Codes = (),
    area: Codes = (),
) -> Row:
    """The exact figures of any period, small numbers included. Without `centre`: of all centres that are yours.

    Information and guidance interviews are counted apart by mode, next step and guidance offer, people apart from
    interviews, and workshops with their sessions and seats; these have no area. Who comes in two months, or to two
    centres, counts in both.
    Each request is logged: who, when, which period, centres and areas.
    """
    names, made = await _exact(read, running, person, ReadForm.JSON, Period(since, until), centre, area)
    figures = {"from": since.isoformat(), "to": until.isoformat()} | _report(made, names, bool(area), public=False)
    return figures if area else figures | await _interviews(read, person, Period(since, until), centre)


@router.get("/figures/exact.csv", response_class=Csv)
async def exact_figures_csv(
    *,
    read: Reading,
    running: Running,
    person: Insider,
    since: Since,
    until: Until,
    centre: Codes = (),
    area: Codes = (),
    excel: ForExcel = False,
) -> Response:
    """The exact figures as CSV, one row per centre and month. Each request is logged."""
    names, made = await _exact(read, running, person, ReadForm.CSV, Period(since, until), centre, area)
    columns, rows = names_of(filtered_by_area=bool(area)), _cells(made, bool(area), public=False)
    return _csv(f"exact-{since}-{until}", columns, rows, names if excel else None)


@router.post("/publications")
async def publish(work: Working, person: Region, body: Publishing) -> Published:
    """Publish months that have ended now, for example after an import. Returns those that have counts.

    Each month is published once by itself, some days after its end. What was counted later follows once a year; here it
    follows at once, unless it is too small. `after_restore`: also months that may have been published with other
    numbers before the database was restored.
    """
    months = Months(body.since, body.until)
    return Published(published=await actions.publish_months(work, months, after_restore=body.after_restore))


async def _exact(
    read: Reading,
    running: Running,
    person: Person,
    form: ReadForm,
    period: Period,
    centres: Sequence[str],
    areas: Sequence[str],
) -> tuple[dict[str, str], Report]:
    """The names and the report, once its reading is logged."""
    chosen = actions.centres_for(person, centres)
    made = await actions.exact_report(read, period, chosen, areas)
    await actions.log_read(running.store, person, form, period, chosen, areas)
    return made


async def _interviews(read: Reading, person: Person, period: Period, centres: Sequence[str]) -> Row:
    """The people, the workshops, and the interviews by mode and outcome, as JSON."""
    chosen = actions.centres_for(person, centres)
    found = await actions.exact_interviews(read, period, chosen)
    people, workshops = await actions.exact_attended(read, period, chosen)
    lists = {"by_mode": found.by_mode, "by_next_step": found.by_next_step, "by_guidance_offer": found.by_guidance}
    return {"people": asdict(people), "workshops": asdict(workshops)} | {
        name: [{"code": row.code or None, "information": row.information, "guidance": row.guidance} for row in rows]
        for name, rows in lists.items()
    }


def _report(made: Report, names: dict[str, str], filtered: bool, *, public: bool) -> Row:
    """The report as JSON."""
    return {
        **_named(made.total, filtered, public),
        "by_centre": [
            {"centre": code, "name": names.get(code, code), **_named(f, filtered, public)}
            for code, f in sorted(made.by_centre.items())
        ],
        "by_month": [{"month": month, **_named(f, filtered, public)} for month, f in sorted(made.by_month.items())],
        "by_centre_and_month": list(_cells(made, filtered, public=public)),
    }


def _cells(made: Report, filtered: bool, *, public: bool) -> Iterator[Row]:
    for code, months in sorted(made.by_centre_and_month.items()):
        for month, f in sorted(months.items()):
            yield {"centre": code, "month": month, **_named(f, filtered, public)}


def _named(figures: Figures, filtered: bool, public: bool) -> Row:
    names = names_of(filtered_by_area=filtered)
    numbers: Row = {name: figures.number(name) for name in names}
    return numbers | ({"withheld": [name for name in names if name in figures.withheld]} if public else {})


def _csv(name: str, figures: list[str], rows: Iterator[Row], centres: dict[str, str] | None) -> Response:
    """The rows as CSV. `centres`: the names of the centres, for a Belgian Excel; None: codes, for programs."""
    labels = {column: LABELS[column] for column in ("centre", "month", *figures)}
    return csv_file(name, labels, (_row(row, centres) for row in rows), excel=centres is not None)


def _row(row: Row, centres: dict[str, str] | None) -> Row:
    """A row of CSV, with names for codes if the names of the centres are given."""
    withheld = row.get("withheld", ())
    if centres is None:
        return row | {"withheld": " ".join(withheld)} if "withheld" in row else row
    shown = ", ".join(translate(LABELS[name]) for name in withheld)
    return (
        row | {"centre": centres.get(row["centre"], row["centre"])} | ({"withheld": shown} if "withheld" in row else {})
    )
