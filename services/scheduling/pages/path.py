"""One path: its interviews, how it ended or goes on, and what may be done with it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.service.definition import runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, apply_form, page, read_form, see_other
from services.contracts.envelope import StaffCode
from services.contracts.scheduling import AppointmentStatus, PathOutcome
from services.contracts.values import Moment, Version, Whole
from services.scheduling.actions import guidance, reopening, stopping
from services.scheduling.actions.reopening import may_reopen
from services.scheduling.actions.stopping import kept_on
from services.scheduling.claims import staff_code
from services.scheduling.domain.paths import CHANGE_LABELS, REOPEN_LABELS, ReopenReason
from services.scheduling.domain.rules import NEEDED_PURPOSE, OUTCOME_LABELS, limit_of
from services.scheduling.domain.states import is_booked, is_held
from services.scheduling.pages.desk import Counsellor, length_word, may_book_on, reason_labels, sides
from services.scheduling.pages.proposals import proposals
from services.scheduling.settings import answer_of, horizon_of, reflection_of
from services.scheduling.store import Centre, GuidancePath, KnownPerson
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.interviews import on_path
from services.scheduling.store.paths import path_history

router = Router("/scheduling/paths", pages=True)


class GiveUpForm(Body):
    """The end of a path. `freed`: the interviews and seats that the page named as freed with it."""

    version: Version
    freed: list[UUID] = Field(default_factory=list[UUID])


class ReopenForm(Body):
    """Why the path goes on."""

    version: Version
    reason: ReopenReason = ReopenReason.VISITOR_CONTINUES


class ProposalForm(Body):
    """A time that the page proposed."""

    starts_at: Moment
    counsellor: StaffCode
    minutes: Annotated[int, Whole()]


@router.get("/{id}")
async def path_page(id: UUID, request: Request, read: Reading, person: Counsellor) -> Response:
    """The page of one path."""
    return await _path_page(request, read, id, person)


@router.post("/{id}/give-up")
async def give_up(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Close the path, which the visitor gives up, and cancel what the page named."""

    async def act(work: Work, form: GiveUpForm) -> None:
        own(await work.session.get(GuidancePath, id), person, msg("path"))
        by, answer = staff_code(person), answer_of(running)
        await stopping.give_up(work, id, form.version, freed=form.freed, by=by, answer=answer)

    filled, _typed, errors = await read_form(request, GiveUpForm)
    if filled is not None:
        _done, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, f"/scheduling/paths/{id}", done=_("The path is stopped."))
    return await _path_page(request, read, id, person, status=422, errors=errors)


@router.post("/{id}/book")
async def book(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Book one of the times that the page proposed."""

    async def act(work: Work, form: ProposalForm) -> None:
        path = own(await work.find(GuidancePath, id), person, msg("path"))
        await guidance.book(
            work,
            path.id,
            counsellor=form.counsellor,
            room=None,
            starts_at=form.starts_at,
            minutes=form.minutes,
            horizon=horizon_of(running),
            reflection=reflection_of(running),
        )

    filled, _typed, errors = await read_form(request, ProposalForm)
    if filled is not None:
        _done, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, f"/scheduling/paths/{id}", done=_("The appointment is booked."))
    return await _path_page(request, read, id, person, status=422, errors=errors)


@router.post("/{id}/reopen")
async def reopen(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Reopen the path."""

    async def act(work: Work, form: ReopenForm) -> None:
        own(await work.session.get(GuidancePath, id), person, msg("path"))
        await reopening.reopen(work, id, form.reason, form.version, staff_code(person))

    filled, _typed, errors = await read_form(request, ReopenForm)
    if filled is not None:
        _done, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, f"/scheduling/paths/{id}", done=_("The path is open again."))
    return await _path_page(request, read, id, person, status=422, errors=errors)


async def _path_page(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    path = own(await session.get(GuidancePath, id), person, msg("path"))
    centre = await session.get_one(Centre, path.centre)
    interviews = await on_path(session, path.id)
    changes = await path_history(session, [path.id])
    may_book = await may_book_on(session, path)
    proposed = await proposals(session, runtime_of(request), path, centre, interviews) if may_book else None
    codes = [*(one.counsellor for one in interviews), *(one.by for one in changes)]
    codes += [proposed.counsellor] if proposed is not None else []
    return page(
        request,
        "scheduling/path.html",
        status=status,
        path=path,
        centre_name=centre.name,
        interviews=interviews,
        closed_because=_(OUTCOME_LABELS[PathOutcome(path.closed_because)]) if path.closed_because else None,
        changes=[(one, _(CHANGE_LABELS[one.change])) for one in changes],
        reopen_reasons=[(reason.value, _(label)) for reason, label in REOPEN_LABELS.items()],
        names=await counsellor_names(session, codes),
        consents=await _consents(session, path),
        may_book=may_book,
        proposed=proposed,
        may_reopen=await may_reopen(session, path),
        **_counts(request, path, interviews),
        kept=await kept_on(session, path, runtime_of(request).clock()),
        length_word=length_word,
        reason_labels=reason_labels(),
        sides=dict(sides()),
        errors=errors or {},
    )


def _counts(request: Request, path: GuidancePath, interviews: Any) -> dict[str, Any]:
    """How many interviews the path has of those it allows, and what its end would free."""
    now = runtime_of(request).clock()
    booked = [one for one in interviews if is_booked(AppointmentStatus(one.status))]
    held = sum(is_held(AppointmentStatus(one.status)) for one in interviews)
    counted = _("held: {held}, booked: {booked}, at most: {limit}")
    return {
        "used": counted.format(held=held, booked=len(booked), limit=limit_of(path.method)),
        "freed": [one for one in booked if one.starts_at > now],
        "begun": [one for one in booked if one.starts_at <= now],
    }


async def _consents(session: AsyncSession, path: GuidancePath) -> bool | None:
    """Whether the visitor consents to appointments. None: they are erased, or only an import knows them."""
    known = await session.get(KnownPerson, path.subject_ref) if path.subject_ref is not None else None
    return NEEDED_PURPOSE in known.purposes if known is not None else None
