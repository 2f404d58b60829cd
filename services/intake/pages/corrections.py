"""Corrections of what was recorded with a check-in, on the visit's page."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Body, Router, Working, see_other
from services.contracts.arrivals import AnyLanguage
from services.contracts.text import Key
from services.contracts.values import Version
from services.intake.actions import corrections
from services.intake.domain import AREAS_MAX, Need
from services.intake.pages.views import Team
from services.intake.store import Visit

router = Router("/intake", pages=True)


class NeedsForm(Body):
    """What is to be prepared; empty: nothing."""

    interpreter_language: AnyLanguage | None = None
    needs: list[Need] = Field([], max_length=len(Need))
    version: Version


class AreaForm(Body):
    """What the visit is about; no main area: not stated."""

    area: Key | None = None
    other_areas: list[Key] = Field([], max_length=AREAS_MAX)
    version: Version


@router.post("/visits/{id}/area")
async def correct_area(
    id: UUID, form: Annotated[AreaForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Correct what the visit is about."""
    own(await work.find(Visit, id), person, msg("visit"))
    await corrections.correct_area(work, id, form.area, form.other_areas, form.version)
    return see_other(request, f"/intake/visits/{id}", done=_("The need has been corrected."))


@router.post("/visits/{id}/needs")
async def correct_needs(
    id: UUID, form: Annotated[NeedsForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Replace what is to be prepared for the visitor."""
    visit = own(await work.find(Visit, id), person, msg("visit"))
    await corrections.correct_needs(work, id, form.interpreter_language, form.needs, form.version)
    done = _("Saved for ticket {ticket}: what is to be prepared.").format(ticket=visit.ticket)
    return see_other(request, f"/intake/desk/{visit.centre}", done=done)
