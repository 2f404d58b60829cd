"""A centre's referrals: unassigned, unanswered, under way and ended; and one referral with its history."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import (
    Board,
    Body,
    Reading,
    Router,
    Running,
    allow,
    apply_form,
    live_board,
    page,
    read_form,
    see_other,
)
from services.contracts.directory import ReferralStatus as Status
from services.contracts.roles import Role
from services.contracts.text import Key
from services.directory import actions
from services.directory.actions.access import party_of, referral_for
from services.directory.domain import UNANSWERED, Party
from services.directory.domain.referrals import PARTY_LABELS
from services.directory.pages.referral_lists import SHOWN, board_of
from services.directory.pages.views import WORDS, centre_names, open_referral_seen, rows_of, wanted_names
from services.directory.settings import settings_of
from services.directory.store import Referral, count_unassigned, full_services, steps_of, unassigned_of

router = Router("/directory", pages=True)
Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]
Side = Annotated[Person, allow(Role.COUNSELLOR, Role.PROVIDER)]
Centre = Key | None


class ReferralForm(Body):
    """A new referral. `id` comes with the page, so that a double click opens one referral."""

    id: UUID
    service_id: UUID
    subject_ref: UUID
    centre: Key = ""
    reason: Key


@router.get("/referrals")
async def board(request: Request, read: Reading, person: Counsellor, centre: Centre = None) -> Response:
    """The referrals of the centre, live."""
    names = await centre_names(read)
    own = [code for code in names if person.works_at(code)]
    if centre is None and len(own) == 1:
        return RedirectResponse(f"/directory/referrals?centre={own[0]}", 303)
    if centre is None:
        return page(request, "directory/choose_centre.html", centres=[(code, names[code]) for code in own])
    code = person.at(centre)
    return page(
        request,
        "directory/referrals.html",
        centre_name=names.get(code, code),
        live_url=f"/directory/referrals/stream?centre={code}",
        **await referrals_board(read, code, party_of(person)),
    )


@router.get("/referrals/stream")
async def board_stream(request: Request, person: Counsellor, centre: Key) -> Response:
    """The board as a stream."""
    name = actions.centre_board(person.at(centre))
    return live_board(
        request, Board(name, "directory/referrals_board.html", referrals_board, (centre, party_of(person)))
    )


@router.get("/referrals/new")
async def new(
    request: Request,
    read: Reading,
    person: Counsellor,
    service_id: UUID | None = None,
    subject_ref: UUID | None = None,
) -> Response:
    """The form of a new referral to a service; without a service, redirects to the search."""
    if service_id is None:
        return RedirectResponse("/directory/", 303)
    return await _new(request, read, person, service_id, {"subject_ref": subject_ref or ""})


@router.post("/referrals")
async def send(request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Open the referral."""
    filled, typed, errors = await read_form(request, ReferralForm)
    if "subject_ref" in errors:
        errors["subject_ref"] = _(
            "This reference is not complete. Copy the whole reference from the page of the visit."
        )
    if filled is not None:
        centre = filled.centre or (next(iter(person.centres)) if len(person.centres) == 1 else "")
        if not centre:
            errors["centre"] = _("Fill in this field.")
        else:
            referral, errors = await apply_form(request, running, lambda work: _refer(work, filled, centre, person))
            if referral is not None:
                done = _("The referral has been sent to the provider.")
                return see_other(request, f"/directory/referrals/{referral.id}", done=done)
    return await _new(request, read, person, _uuid(typed.get("service_id", "")), typed, errors)


@router.get("/referrals/{id}")
async def referral_page(id: UUID, request: Request, read: Reading, person: Side) -> Response:
    """One referral with its history. The centre sees the person's reference, the provider its own."""
    referral = await referral_for(read, id, person)
    (row,) = await rows_of(read, [referral], party_of(person))
    answer_within = timedelta(days=settings_of(runtime_of(request)).referral_days)
    return page(
        request,
        "directory/referral.html",
        **WORDS,
        row=row,
        referral=referral,
        history=await steps_of(read, id),
        parties=PARTY_LABELS,
        for_provider=person.has(Role.PROVIDER),
        expires_at=referral.requested_at + answer_within if Status(referral.status) in UNANSWERED else None,
    )


async def _refer(work: Work, form: ReferralForm, centre: str, person: Person) -> Referral:
    return await actions.refer(
        work,
        form.id,
        subject_ref=form.subject_ref,
        centre=person.at(centre),
        area=None,
        service_id=form.service_id,
        reason=form.reason,
        requested_by=person.subject,
    )


async def _new(
    request: Request,
    session: AsyncSession,
    person: Person,
    service_id: UUID | None,
    typed: dict[str, Any],
    errors: dict[str, str] | None = None,
) -> Response:
    full = await full_services(session, [service_id]) if service_id else []
    if not full:
        raise NotFound(what=msg("service"))
    names = await centre_names(session)
    subject_ref = _uuid(str(typed.get("subject_ref", ""))) if "service_id" in (errors or {}) else None
    return page(
        request,
        "directory/new_referral.html",
        status=422 if errors else 200,
        **WORDS,
        full=full[0],
        form={"id": uuid4(), "subject_ref": "", "reason": "", "centre": ""} | typed,
        errors=errors or {},
        existing=await open_referral_seen(session, subject_ref, full[0].service.id, person),
        centres=[(code, names[code]) for code in names if person.works_at(code)],
    )


async def referrals_board(session: AsyncSession, centre: str, party: Party) -> dict[str, Any]:
    """The referrals of a centre, with what this side may do."""
    unassigned = await unassigned_of(session, centre, limit=SHOWN)
    return await board_of(session, party, centre=centre) | {
        "centre": centre,
        "unassigned": unassigned,
        "unassigned_count": await count_unassigned(session, centre),
        "wanted": await wanted_names(session, unassigned),
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
