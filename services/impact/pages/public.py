"""The public page: the brochure's sentence for whole months, and the table behind it."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_names
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused
from services.chassis.web import Reading, Router, Running, anyone, by_field, page
from services.contracts.areas import AREAS
from services.contracts.text import Key
from services.impact.actions import public_report
from services.impact.domain import Months, Report, first_day
from services.impact.nav import EXACT
from services.impact.settings import settings_of
from services.impact.store import Centre, published_months

router = Router("/impact", pages=True)


@router.get("/")
async def public_page(
    request: Request,
    read: Reading,
    running: Running,
    person: Annotated[Person | None, anyone],
    since: Annotated[Key, Query(alias="from")] = "",
    until: Annotated[Key, Query(alias="to")] = "",
    centre: Key = "",
    area: Key = "",
) -> Response:
    """The published figures of some months; by default of the last published year."""
    published = list(await published_months(read))
    last = until or (published[-1] if published else "")
    first = since or next((month for month in published if month[:4] == last[:4]), last)
    errors = dict[str, str]()
    made, names = Report(), await centre_names(read, Centre)
    try:
        if first or last:
            centres, areas = [centre] if centre else [], [area] if area else []
            names, made = await public_report(read, Months(first, last), centres, areas)
    except Refused as refused:
        errors = by_field(refused)
    chosen = {"from": first, "to": last, "centre": centre, "area": area}
    return page(
        request,
        "impact/public.html",
        status=422 if errors else 200,
        published=[(month, first_day(month)) for month in reversed(published)],
        first=first,
        last=last,
        days=[first_day(month) for month in (first, last)] if first and not errors else [],
        centre=centre,
        area=area,
        names=names,
        report=made,
        months=[(first_day(month), figures) for month, figures in sorted(made.by_month.items())],
        errors=errors,
        areas=[(code, area_label(code)) for code in AREAS],
        after_days=settings_of(running).publish_days,
        may_see_exact=EXACT.policy.admits(person),
        download=urlencode({name: value for name, value in chosen.items() if value}),
    )
