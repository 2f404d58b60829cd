"""The page of a counsellor's working hours, absences, languages and areas."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.service.definition import runtime_of
from services.chassis.web import allow, page
from services.contracts.directory import WEEKDAYS
from services.contracts.roles import Role
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.pages.booked_outside import booked_outside
from services.scheduling.pages.calendar_links import other_calendar, own_calendar
from services.scheduling.pages.hours_words import (
    HOURS_OF_DAYS,
    absence_words,
    language_choices,
    week_of,
    weekday_names,
)
from services.scheduling.store import Centre, CounsellorProfile
from services.scheduling.store.availability import absences_between, languages_at, profiles_of
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.hours import hours_of

Staff = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]
_EMPTY = (
    *("row", "begins", "ends", "until"),
    *("first_day", "first_time", "last_day", "last_time", "address"),
    *("first_changed", "last_changed", "which", "from_1", "to_1", "from_2", "to_2"),
)


async def counsellor_page(
    request: Request,
    session: AsyncSession,
    now: datetime,
    code: str,
    person: Person,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    """The page; with what was typed and its errors by its own fields, if it was refused."""
    codes = await centres_kept(session, person, code)
    centres = [await session.get_one(Centre, one) for one in codes]
    kept = await hours_of(session, code)
    absences = await absences_between(session, [code], now)
    profile = (await profiles_of(session, [code])).get(code) or CounsellorProfile(counsellor=code, version=0)
    zone = centres[0].zone
    today = now.astimezone(zone).date()
    empty: dict[str, Any] = {"weekdays": [], "every": 1, "starts_on": f"{today:%Y-%m-%d}", "centre": centres[0].code}
    empty |= dict.fromkeys(_EMPTY, "") | {"changed_weekdays": []}
    areas = sorted({area for centre in centres for area in centre.areas})
    usual, others = language_choices({*profile.languages, *await languages_at(session, codes)})
    return page(
        request,
        "scheduling/counsellor.html",
        status=422 if errors else 200,
        code=code,
        name=(await counsellor_names(session, [code]))[code],
        weeks=[week_of(centre, kept.get(centre.code)) for centre in centres],
        absences=[(one.id, absence_words(one, zone)) for one in absences],
        to_move=await booked_outside(session, code, now, centres, absences, kept),
        may_open=person.has(Role.COUNSELLOR),
        centre_names={centre.code: centre.name for centre in centres},
        profile=profile,
        weekdays=list(zip(WEEKDAYS, weekday_names(), strict=True)),
        which_choices=[(code, _(label)) for code, label in HOURS_OF_DAYS.items()],
        language_choices=usual,
        more_languages=others,
        area_choices=[(area, area_label(area)) for area in areas],
        form=empty | (typed or {}),
        **await own_calendar(session, person, code),
        **await other_calendar(session, runtime_of(request), code),
        errors=errors or {},
    )
