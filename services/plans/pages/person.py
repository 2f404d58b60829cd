"""Plans' part of the page of a person: the plans that the reader may open."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.chassis.copies.aliases import references_of
from services.chassis.i18n import date_text
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.web import Reading, Router, allow
from services.chassis.web.person_parts import PersonRow, person_part
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.plans.pages import words
from services.plans.store import Alias, Plan, plans_of_subject

router = Router("/plans", pages=True)


@router.get("/fragments/people/{subject_ref}")
async def plans(
    subject_ref: UUID, request: Request, read: Reading, person: Annotated[Person, allow(Role.COUNSELLOR)]
) -> Response:
    """The plans of a person at the reader's centres, the last opened first; none that is closed to the centre."""
    found = await plans_of_subject(read, *await references_of(read, Alias, subject_ref))
    open_here = [one for one in found if one.centre in person.centres and not one.closed_to_centre]
    return person_part(request, (_("Plans"), [_row(one) for one in open_here]))


def _row(plan: Plan) -> PersonRow:
    details = [date_text(plan.opened_at.astimezone(BRUSSELS))]
    if plan.confirmed_at is not None:
        details.append(_("Confirmed on {date}.").format(date=date_text(plan.confirmed_at.astimezone(BRUSSELS))))
    return PersonRow(_(words.METHODS[Method(plan.method)]), tuple(details), f"/plans/{plan.id}")
