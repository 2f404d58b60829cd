"""An unassigned referral: a counsellor searches a service and opens the referral with one button."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.web import Body, Reading, Router, Working, allow, limited, page, see_other
from services.contracts.roles import Role
from services.directory import actions
from services.directory.actions.access import unassigned_for
from services.directory.pages.catalogue import SearchForm, search_values
from services.directory.pages.views import centre_names, open_referral_seen, wanted_names

router = Router("/directory/undirected", pages=True)
Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]


class AssignForm(Body):
    """The service that was chosen."""

    service_id: UUID


@router.get("/{id}", dependencies=[limited("search")])
async def choose(
    id: UUID, request: Request, read: Reading, form: Annotated[SearchForm, Query()], person: Counsellor
) -> Response:
    """The unassigned referral, with the directory's search beside it."""
    waiting = await unassigned_for(read, id, person)
    values = await search_values(request, read, form, path=f"/directory/undirected/{id}", area=waiting.area)
    names = await wanted_names(read, [waiting])
    return page(
        request,
        "directory/unassigned.html",
        waiting=waiting,
        wanted=names.get(waiting.wanted_service_id) if waiting.wanted_service_id else None,
        existing=await open_referral_seen(read, waiting.subject_ref, waiting.wanted_service_id, person),
        centre_name=(await centre_names(read)).get(waiting.centre),
        **values,
    )


@router.post("/{id}")
async def assign(
    id: UUID, form: Annotated[AssignForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Open the referral to the chosen service."""
    await unassigned_for(work.session, id, person)
    referral = await actions.assign(work, id, form.service_id, requested_by=person.subject)
    return see_other(
        request, f"/directory/referrals/{referral.id}", done=_("The referral has been sent to the provider.")
    )


@router.post("/{id}/dismiss")
async def dismiss(id: UUID, request: Request, work: Working, person: Counsellor) -> Response:
    """Delete the unassigned referral: the action needs no provider."""
    waiting = await unassigned_for(work.session, id, person)
    await actions.dismiss(work, id)
    return see_other(
        request, f"/directory/referrals?centre={waiting.centre}", done=_("Referral removed from the list.")
    )
