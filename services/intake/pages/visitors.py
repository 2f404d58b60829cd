"""A visit's page: its visitor is registered, or found again. Shows a name only to those who may see it."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Annotated, Any
from uuid import UUID, uuid4

import segno
from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.chassis.i18n import LANGUAGES, Language, date_text, translate
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Refused, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    anyone,
    apply_form,
    by_field,
    limited,
    page,
    read_form,
    see_other,
)
from services.contracts.text import Key, Name, Text
from services.intake.actions import links, people
from services.intake.actions.consent import consents_in_force
from services.intake.domain import check_searched
from services.intake.domain.links import digest, link_address
from services.intake.pages.consents import consents_view
from services.intake.pages.views import Team, load_centre, sees_name
from services.intake.store import Visit, Visitor, current_link, link_with, people_named

router = Router("/intake", pages=True)


class RegisterForm(Body):
    """The registration form. Missing values are reported at their field, and the other values are kept."""

    given_name: Annotated[str, Text(80)] = ""
    family_name: Annotated[str, Text(80)] = ""
    contact: Name = ""
    language: Language = "fr"
    purposes: list[Key] = Field(default_factory=list[Key], max_length=10)


class SearchForm(Body):
    """What a registered person is searched by."""

    name: Annotated[str, Text(160)] = ""


class PersonForm(Body):
    """The registered person whose visit it is."""

    subject_ref: UUID


class LinkForm(Body):
    """`link_id` is generated with the page, so that a repeated submission does not end the link that was shown."""

    link_id: UUID


FOUND = 20
"""People whom a search shows."""
_MISSING = {
    "given_name": msg("Enter the first name."),
    "family_name": msg("Enter the surname."),
    "purposes": msg("Tick at least one box."),
}


@router.get("/visits/{id}")
async def visit_page(id: UUID, request: Request, read: Reading, person: Team) -> Response:
    """One visit, with the registration form."""
    return await _visit_page(request, read, id, person)


@router.post("/visits/{id}")
async def register(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """Register the visitor of this visit."""
    filled, typed, errors = await read_form(request, RegisterForm)
    empty = [name for name in _MISSING if not "".join(typed.get(name, "")).strip()]
    errors |= {name: _(_MISSING[name]) for name in empty}
    if filled is not None and not errors:
        secret, errors = await apply_form(request, running, lambda work: _register(work, id, filled, person))
        if secret is not None:
            visit = await read.get_one(Visit, id)
            return await _link_page(request, read, visit, secret, just_registered=True)
    return await _visit_page(request, read, id, person, status=422, errors=errors, form=typed)


@router.post("/visits/{id}/search", dependencies=[limited("search")])
async def search(
    id: UUID, form: Annotated[SearchForm, Form()], request: Request, read: Reading, person: Team
) -> Response:
    """Find the people whom the centre registered before. A POST: names do not belong in addresses."""
    visit = own(await read.get(Visit, id), person, msg("visit"))
    try:
        found = await people_named(read, visit.centre, check_searched(form.name), FOUND + 1)
    except Refused as refused:
        return await _visit_page(
            request, read, id, person, status=422, errors=by_field(refused), form={"name": form.name}
        )
    return await _visit_page(request, read, id, person, form={"name": form.name}, found=found)


@router.post("/visits/{id}/person")
async def identify(
    id: UUID, form: Annotated[PersonForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Record whose visit it is."""
    own(await work.session.get(Visit, id), person, msg("visit"))
    await people.identify_visitor(work, id, form.subject_ref)
    return see_other(request, f"/intake/visits/{id}", done=_("The person is recorded for this visit."))


@router.post("/visits/{id}/link")
async def new_link(
    id: UUID, form: Annotated[LinkForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """A new personal link for the visitor, which ends the older ones. Raises `ShownBefore`."""
    visit = own(await work.session.get(Visit, id), person, msg("visit"))
    if visit.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    secret = await links.create_link(work, visit.subject_ref, person.subject, form.link_id)
    await work.session.flush()
    return await _link_page(request, work.session, visit, secret, just_registered=False)


@router.get("/fragments/visitors/{subject_ref}")
async def visitor_fragment(subject_ref: UUID, read: Reading, person: Annotated[Person | None, anyone]) -> Response:
    """The visitor's name, for themselves and, while they consent to anything, for their centre's team; else empty."""
    visitor = await read.get(Visitor, subject_ref)
    if visitor is None or person is None:
        return HTMLResponse("")
    near = sees_name(person, visitor) and await consents_in_force(read, subject_ref)
    if not person.is_subject(subject_ref) and not near:
        return HTMLResponse("")
    return HTMLResponse(escape(f"{visitor.given_name} {visitor.family_name}"))


async def _register(work: Work, id: UUID, form: RegisterForm, person: Person) -> str:
    """Register the visitor. Returns the secret of their personal link."""
    own(await work.find(Visit, id), person, msg("visit"))
    visitor = await people.register_visitor(
        work,
        id,
        recorded_by=person.subject,
        given_name=form.given_name,
        family_name=form.family_name,
        contact=form.contact or None,
        language=form.language,
        purposes=form.purposes,
    )
    return await links.create_link(work, visitor.id, person.subject)


async def _visit_page(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    form: dict[str, Any] | None = None,
    found: Sequence[Visitor] | None = None,
) -> Response:
    visit = own(await session.get(Visit, id), person, msg("visit"))
    centre = await load_centre(session, visit.centre)
    known = visit.subject_ref
    link = await current_link(session, known) if known is not None else None
    context = (await consents_view(session, known, mine=False) if known is not None else {}) | {
        "visit": visit,
        "link": link,
        "link_state": links.state_of(link, runtime_of(request).clock()),
        "centre_name": centre.name,
        "errors": errors or {},
        "form": form or {},
        "found": found[:FOUND] if found is not None else None,
        "more": found is not None and len(found) > FOUND,
        "new_link_id": uuid4(),
    }
    return page(request, "intake/visit.html", status=status, **context)


async def _link_page(
    request: Request, session: AsyncSession, visit: Visit, secret: str, *, just_registered: bool
) -> Response:
    centre = await load_centre(session, visit.centre)
    link = await link_with(session, digest(secret))
    assert link is not None
    address = link_address(request.app.state.settings.public_url, secret)
    return page(
        request,
        "intake/registered.html",
        visit=visit,
        centre_name=centre.name,
        subject_ref=visit.subject_ref,
        link=address,
        qr=segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff"),
        valid_until=link.expires_at,
        sheet=[(lang, _sheet(lang, link.expires_at)) for lang in LANGUAGES],
        just_registered=just_registered,
    )


def _sheet(lang: str, valid_until: datetime) -> list[str]:
    """The text of the printed sheet in one language: its title, and what the link is."""
    until = date_text(valid_until.astimezone(BRUSSELS), lang=lang)
    return [
        translate("Your personal link", lang),
        translate("This link opens your career plan. Scan the code, or type the address.", lang),
        translate("The first time, choose a PIN of six digits.", lang),
        translate("Do not tell it to anyone, not even at the centre.", lang),
        translate("The link is valid until {date}.", lang).format(date=until),
        translate("Is the link lost, or the PIN not known any more? Ask for a new link at your centre.", lang),
    ]
