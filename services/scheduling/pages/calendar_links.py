"""The addresses at which other programs read a calendar, and the pages on which counsellors and visitors make them."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, Working, allow, anyone, limited, page, see_other
from services.contracts.envelope import StaffCode
from services.contracts.roles import Role
from services.contracts.text import Line
from services.scheduling.actions import feeds
from services.scheduling.actions.external import calendar_state
from services.scheduling.actions.feed_entries import calendar_at
from services.scheduling.claims import staff_code
from services.scheduling.domain.external import WORDS
from services.scheduling.pages.mine import OwnVisitor, myself
from services.scheduling.settings import calendar_encryption
from services.scheduling.store import CounsellorFeed

router = Router("/scheduling", pages=True)
Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]
ENDING = ".ics"
"""How the addresses end: some programs go by it."""


class FeedForm(Body):
    """`id`: chosen with the form, so that the form that is sent twice ends no address."""

    id: UUID


@router.get("/ics/{secret}", dependencies=[limited("calendar")])
async def calendar(
    secret: Line, request: Request, read: Reading, running: Running, person: Annotated[Person | None, anyone]
) -> Response:
    """A calendar, for programs. What does not exist, was ended or was never one gets the same answer."""
    address = running.settings.public_url
    found = await calendar_at(read, secret.removesuffix(ENDING), running.clock(), address)
    if found is None:
        raise NotFound(what=msg("calendar"))
    etag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in _etags(request.headers):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="cefo.ics"'
    return Response(found, headers=headers, media_type="text/calendar; charset=utf-8")


@router.post("/counsellors/{code}/calendar")
async def make_own(
    code: StaffCode,
    form: Annotated[FeedForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    me: Counsellor,
) -> Response:
    """Make the counsellor's own calendar, or replace its address. It is shown once."""
    secret = await feeds.make_counsellor_feed(work, me, code, form.id, request.state.lang)
    return _shown(request, running, secret, f"/scheduling/counsellors/{code}")


@router.post("/counsellors/{code}/calendar/end")
async def end_own(code: StaffCode, request: Request, work: Working, me: Counsellor) -> Response:
    """End the counsellor's own calendar."""
    await feeds.end_counsellor_feed(work, me, code)
    return see_other(request, f"/scheduling/counsellors/{code}", done=_("The calendar link no longer works."))


@router.post("/mine/calendar")
async def make_mine(
    form: Annotated[FeedForm, Form()], request: Request, work: Working, running: Running, person: OwnVisitor
) -> Response:
    """Make the visitor's calendar, or replace its address. It is shown once."""
    secret = await feeds.make_visitor_feed(work, list(myself(person)), form.id, request.state.lang)
    return _shown(request, running, secret, "/intake/mine")


@router.post("/mine/calendar/end")
async def end_mine(request: Request, work: Working, person: OwnVisitor) -> Response:
    """End the visitor's calendar."""
    await feeds.end_visitor_feed(work, list(myself(person)))
    return see_other(request, "/intake/mine", done=_("The calendar link no longer works."))


async def own_calendar(session: AsyncSession, person: Person, code: str) -> dict[str, Any]:
    """What the counsellor's page shows of their calendar. Of another one's it shows nothing."""
    mine = staff_code(person) == code
    return {"feed": await session.get(CounsellorFeed, code) if mine else None, "new_id": uuid4() if mine else None}


async def other_calendar(session: AsyncSession, running: Runtime, code: str) -> dict[str, Any]:
    """What the counsellor's page shows of their calendar in another program."""
    state = await calendar_state(session, code, calendar_encryption(running), running.clock())
    return {"other": state, "failures": WORDS}


def _shown(request: Request, running: Runtime, secret: str, back: str) -> Response:
    link = f"{running.settings.public_url.rstrip('/')}/scheduling/ics/{secret}{ENDING}"
    subscribe = f"webcal://{link.partition('://')[2]}"
    return page(request, "scheduling/calendar_link.html", link=link, subscribe=subscribe, back=back)


def _etags(headers: Mapping[str, str]) -> list[str]:
    """The versions that the program has."""
    return [one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")]
