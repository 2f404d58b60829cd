"""The form that takes the next person: of which needs and languages, and by which rule."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.i18n import by_name, language_name
from services.chassis.i18n import translate as _
from services.chassis.web import Body, Router, Working, see_other
from services.contracts.arrivals import Language
from services.contracts.envelope import AreaCode
from services.contracts.text import Key
from services.contracts.values import YesNo
from services.scheduling.actions import taking
from services.scheduling.claims import required_staff_code
from services.scheduling.pages.desk import Counsellor
from services.scheduling.store import Centre, CounsellorProfile
from services.scheduling.store.availability import languages_at
from services.scheduling.store.copies import tickets_of

router = Router("/scheduling", pages=True)


class NextForm(Body):
    """Of which needs and languages; none: of all. `own`: of those in which the counsellor advises."""

    centre: Key
    own: YesNo = False
    areas: list[AreaCode] = Field([], max_length=20)
    languages: list[Language] = Field([], max_length=60)


@router.post("/next")
async def take_next(form: Annotated[NextForm, Form()], request: Request, work: Working, person: Counsellor) -> Response:
    """Start an interview with the person whose turn it is."""
    centre, code = person.at(form.centre), required_staff_code(person)
    wanted = (None, None) if form.own else (form.areas, form.languages)
    interview = await taking.take_next(work, centre, code, *wanted)
    tickets = await tickets_of(work.session, [interview.visit_id] if interview.visit_id else [])
    ticket = next(iter(tickets.values()), None) or "–"
    chosen = [("area", one) for one in form.areas] + [("language", one) for one in form.languages]
    query = urlencode([("centre", centre), *([] if form.own else [("chosen", "true"), *chosen])])
    done = _("Interview started: ticket {ticket}.").format(ticket=ticket)
    return see_other(request, f"/scheduling/?{query}", done=done)


async def taking_view(
    session: AsyncSession, centre: Centre, code: str, chosen: tuple[Sequence[str], Sequence[str]] | None
) -> dict[str, Any]:
    """The form's choices, and those that are made: as the address has them, else the counsellor's own."""
    profile = await session.get(CounsellorProfile, code) or CounsellorProfile(counsellor=code)
    areas, languages = chosen or (profile.areas, profile.languages)
    offered = {*await languages_at(session, [centre.code]), *languages}
    named = sorted(((one, language_name(one)) for one in offered), key=lambda one: by_name(one[1]))
    return {
        "area_choices": [(one, area_label(one)) for one in centre.areas],
        "language_choices": named,
        "areas": [one for one in areas if one in centre.areas],
        "languages": list(languages),
    }
