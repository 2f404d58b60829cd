"""A visit's page, and the registration of its visitor. Shows a name only to those who may see it."""

from datetime import datetime
from html import escape
from typing import Annotated, Any
from uuid import UUID

import segno
from fastapi import Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.chassis.i18n import LANGUAGES, Language, date_text, translate
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, anyone, apply_form, page, read_form
from services.contracts.roles import Role
from services.intake.actions import links, people
from services.intake.domain.links import digest, link_address
from services.intake.pages.views import Team, load_centre
from services.intake.store import Visit, Visitor, current_link, link_with

router = Router("/intake", pages=True)


class RegisterForm(Body):
    """The registration form. Missing values are reported at their field, and the other values are kept."""

    given_name: str = Field("", max_length=80)
    family_name: str = Field("", max_length=80)
    contact: str = Field("", max_length=120)
    language: Language = "fr"
    purposes: list[str] = Field(default_factory=list[str], max_length=10)


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


@router.post("/visits/{id}/link")
async def new_link(id: UUID, request: Request, work: Working, person: Team) -> Response:
    """A new personal link for the visitor, which ends the older ones."""
    visit = own(await work.find(Visit, id), person, msg("visit"))
    if visit.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    secret = await links.create_link(work, visit.subject_ref, person.subject)
    await work.session.flush()
    return await _link_page(request, work.session, visit, secret, just_registered=False)


@router.get("/fragments/visitors/{subject_ref}")
async def visitor_fragment(subject_ref: UUID, read: Reading, person: Annotated[Person | None, anyone]) -> Response:
    """The visitor's name, for their centre's team and themselves; empty for anyone else."""
    visitor = await read.get(Visitor, subject_ref)
    allowed = person is not None and (
        person.is_subject(subject_ref)
        or (visitor is not None and person.has(Role.FRONT_DESK, Role.COUNSELLOR) and visitor.centre in person.centres)
    )
    if visitor is None or not allowed:
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
) -> Response:
    visit = own(await session.get(Visit, id), person, msg("visit"))
    centre = await load_centre(session, visit.centre)
    link = await current_link(session, visit.subject_ref) if visit.subject_ref is not None else None
    context = {
        "visit": visit,
        "link": link,
        "link_state": links.state_of(link, runtime_of(request).clock()),
        "centre_name": centre.name,
        "errors": errors or {},
        "form": form or {},
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
