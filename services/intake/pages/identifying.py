"""Whose visit it is: a registered person is found and recorded for it, and taken back if it was another one."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    by_field,
    cause_of,
    limited,
    limits_of,
    see_other,
)
from services.contracts.text import Text
from services.contracts.values import YesNo
from services.intake.actions import people, searching
from services.intake.domain.accesses import Reason
from services.intake.pages.views import Team
from services.intake.pages.visitors import FOUND, show_visit
from services.intake.store import Visit, Visitor

router = Router("/intake", pages=True)


class SearchForm(Body):
    """What a registered person is searched by: a name, a contact or a reference. `elsewhere`: at every centre."""

    name: Annotated[str, Text(160)] = ""
    elsewhere: YesNo = False
    reason: Reason | None = None


class PersonForm(Body):
    """The registered person whose visit it is."""

    subject_ref: UUID


@router.post("/visits/{id}/search", dependencies=[limited("search")])
async def search(
    id: UUID, form: Annotated[SearchForm, Form()], request: Request, read: Reading, running: Running, person: Team
) -> Response:
    """Find registered persons. A POST: names do not belong in addresses."""
    visit = own(await read.get(Visit, id), person, msg("visit"))
    await count_elsewhere(request, form, person)
    typed = {"name": form.name, "elsewhere": form.elsewhere, "reason": form.reason}
    try:
        found = await _found(request, read, running, visit.centre, form, person)
    except Refused as refused:
        return await show_visit(request, read, id, person, status=422, errors=by_field(refused), form=typed)
    return await show_visit(request, read, id, person, form=typed, found=found)


@router.post("/visits/{id}/person")
async def identify(
    id: UUID, form: Annotated[PersonForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Record whose visit it is."""
    own(await work.session.get(Visit, id), person, msg("visit"))
    await people.identify_visitor(work, id, form.subject_ref, person)
    return see_other(request, f"/intake/visits/{id}", done=_("The person is recorded for this visit."))


@router.post("/visits/{id}/person/undo")
async def undo(
    id: UUID, form: Annotated[PersonForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """The visit was another person's: it is anonymous again."""
    own(await work.session.get(Visit, id), person, msg("visit"))
    await people.anonymise_visit(work, id, form.subject_ref, person)
    return see_other(request, f"/intake/visits/{id}", done=_("The visit is anonymous again."))


async def count_elsewhere(request: Request, form: SearchForm, person: Person) -> None:
    """Count a search at other centres, because one that finds nobody is not noted. Raises `TooManyRequests`."""
    if form.elsewhere:
        await limits_of(request).count("elsewhere", f"account {person.subject}")


async def _found(
    request: Request, read: AsyncSession, running: Runtime, centre: str, form: SearchForm, person: Person
) -> Sequence[Visitor]:
    if not form.elsewhere:
        return await searching.search(read, {centre}, form.name, FOUND + 1)
    async with running.store.work(cause_of(request)) as work:
        return await searching.search_elsewhere(work, form.name, form.reason, person, FOUND + 1)
