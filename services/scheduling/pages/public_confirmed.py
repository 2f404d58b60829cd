"""Pages that a visitor reaches with what intake confirmed: the time is booked, and shown.

Nothing here knows a name.
"""

from datetime import UTC
from typing import Annotated

from fastapi import Form, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from services.chassis.refusals import Refused, Unavailable
from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, cause_of, explain, limited, page
from services.contracts.public_booking import CONFIRMED_PATH, CONFIRMED_PERSON, ConfirmedPerson, choose_path
from services.contracts.scheduling import AppointmentStatus
from services.contracts.text import Local
from services.contracts.values import Moment
from services.scheduling.actions import public_booking as booking
from services.scheduling.domain.public_booking import (
    LOST,
    ConfirmationUsedUp,
    GuidedElsewhere,
    NotBookedOnline,
    PersonErased,
)
from services.scheduling.domain.states import is_booked
from services.scheduling.pages.desk import length_word
from services.scheduling.pages.mine import notice_words
from services.scheduling.pages.public_booking import Anyone, centre_of
from services.scheduling.settings import rules_of_settings
from services.scheduling.store import Centre
from services.scheduling.store.booking_rules import rules_of

router = Router("/scheduling", pages=True)
_DAY = 86_400
"""Seconds for which a signature is read at all; the times in what is signed decide."""
_VISITORS = (ConfirmationUsedUp, PersonErased, GuidedElsewhere)
"""Refusals that are written for visitors."""


class InsteadForm(Body):
    """Another time than the one that was held. None: that one."""

    starts_at: Moment | None = None


@router.post("/confirmed/{token}", dependencies=[limited("link")])
async def book(
    token: Local, form: Annotated[InsteadForm, Form()], request: Request, running: Running, person: Anyone
) -> Response:
    """Book what intake confirmed. The token counts once; again it leads to the same appointment."""
    usual, confirmed = rules_of_settings(running), _confirmed(request, token)
    if confirmed is None:
        return _ended(request, ConfirmationUsedUp(), None)
    starts_at = form.starts_at.astimezone(UTC) if form.starts_at is not None else None

    async def act(work: Work, number: int) -> None:
        await booking.book_confirmed(work, confirmed, starts_at, usual, of_any=number > 0)

    try:
        await booking.first_free(running.store, cause_of(request), act)
    except LOST:
        return await _other_times(request, running, confirmed, token)
    except Unavailable:
        raise
    except _VISITORS as refused:
        return _ended(request, refused, confirmed.held.centre if isinstance(refused, PersonErased) else None)
    except Refused:  # written for the team: a path with four interviews, a consent that is missing
        async with running.store.read() as session:
            return _ended(request, NotBookedOnline(), None, await centre_of(session, confirmed.held.centre))
    return RedirectResponse(f"{CONFIRMED_PATH}/{token}", 303)


@router.get("/confirmed/{token}", dependencies=[limited("link")])
async def booked_page(token: Local, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """When and where: what was booked, or what the person had booked before."""
    confirmed, now = _confirmed(request, token), running.clock()
    if confirmed is None or confirmed.expires_at <= now:
        return _ended(request, ConfirmationUsedUp(), None)
    interview = await booking.booked_by(read, confirmed, now)
    if interview is None:
        return _ended(request, ConfirmationUsedUp(), None)
    kept = await rules_of(read, interview.centre, rules_of_settings(running))
    return page(
        request,
        "scheduling/public_booked.html",
        interview=interview,
        centre=await centre_of(read, interview.centre),
        booked=is_booked(AppointmentStatus(interview.status)),
        before=interview.id != confirmed.held.hold_id,
        continues_at=confirmed.continues_at,
        length_word=length_word,
        notice=notice_words(kept.visitor_notice),
    )


async def _other_times(request: Request, running: Runtime, confirmed: ConfirmedPerson, token: str) -> Response:
    async with running.store.read() as session:
        times = await booking.times_instead(session, confirmed, running.clock(), rules_of_settings(running))
        centre = await centre_of(session, confirmed.held.centre)
    action, back = f"{CONFIRMED_PATH}/{token}", choose_path(centre.code)
    return page(
        request, "scheduling/public_lost.html", status=409, centre=centre, times=times, action=action, back=back
    )


def _confirmed(request: Request, token: str) -> ConfirmedPerson | None:
    """What intake signed; None if it did not."""
    try:
        return ConfirmedPerson.model_validate(request.app.state.signer.unseal(CONFIRMED_PERSON, token, _DAY))
    except ValidationError:
        return None


def _ended(request: Request, refused: Refused, centre: str | None, phone: Centre | None = None) -> Response:
    """`centre`: where to choose another time; `phone`: which centre to telephone."""
    return page(
        request,
        "scheduling/public_ended.html",
        status=refused.status,
        problem=explain(refused),
        back=choose_path(centre) if centre is not None else None,
        phone=phone,
    )
