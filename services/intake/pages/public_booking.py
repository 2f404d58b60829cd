"""Pages of a booking that a visitor makes for themselves: name and contact, and the link that confirms the contact.

No page says whether the contact is known. A GET changes nothing: programs that look at mails open
every address in them.
"""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import known_centre
from services.chassis.i18n import Language
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import Signer
from services.chassis.mail.transports import sends_text_messages
from services.chassis.refusals import NotFound, Refused, TooManyRequests, msg
from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    LimitCheck,
    Reading,
    Router,
    Running,
    anyone,
    apply_form,
    cause_of,
    explain,
    limited,
    limits_of,
    page,
    read_form,
)
from services.chassis.web.cookies import delete_cookie
from services.contracts.public_booking import (
    CENTRES_PATH,
    CHOOSER_COOKIE,
    CONFIRMED_PATH,
    CONFIRMED_PERSON,
    HELD_TIME,
    REQUEST_PATH,
    HeldTime,
    choose_path,
)
from services.contracts.text import Line, Local, Text
from services.contracts.values import YesNo
from services.intake.actions import links
from services.intake.actions import public_booking as booking
from services.intake.actions.confirmations import new_person_at, request_at
from services.intake.domain.links import PinAlreadyChosen, link_address
from services.intake.domain.public_booking import (
    ConfirmationEnded,
    ConsentNeeded,
    TimeNoLongerHeld,
    TooManyUnconfirmed,
    check_held,
    check_reachable,
)
from services.intake.settings import confirm_within, most_unconfirmed
from services.intake.store import Centre
from services.intake.store.booking_requests import BookingRequest

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]
_DAY = 86_400
"""Seconds for which a signature is read at all; the times in what is signed decide."""
_MISSING = {
    "given_name": msg("Enter your first name."),
    "family_name": msg("Enter your surname."),
    "contact": msg("Enter an e-mail address or a mobile number. We send you a link there."),
}
_MISSING_WITHOUT_TEXTS = _MISSING | {"contact": msg("Enter an e-mail address. We send you a link there.")}


class RequestForm(Body):
    """Who books. What is missing is reported at its field."""

    given_name: Annotated[str, Text(80)] = ""
    family_name: Annotated[str, Text(80)] = ""
    contact: Annotated[str, Text(120)] = ""
    language: Language = "fr"
    agreed: YesNo = False
    reminders: YesNo = False


