"""Registered persons: found, and the page of one with what every service shows of them, each under its own rule."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_names
from services.chassis.i18n import LANGUAGE_NAMES, Language
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import Refused, msg
from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Reading,
    Router,
    Running,
    Working,
    apply_form,
    by_field,
    cause_of,
    limited,
    page,
    read_form,
    see_other,
)
from services.contracts.roles import Role
from services.contracts.text import Name
from services.intake.actions import consent, people, searching
from services.intake.actions.accesses import log_opening
from services.intake.actions.desks import counsellors_of
from services.intake.domain.accesses import REASON_LABELS, AccessKind
from services.intake.domain.contacts import CHANNEL_LABELS, ContactChannel
from services.intake.pages.consents import ConsentForm, PurposeForm, consents_view
from services.intake.pages.identifying import SearchForm, count_elsewhere
from services.intake.pages.reach import reach_text
from services.intake.pages.registrations import others_of, registrations_of
from services.intake.pages.views import Team
from services.intake.pages.visitors import FOUND, MESSAGES
from services.intake.store import Centre, Visitor
from services.intake.store.appointments import coming_appointments
from services.intake.store.messages import messages_of
from services.intake.store.visits import visits_of_person

router = Router("/intake", pages=True)


class DetailsForm(Body):
    """How a person is reached, and in which language."""

    contact: Name = ""
    channel: ContactChannel | None = None
    language: Language = "fr"


PARTS = (
    ("/scheduling/fragments/people/", "/scheduling/agenda", msg("Interviews and workshops")),
    ("/plans/fragments/people/", "/plans/", msg("Plans")),
    ("/directory/fragments/people/", "/directory/referrals", msg("Referrals")),
)
"""What other services show of a person, to counsellors: the address of the part, the service's page, its title.

A desk sees the coming appointments from intake's own copies instead.
"""
SHOWN = 20
"""Visits on a page."""


@router.get("/people")
async def search_page(request: Request, read: Reading, person: Team) -> Response:
    """Find a person who is not here, for example on the telephone."""
    return await _search_page(request, read, {})


@router.post("/people", dependencies=[limited("search")])
async def search(
    form: Annotated[SearchForm, Form()], request: Request, read: Reading, running: Running, person: Team
) -> Response:
    """The persons of the reader's centres, or those of every centre with this contact or reference."""
    await count_elsewhere(request, form, person)
    typed = {"name": form.name, "elsewhere": form.elsewhere, "reason": form.reason}
    try:
        found = await found_people(request, read, running, form, person)
    except Refused as refused:
        return await _search_page(request, read, typed, status=422, errors=by_field(refused))
    return await _search_page(request, read, typed, found=found, centres=person.centres)


@router.get("/people/{subject_ref}")
async def person_page(
    subject_ref: UUID, request: Request, read: Reading, running: Running, person: Team, after: UUID | None = None
) -> Response:
    """One person of the reader's centre. Opening it is noted. `after`: the last visit of the page before.

    An alias leads to the kept person.
    """
    kept = (await registrations_of(read, subject_ref, person))[0].id
    if kept != subject_ref:
        return RedirectResponse(f"/intake/people/{kept}", 303)
    return await _person_page(request, read, running, subject_ref, person, after=after)


@router.post("/people/{subject_ref}")
async def change_details(
    subject_ref: UUID, request: Request, read: Reading, running: Running, person: Team
) -> Response:
    """Change the contact of one registration of a person, how they want to be reached, and their language."""
    filled, typed, errors = await read_form(request, DetailsForm)
    if filled is not None:
        changed, errors = await apply_form(request, running, lambda work: _change(work, subject_ref, filled, person))
        if changed is not None:
            return see_other(request, f"/intake/people/{subject_ref}", done=_("The changes are saved."))
    return await _person_page(request, read, running, subject_ref, person, status=422, errors=errors, form=typed)


