"""The page of exact figures: any period, any of the person's centres, small numbers included. Each view is logged."""

import re
from contextlib import suppress
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_names
from services.chassis.identity.people import Person
from services.chassis.refusals import Invalid, Refused, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.web import Reading, Router, Running, allow, by_field, page
from services.contracts.areas import AREAS
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import day_of
from services.impact.actions import ReadForm, centres_for, exact_attended, exact_interviews, exact_report, log_read
from services.impact.domain import InterviewReport, Period, Report, attended_report, first_day
from services.impact.store import Centre

router = Router("/impact", pages=True)


@router.get("/exact")
async def exact_page(
    request: Request,
    read: Reading,
    running: Running,
    person: Annotated[Person, allow(Role.MANAGER, region_wide=[Role.OPERATOR])],
    since: Annotated[Key, Query(alias="from")] = "",
    until: Annotated[Key, Query(alias="to")] = "",
    centre: Key = "",
    area: Key = "",
) -> Response:
    """The exact figures of a period; by default of this year."""
    today = running.clock().astimezone(BRUSSELS).date()
    first, last, errors = date(today.year, 1, 1), today, dict[str, str]()
    made, interviews, names = Report(), InterviewReport(), await centre_names(read, Centre)
    people, workshops = attended_report({})
    centres, areas = centres_for(person, [centre] if centre else []), [area] if area else []
    try:
        first, last = _day("from", since, first), _day("to", until, last)
        period = Period(first, last)
        names, made = await exact_report(read, period, centres, areas)
        if not areas:
            interviews = await exact_interviews(read, period, centres)
            people, workshops = await exact_attended(read, period, centres)
        await log_read(running.store, person, ReadForm.PAGE, period, centres, areas)
    except Refused as refused:
        errors = by_field(refused)
    chosen = {"from": first.isoformat(), "to": last.isoformat(), "centre": centre, "area": area}
    return page(
        request,
        "impact/exact.html",
        status=422 if errors else 200,
        since=_typed(since, first),
        until=_typed(until, last),
        unreadable=[field for field, text in (("from", since), ("to", until)) if text and not _read(text)],
        days=[] if errors else [first, last],
        centre=centre,
        area=area,
        names={code: name for code, name in names.items() if person.works_at(code)},
        report=made,
        interviews=interviews,
        people=people,
        workshops=workshops,
        months=[(first_day(month), figures) for month, figures in sorted(made.by_month.items())],
        errors=errors,
        areas=[(code, area_label(code)) for code in AREAS],
        region_wide=person.region_wide,
        download=urlencode({name: value for name, value in chosen.items() if value}),
    )


class NotADay(Invalid):
    """A date that cannot be read."""

    slug = "not-a-day"
    message = msg("“{text}” is not a date. Write for example 31/01/2017.")


_WRITTEN = re.compile(r"([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})")


def _day(field: str, text: str, default: date) -> date:
    if text and _read(text) is None:
        raise NotADay(about=field, text=text)
    return _read(text) or default


def _read(text: str) -> date | None:
    """The day as browsers send it, or as people write it in a plain text field: 31/01/2017 or 31.01.2017."""
    written = _WRITTEN.fullmatch(text.strip())
    with suppress(ValueError):
        return day_of(date(*map(int, reversed(written.groups()))) if written else text)
    return None


def _typed(text: str, default: date) -> str:
    """What the field shows: a day as browsers need it, or the text that is none."""
    day = _read(text) if text else default
    return day.isoformat() if day else text
