"""Impact's JSON API: the figures, open to anyone."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, anyone
from services.impact.actions import build_report
from services.impact.domain import Figures, Period, by_name

router = Router("/impact/api/v1", tags=["impact"])
routers = (router,)
Anyone = Annotated[Person | None, anyone]
Since = Annotated[date, Query(alias="from", description="First day, included.")]
Until = Annotated[date, Query(alias="to", description="Last day, included.")]
Codes = Annotated[Sequence[str], Query(max_length=50)]


@router.get("/figures")
async def figures(
    read: Reading, person: Anyone, since: Since, until: Until, centre: Codes = (), area: Codes = ()
) -> dict[str, Any]:
    """The brochure's figures for a period, and the same per centre and month.

    Filtered by `area`, the figures without an area are omitted: workshop attendances, plans, completed referrals.
    """
    names, made = await build_report(read, Period(since, until), centre, area)
    as_dict = partial(by_name, filtered_by_area=bool(area))
    return {
        "from": since.isoformat(),
        "to": until.isoformat(),
        **as_dict(made.total),
        "by_centre": [
            {"centre": code, "name": names.get(code, code), **as_dict(f)} for code, f in sorted(made.by_centre.items())
        ],
        "by_month": [{"month": month, **as_dict(f)} for month, f in sorted(made.by_month.items())],
        "by_centre_and_month": [
            {"centre": code, "month": month, **as_dict(f)}
            for code, months in sorted(made.by_centre_and_month.items())
            for month, f in sorted(months.items())
        ],
    }


@router.get("/figures.csv")
async def figures_csv(
    read: Reading, person: Anyone, since: Since, until: Until, centre: Codes = (), area: Codes = ()
) -> Response:
    """The figures as CSV, one row per centre and month."""
    _, made = await build_report(read, Period(since, until), centre, area)
    text = io.StringIO()
    as_dict = partial(by_name, filtered_by_area=bool(area))
    columns = ["centre", "month", *as_dict(Figures())]
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for code, months in sorted(made.by_centre_and_month.items()):
        for month, f in sorted(months.items()):
            writer.writerow({"centre": code, "month": month, **as_dict(f)})
    name = f"cefo-{since}-{until}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