@router.post("/people/{subject_ref}/consents")
async def record(
    subject_ref: UUID, form: Annotated[ConsentForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Record a consent that the person gave."""
    own(await work.find(Visitor, subject_ref), person, msg("registered person"))
    await consent.give_consent(
        work, subject_ref, [form.purpose], person.subject, by_representative=form.by_representative
    )
    return see_other(request, f"/intake/people/{subject_ref}", done=_("Consent recorded"))


@router.post("/people/{subject_ref}/withdrawals")
async def record_withdrawal(
    subject_ref: UUID, form: Annotated[PurposeForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Record that the person withdrew a consent."""
    own(await work.session.get(Visitor, subject_ref), person, msg("registered person"))
    await consent.withdraw_consent(work, subject_ref, [form.purpose], person.subject)
    return see_other(request, f"/intake/people/{subject_ref}", done=_("The withdrawal is recorded."))


async def _change(work: Work, subject_ref: UUID, form: DetailsForm, person: Person) -> Visitor:
    own(await work.find(Visitor, subject_ref), person, msg("registered person"))
    return await people.change_details(
        work, subject_ref, contact=form.contact or None, channel=form.channel, language=form.language
    )


async def _person_page(
    request: Request,
    session: AsyncSession,
    running: Runtime,
    subject_ref: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    form: dict[str, Any] | None = None,
    after: UUID | None = None,
) -> Response:
    registrations = await registrations_of(session, subject_ref, person)
    refs = [one.id for one in registrations]
    visitor = next(one for one in registrations if one.centre in person.centres)
    async with running.store.work(cause_of(request)) as work:
        await log_opening(work, visitor.id, person, AccessKind.PAGE)
    visits = await visits_of_person(session, refs, person.centres, SHOWN + 1, after)
    context = await consents_view(session, visitor.id, mine=False) | {
        "visitor": visitor,
        "others": await others_of(session, registrations, visitor, person),
        "kept_until": max(one.retain_until for one in registrations),
        "visits": visits[:SHOWN],
        "more": len(visits) > SHOWN,
        "centre_names": await centre_names(session, Centre),
        "language_names": LANGUAGE_NAMES,
        "channels": CHANNEL_LABELS,
        "channel_choices": [(channel.value, _(label)) for channel, label in CHANNEL_LABELS.items()],
        "parts": PARTS if person.has(Role.COUNSELLOR) else (),
        "messages": await messages_of(
            session, [one.id for one in registrations if one.centre in person.centres], MESSAGES
        ),
        "reach": await reach_text(session, visitor, running.settings),
        "errors": errors or {},
        "form": form or {},
        "changing": subject_ref if errors else None,
    }
    context |= await _coming(session, refs, person, running.clock())
    return page(request, "intake/person.html", status=status, **context)


async def _coming(session: AsyncSession, refs: Sequence[UUID], person: Person, now: datetime) -> dict[str, Any]:
    """The coming appointments at the reader's centres. None for counsellors: scheduling shows them more."""
    if person.has(Role.COUNSELLOR):
        return {"appointments": None}
    coming = await coming_appointments(session, refs, person.centres, now, SHOWN)
    named: dict[str, str] = {}
    for centre in {one.appointment.centre for one in coming}:
        named |= await counsellors_of(session, centre)
    return {"appointments": coming, "counsellors": named}


async def found_people(
    request: Request, read: AsyncSession, running: Runtime, form: SearchForm, person: Person
) -> Sequence[Visitor]:
    """Whom a search finds: persons of the reader's centres, or of every centre. Raises as `searching` does."""
    if not form.elsewhere:
        return await searching.search(read, person.centres, form.name, FOUND + 1)
    async with running.store.work(cause_of(request)) as work:
        return await searching.search_elsewhere(work, form.name, form.reason, person, FOUND + 1)


async def _search_page(
    request: Request,
    session: AsyncSession,
    form: dict[str, Any],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    found: Sequence[Visitor] | None = None,
    centres: frozenset[str] = frozenset(),
) -> Response:
    return page(
        request,
        "intake/find.html",
        status=status,
        form=form,
        errors=errors or {},
        found=found[:FOUND] if found is not None else None,
        more=found is not None and len(found) > FOUND,
        being_prepared=found is not None and await searching.is_being_prepared(session),
        own_centres=centres,
        centre_names=await centre_names(session, Centre),
        reasons=[(reason.value, _(label)) for reason, label in REASON_LABELS.items()],
    )
