"""A person who is registered twice: the other registration is found, compared side by side, merged, and separated."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_names
from services.chassis.i18n import LANGUAGE_NAMES
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Refused, msg
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    apply_form,
    by_field,
    limited,
    page,
    read_form,
    see_other,
)
from services.contracts.text import Text
from services.intake.actions import merging, searching
from services.intake.actions.consent import consents_in_force
from services.intake.actions.references import references_of
from services.intake.domain.contacts import CHANNEL_LABELS
from services.intake.pages.consents import DESK_WORDS, consent_lines
from services.intake.pages.views import Team
from services.intake.pages.visitors import FOUND
from services.intake.store import Centre, Visitor
from services.intake.store.names import people_like

router = Router("/intake", pages=True)


class SearchForm(Body):
    """Whom to look for."""

    name: Annotated[str, Text(160)] = ""


class MergeForm(Body):
    """Which of the two registrations is kept."""

    kept: UUID


class SeparateForm(Body):
    """The registration that is separated from the one that is kept."""

    alias: UUID


@router.get("/people/{subject_ref}/merge")
async def search_page(subject_ref: UUID, request: Request, read: Reading, person: Team) -> Response:
    """Find the other registration of a person. Those that look alike at the same centre are listed at once."""
    visitor = await _visitor(read, subject_ref, person)
    names = (visitor.given_name, visitor.family_name)
    alike = await people_like(read, visitor.centre, *names, visitor.contact_key)
    return await _search_page(request, read, visitor, "", alike=alike)


@router.post("/people/{subject_ref}/merge/search", dependencies=[limited("search")])
async def search(
    subject_ref: UUID, form: Annotated[SearchForm, Form()], request: Request, read: Reading, person: Team
) -> Response:
    """The persons of the reader's centres with this name, contact or reference."""
    visitor = await _visitor(read, subject_ref, person)
    try:
        found = await searching.search(read, person.centres, form.name, FOUND + 1)
    except Refused as refused:
        return await _search_page(request, read, visitor, form.name, status=422, errors=by_field(refused))
    return await _search_page(request, read, visitor, form.name, found=found)


@router.get("/people/{subject_ref}/merge/{other}")
async def compare(subject_ref: UUID, other: UUID, request: Request, read: Reading, person: Team) -> Response:
    """Both registrations side by side."""
    return await _compare_page(request, read, subject_ref, other, person)


@router.post("/people/{subject_ref}/merge/{other}")
async def merge(
    subject_ref: UUID, other: UUID, request: Request, read: Reading, running: Running, person: Team
) -> Response:
    """Record that the two are the same person."""
    filled, _typed, errors = await read_form(request, MergeForm)
    if filled is not None:
        chosen = filled.kept
        kept, errors = await apply_form(request, running, lambda work: _merge(work, subject_ref, other, chosen, person))
        if kept is not None:
            done = _("The two registrations are one person now. You can separate them again on this page.")
            return see_other(request, f"/intake/people/{kept}", done=done)
    return await _compare_page(request, read, subject_ref, other, person, status=422, errors=errors)


@router.post("/people/{subject_ref}/separate")
async def separate(
    subject_ref: UUID, form: Annotated[SeparateForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """The two registrations are different persons: everything is as before."""
    await merging.separate(work, form.alias, person)
    return see_other(request, f"/intake/people/{subject_ref}", done=_("The registrations are separate again."))


async def _merge(work: Work, subject_ref: UUID, other: UUID, kept: UUID, person: Person) -> UUID:
    if kept not in (subject_ref, other):
        raise NotFound(about="kept", what=msg("registered person"))
    alias = subject_ref if kept == other else other
    return await merging.merge(work, alias, kept, person)


async def _visitor(session: AsyncSession, subject_ref: UUID, person: Person) -> Visitor:
    """A person of the reader's centre who consents to anything. Raises `NotFound`."""
    visitor = own(await session.get(Visitor, subject_ref), person, msg("registered person"))
    if not await consents_in_force(session, visitor.id):
        raise NotFound(what=msg("registered person"))
    return visitor


async def _search_page(
    request: Request,
    session: AsyncSession,
    visitor: Visitor,
    name: str,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    found: Sequence[Visitor] | None = None,
    alike: Sequence[Visitor] = (),
) -> Response:
    refs = set(await references_of(session, visitor.id))
    others = [one for one in found or alike if one.id not in refs]
    return page(
        request,
        "intake/merge_search.html",
        status=status,
        visitor=visitor,
        form={"name": name},
        errors=errors or {},
        searched=found is not None,
        others=others[:FOUND],
        more=len(others) > FOUND,
        centre_names=await centre_names(session, Centre),
    )


async def _compare_page(
    request: Request,
    session: AsyncSession,
    subject_ref: UUID,
    other: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    visitor = await _visitor(session, subject_ref, person)
    if not errors and other in await references_of(session, subject_ref):
        return RedirectResponse(f"/intake/people/{subject_ref}", 303)
    second = await _visitor(session, other, person)
    two = [visitor, second]
    return page(
        request,
        "intake/merge.html",
        status=status,
        visitor=visitor,
        other=second,
        two=[(one, await consent_lines(session, one.id, mine=False)) for one in two],
        errors=errors or {},
        centre_names=await centre_names(session, Centre),
        language_names=LANGUAGE_NAMES,
        channels=CHANNEL_LABELS,
        consent_words=DESK_WORDS,
    )
