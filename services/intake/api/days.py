"""The figures of a centre's day as a file, as `pages.day` shows them."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import known_centre
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Csv, Reading, Router, Running, allow
from services.chassis.web.csv_files import ForExcel, csv_file
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Day
from services.intake.actions.days import TwoDays, two_days
from services.intake.domain.days import COUNTED, MEASURED, Figures, hours_shown
from services.intake.store import Centre

router = Router("/intake/api/v1", tags=["intake"])

Insider = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR, Role.MANAGER)]

LABELS = {
    "centre": msg("Centre"),
    "day": msg("Day"),
    "area": msg("Need"),
    "hour": msg("Hour"),
    "arrived": msg("Arrivals"),
    "waiting": msg("Waiting"),
    "with_team": msg("Called or at the desk"),
    "served": msg("Received"),
    "left": msg("Left without being received"),
    "no_queue": msg("Without a ticket"),
    "unobserved": msg("End not recorded"),
    "later": msg("Entered later"),
    "waits": msg("Measured waits"),
    "median_wait": msg("Median wait (min)"),
    "longest_wait": msg("Longest wait (min)"),
}
"""The columns, and their names for people."""
ALL, NOT_STATED = "all", "not-stated"


@router.get("/day.csv", response_class=Csv)
async def day_csv(
    *,
    read: Reading,
    running: Running,
    person: Insider,
    centre: Annotated[Key, Query(description="Code of the centre, for example `liege`.")],
    day: Annotated[Day, Query(description="Today or an earlier day of the centre.")],
    excel: ForExcel = False,
) -> Response:
    """The figures of a centre's day and of the same weekday of the week before, as CSV.

    A row for the whole day (`area` and `hour` are `all`), one for each area (`not-stated`: nobody asked), and one for
    each hour of arrival, by the centre's clock. `arrived` is the sum of `waiting` to `unobserved`; `unobserved` are the
    visits that were closed at the end of the day. `later` (recorded afterwards, or imported) and `waits` are parts of
    it. Waits are in whole minutes, of the `waits` people who were called in their turn; empty where there are none.
    """
    copy = await known_centre(read, Centre, person.at(centre))
    found = await two_days(read, copy, day, running.clock())
    rows = ({"centre": copy.name if excel else centre} | row for row in _rows(found, copy.areas, excel=excel))
    return csv_file(f"{centre}-{day}", LABELS, rows, excel=excel)


def _rows(found: TwoDays, areas: list[str], *, excel: bool) -> Iterator[dict[str, Any]]:
    everything = _("All") if excel else ALL
    hours = hours_shown(*found)
    codes = dict.fromkeys([*areas, *(code for one in found for code in one.by_area if code is not None)])
    names = {code: area_label(code) if excel else code for code in codes}
    for one in found:
        yield _row(one.total, day=one.day, area=everything, hour=everything)
        for code, name in names.items():
            yield _row(one.area(code), day=one.day, area=name, hour=everything)
        yield _row(one.area(None), day=one.day, area=_("Not stated") if excel else NOT_STATED, hour=everything)
        for hour in hours:
            yield _row(one.hour(hour), day=one.day, area=everything, hour=hour)


def _row(figures: Figures, **where: Any) -> dict[str, Any]:
    return where | {name: getattr(figures, name) for name in (*COUNTED, *MEASURED)}