@router.get("/book", dependencies=[limited("link")])
async def request_page(time: Local, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Asks for name, contact and consent. `time`: the time that scheduling holds, signed."""
    held = _held(request, time)
    try:
        check_held(held.held_until, running.clock())
    except TimeNoLongerHeld as refused:
        return _ended(request, refused, held.centre)
    return _form(request, await known_centre(read, Centre, held.centre), held, {}, {})


@router.post("/book", dependencies=[limited("link")])
async def take_request(time: Local, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Send a link to the contact. The answer is the same for every contact."""
    held = _held(request, time)
    filled, typed, errors = await read_form(request, RequestForm)
    missing = _MISSING if sends_text_messages(running.settings) else _MISSING_WITHOUT_TEXTS
    errors |= {name: _(words) for name, words in missing.items() if not str(typed.get(name, "")).strip()}
    if filled is not None and not filled.agreed:
        errors |= {"agreed": explain(ConsentNeeded())}
    try:
        if filled is not None and not errors:
            errors = await _take(request, running, held, filled)
    except (TimeNoLongerHeld, TooManyUnconfirmed) as refused:
        return _ended(request, refused, held.centre)
    if errors:
        centre = await known_centre(read, Centre, held.centre)
        return _form(request, centre, held, typed, errors)
    sent = RedirectResponse(f"{REQUEST_PATH}/sent?{urlencode({'time': time})}", 303)
    delete_cookie(sent, request.app.state.settings, CHOOSER_COOKIE)  # this time is no longer the browser's to free
    return sent


async def _take(request: Request, running: Runtime, held: HeldTime, form: RequestForm) -> dict[str, str]:
    """The errors by field. A contact that got too many messages gets no other one, and the answer does not say so."""

    rules = booking.RequestRules(
        confirm_within(running), most_unconfirmed(running), sends_text_messages(running.settings)
    )

    async def act(work: Work) -> bool:
        await booking.request_booking(
            work,
            held,
            booking.Asked(form.given_name, form.family_name, form.contact, form.language, form.reminders),
            rules,
        )
        return True

    try:
        key = check_reachable(form.contact, by_text=rules.by_text)
        check_held(held.held_until, running.clock())
    except TimeNoLongerHeld:
        raise
    except Refused as refused:
        return {"contact": explain(refused)}
    await LimitCheck("request")(request)  # here: a form with a mistake does not count
    try:
        await limits_of(request).count("confirmation", key)
    except TooManyRequests:
        return {}
    return (await apply_form(request, running, act))[1]


@router.get("/book/sent", dependencies=[limited("link")])
async def sent_page(time: Local, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Says that a link was sent, and what to do if nothing comes."""
    held = _held(request, time)
    now = running.clock()
    return page(
        request,
        "intake/booking_sent.html",
        held=held,
        centre=await known_centre(read, Centre, held.centre),
        time=time,
        until=held.held_until + confirm_within(running),
        correctable=now < held.held_until,
    )


@router.get("/confirm/{secret}", dependencies=[limited("link")])
async def confirm_page(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Asks for one press."""
    row = await _request_at(request, read, secret)
    if row is None or row.ends_at <= running.clock():
        return _ended(request, ConfirmationEnded(what=msg("link")), row.centre if row is not None else None)
    held = HeldTime.model_validate(row.held)
    centre = await known_centre(read, Centre, row.centre)
    return page(
        request, "intake/booking_confirm.html", held=held, centre=centre, confirmed=row.confirmed_at is not None
    )


@router.post("/confirm/{secret}", dependencies=[limited("link")])
async def confirm(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Register the person, or recognise them, and send the browser on to scheduling. Again: to the same appointment."""
    signer: Signer = request.app.state.signer
    row = await _request_at(request, read, secret)
    if row is None:
        return _ended(request, ConfirmationEnded(what=msg("link")), None)
    try:
        async with running.store.work(cause_of(request)) as work:
            confirmed, visitor = await booking.confirm(work, row.id, row.code)
            await work.session.flush()
            token = await booking.token_of(work.session, confirmed, visitor, signer, work.now)
    except ConfirmationEnded as refused:
        return _ended(request, refused, row.centre)
    sealed = signer.seal(CONFIRMED_PERSON, token.model_dump(mode="json"))
    return RedirectResponse(f"{CONFIRMED_PATH}/{sealed}", 307)  # the browser posts there: nothing changes by a GET


@router.post("/book/page/{secret}", dependencies=[limited("link")])
async def choose_pin_page(secret: Line, request: Request, read: Reading, running: Running, person: Anyone) -> Response:
    """Make the personal link of a person whom this booking registered, and open it: they choose their PIN.

    Until they have. Of a person who was known before, or was merged since, none is made: a mailbox alone opens no plan.
    """
    row = await new_person_at(read, request.app.state.signer, secret)
    if row is None or row.ends_at <= running.clock():
        return _ended(request, ConfirmationEnded(what=msg("link")), None)
    try:
        async with running.store.work(cause_of(request)) as work:
            made = await links.create_first_link(work, row.subject_ref)
    except PinAlreadyChosen as refused:
        return _ended(request, refused, row.centre)
    return RedirectResponse(link_address("", made), 303)


async def _request_at(request: Request, session: AsyncSession, secret: str) -> BookingRequest | None:
    return await request_at(session, request.app.state.signer, secret)


def _held(request: Request, sealed: str) -> HeldTime:
    """The time of this address. Raises `NotFound` if scheduling did not sign it."""
    try:
        return HeldTime.model_validate(request.app.state.signer.unseal(HELD_TIME, sealed, _DAY))
    except ValidationError:
        raise NotFound(what=msg("appointment")) from None


def _form(request: Request, centre: Centre, held: HeldTime, typed: dict[str, Any], errors: dict[str, str]) -> Response:
    return page(
        request,
        "intake/booking_request.html",
        status=422 if errors else 200,
        centre=centre,
        held=held,
        form=typed,
        errors=errors,
        by_text=sends_text_messages(request.app.state.settings),
    )


def _ended(request: Request, refused: Refused, centre: str | None) -> Response:
    back = choose_path(centre) if centre is not None else CENTRES_PATH
    return page(request, "intake/booking_ended.html", status=refused.status, problem=explain(refused), back=back)
