"""A visit's page: its visitor is registered, or found again. Shows a name only to those who may see it."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import segno
from fastapi import Form, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_names
from services.chassis.i18n import LANGUAGES, Language, date_text, translate
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import Runtime, runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Once,
    Reading,
    Router,
    Running,
    Working,
    anyone,
    apply_form,
    cause_of,
    page,
    read_form,
)
from services.contracts.text import Key, Name, Text
from services.contracts.values import YesNo
from services.intake.actions import links, people, searching
from services.intake.actions.accesses import log_opening
from services.intake.actions.consent import consents_in_force, consents_of
from services.intake.actions.references import groups_of, references_of
from services.intake.domain.accesses import REASON_LABELS, AccessKind
from services.intake.domain.contacts import contact_key, masked
from services.intake.domain.links import digest, link_address
from services.intake.domain.names import SIMILAR
from services.intake.pages.consents import consents_view
from services.intake.pages.linkable import appointments_of
from services.intake.pages.reach import reach_text
from services.intake.pages.views import NEED_LABELS, Team, load_centre, may_see, person_of_visit
from services.intake.store import Centre, Visit, Visitor, link_with
from services.intake.store.messages import messages_of
from services.intake.store.names import people_like
from services.intake.store.visits import last_visits

router = Router("/intake", pages=True)


class RegisterForm(Body):
    """The registration form. Missing values are reported at their field, and the other values are kept."""

    given_name: Annotated[str, Text(80)] = ""
    family_name: Annotated[str, Text(80)] = ""
    contact: Name = ""
    language: Language = "fr"
    purposes: list[Key] = Field(default_factory=list[Key], max_length=10)
    distinct_from: list[UUID] = Field(default_factory=list[UUID], max_length=SIMILAR)
    """The persons with a similar name whom the page showed: it is none of them."""
    by_representative: YesNo = False


class LinkForm(Body):
    """`replaces`: the link that the page showed, if any. A page that shows a newer one may ask for another."""

    replaces: UUID | None = None


FOUND = 20
"""People whom a search shows."""
MESSAGES = 10
"""Messages that the page of a visit shows."""
_MISSING = {
    "given_name": msg("Enter the first name."),
    "family_name": msg("Enter the surname."),
    "purposes": msg("Tick at least one box."),
}


@router.get("/visits/{id}")
async def visit_page(id: UUID, request: Request, read: Reading, person: Team) -> Response:
    """One visit, with the registration form."""
    return await show_visit(request, read, id, person)


@router.post("/visits/{id}")
async def register(id: UUID, request: Request, read: Reading, running: Running, person: Team) -> Response:
    """Register the visitor of this visit."""
    filled, typed, errors = await read_form(request, RegisterForm)
    empty = [name for name in _MISSING if not "".join(typed.get(name, "")).strip()]
    errors |= {name: _(_MISSING[name]) for name in empty}
    if filled is not None and not errors and (alike := await _alike(running, id, filled, person)):
        return await show_visit(request, read, id, person, status=409, form=typed, alike=alike)
    if filled is not None and not errors:
        secret, errors = await apply_form(request, running, lambda work: _register(work, id, filled, person))
        if secret is not None:
            visit = await read.get_one(Visit, id)
            return await _link_page(request, read, visit, secret, just_registered=True)
    return await show_visit(request, read, id, person, status=422, errors=errors, form=typed)


@router.post("/visits/{id}/link")
async def new_link(
    id: UUID, form: Annotated[LinkForm, Form()], request: Request, work: Working, person: Team, once: Once
) -> Response:
    """A new personal link for the visitor, which ends the older ones. Raises `ShownBefore`."""
    visit, visitor = await person_of_visit(work.session, id, person)
    secret = await links.create_link(work, visitor.id, person.subject, once)
    await work.session.flush()
    return await _link_page(request, work.session, visit, secret, just_registered=False)


@router.get("/fragments/visitors/{subject_ref}")
async def visitor_fragment(
    subject_ref: UUID, read: Reading, running: Running, person: Annotated[Person | None, anyone]
) -> Response:
    """The visitor's name, for themselves and, while they consent to anything, a team that may open them; else empty."""
    visitor = await read.get(Visitor, subject_ref)
    if visitor is None or person is None:
        return HTMLResponse("")
    near = await may_see(read, visitor, person, running.clock()) and await consents_in_force(read, subject_ref)
    if not person.is_subject(subject_ref) and not near:
        return HTMLResponse("")
    return HTMLResponse(f"<bdi>{escape(f'{visitor.given_name} {visitor.family_name}')}</bdi>")


