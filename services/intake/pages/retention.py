"""Whose data will be erased soon, for their centre, and how to keep it if the person consents again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from starlette.responses import Response

from services.chassis.copies.centres import centre_names
from services.chassis.i18n import date_text
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.web import Body, Reading, Router, Running, Working, allow, page, see_other
from services.contracts.roles import Role
from services.contracts.values import YesNo
from services.intake.actions.references import groups_of
from services.intake.actions.retention import prolong
from services.intake.domain import RETENTION_NOTICE
from services.intake.pages.views import Team, sees_name
from services.intake.store import Centre, Visitor
from services.intake.store.retention import ending_by
from services.intake.store.visits import last_visits

router = Router("/intake", pages=True)
TeamOrManager = Annotated[Person, allow(Role.FRONT_DESK, Role.COUNSELLOR, Role.MANAGER)]

SHOWN = 30
"""Persons on a page."""


@router.get("/retention")
async def list_ending(
    request: Request, read: Reading, running: Running, person: TeamOrManager, after: UUID | None = None
) -> Response:
    """The persons of the reader's centres whose data will be erased soon. Only the team sees names.

    `after`: the last person of the page before.
    """
    centres = None if person.region_wide else person.centres
    until = running.clock() + RETENTION_NOTICE
    found = await ending_by(read, until, centres, limit=SHOWN + 1, after=after)
    on_page = found[:SHOWN]
    names = await centre_names(read, Centre)
    visits = await last_visits(read, await groups_of(read, [visitor.id for visitor in on_page]))
    last = {ref: visit.id for ref, visit in visits.items()}
    shown = [_shown(visitor, person) | {"visit": last.get(visitor.id)} for visitor in on_page]
    more = len(found) > SHOWN
    return page(request, "intake/retention.html", people=shown, centre_names=names, until=until, more=more)


class ProlongForm(Body):
    """Who consents again: the person, or with `by_representative` a parent or representative."""

    by_representative: YesNo = False


@router.post("/visitors/{subject_ref}/prolong")
async def keep(
    subject_ref: UUID, request: Request, form: Annotated[ProlongForm, Form()], work: Working, person: Team
) -> Response:
    """The person consents again: their data is kept longer."""
    own(await work.session.get(Visitor, subject_ref), person, msg("registered person"))
    centres = None if person.region_wide else person.centres
    visitor = await prolong(
        work, subject_ref, person.subject, by_representative=form.by_representative, centres=centres
    )
    until = date_text(visitor.retain_until.astimezone(BRUSSELS))
    return see_other(request, "/intake/retention", done=_("The data is kept until {date}.").format(date=until))


def _shown(visitor: Visitor, person: Person) -> dict[str, Any]:
    name = f"{visitor.given_name} {visitor.family_name}" if sees_name(person, visitor) else None
    return {
        "id": visitor.id,
        "name": name,
        "centre": visitor.centre,
        "registered_at": visitor.registered_at,
        "retain_until": visitor.retain_until,
    }