async def _alike(running: Runtime, id: UUID, form: RegisterForm, person: Person) -> Sequence[Visitor]:
    """The registered persons whom the desk looks at before it registers this one."""
    contact = contact_key(form.contact) if form.contact else None
    async with running.store.read() as session:
        visit = own(await session.get(Visit, id), person, msg("visit"))
        if visit.subject_ref is not None:
            return ()
        alike = await people_like(session, visit.centre, form.given_name, form.family_name, contact)
        return [one for one in alike if one.id not in form.distinct_from]


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
        distinct_from=form.distinct_from,
        by_representative=form.by_representative,
    )
    return await links.create_link(work, visitor.id, person.subject)


async def show_visit(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    form: dict[str, Any] | None = None,
    found: Sequence[Visitor] | None = None,
    alike: Sequence[Visitor] = (),
) -> Response:
    """The page of a visit. `found`: by a search; `alike`: persons like the one who is to be registered."""
    visit = own(await session.get(Visit, id), person, msg("visit"))
    centre = await load_centre(session, visit.centre)
    known = visit.subject_ref
    visitor = await session.get(Visitor, known) if known is not None else None
    elsewhere = visitor is not None and visitor.centre not in person.centres
    link = await links.link_of_person(session, known, runtime_of(request).clock()) if known is not None else None
    if visitor is not None and await may_see(session, visitor, person, runtime_of(request).clock()):
        async with runtime_of(request).store.work(cause_of(request)) as work:
            await log_opening(work, visitor.id, person, AccessKind.VISIT_PAGE)
    context = await consents_view(session, known, mine=False) if known is not None else {}
    context |= await appointments_of(session, visit, centre, runtime_of(request).clock())
    context |= {
        "visit": visit,
        "areas": [(area, area_label(area)) for area in centre.areas],
        "need_labels": NEED_LABELS,
        "messages": await messages_of(session, [known], MESSAGES) if known is not None else [],
        "reach": await reach_text(session, visitor, runtime_of(request).settings) if visitor is not None else None,
        "link": link,
        "link_state": links.state_of(link, runtime_of(request).clock()),
        "centre_name": centre.name,
        "centre_names": await centre_names(session, Centre),
        "elsewhere": visitor.centre if visitor is not None and elsewhere else None,
        "reasons": [(reason.value, _(label)) for reason, label in REASON_LABELS.items()],
        "alike": alike[:FOUND],
        "told_apart": await _told_apart(session, visit.centre, [*alike[:FOUND], *(found or ())[:FOUND]]),
        "errors": errors or {},
        "form": form or {},
        "found": found[:FOUND] if found is not None else None,
        "more": found is not None and len(found) > FOUND,
        "being_prepared": found is not None and await searching.is_being_prepared(session),
    }
    return page(request, "intake/visit.html", status=status, **context)


class Fact(NamedTuple):
    """By what persons of one name are told apart: their last visit, and their contact, masked."""

    last_visit: datetime | None
    contact: str | None


async def _told_apart(session: AsyncSession, centre: str, people: Sequence[Visitor]) -> dict[UUID, Fact]:
    """For the persons whom this centre registered."""
    own = [one for one in people if one.centre == centre]
    visits = await last_visits(session, await groups_of(session, [one.id for one in own]), centre)
    came = {ref: visit.at for ref, visit in visits.items()}
    return {one.id: Fact(came.get(one.id), masked(one.contact) if one.contact else None) for one in own}


async def _link_page(
    request: Request, session: AsyncSession, visit: Visit, secret: str, *, just_registered: bool
) -> Response:
    centre = await load_centre(session, visit.centre)
    link = await link_with(session, digest(secret))
    assert link is not None
    given = await consents_of(session, *await references_of(session, link.subject_ref))
    in_force = {one.purpose for one in given if one.withdrawn_at is None}
    with_plan = "plan" in in_force
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
        with_plan=with_plan,
        may_book=just_registered and "guidance" in in_force,
        sheet=[(lang, _sheet(lang, link.expires_at, with_plan=with_plan)) for lang in LANGUAGES],
        just_registered=just_registered,
    )


def _sheet(lang: str, valid_until: datetime, *, with_plan: bool) -> list[str]:
    """The text of the printed sheet in one language: its title, and what the link is. `with_plan`: it opens one."""
    until = date_text(valid_until.astimezone(BRUSSELS), lang=lang)
    return [
        translate("Your personal link", lang),
        translate("This link opens your career plan. Scan the code, or type the address.", lang)
        if with_plan
        else translate("This link opens your own page. Scan the code, or type the address.", lang),
        translate("The first time, choose a PIN of six digits.", lang),
        translate("Do not tell it to anyone, not even at the centre.", lang),
        translate("The link is valid until {date}.", lang).format(date=until),
        translate("Is the link lost, or the PIN not known any more? Ask for a new link at your centre.", lang),
    ]
