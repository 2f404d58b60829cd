"""The end of messages: the page that a message leads to, and the one click of a mail program (RFC 8058)."""

from typing import Annotated

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Reading, Router, Working, anyone, limited, page
from services.contracts.consent import Purpose
from services.contracts.text import Line
from services.intake.actions.consent import withdraw_consent
from services.intake.actions.letters import persons_at
from services.intake.actions.messages import agrees
from services.intake.actions.references import references_of
from services.intake.store import Visitor

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]


class StopLinkNotValid(NotFound):
    """Nobody's messages are stopped at this address."""

    slug = "stop-link-not-valid"
    message = msg("This link is no longer valid. Ask your centre to stop the messages.")


@router.get("/stop/{secret}", dependencies=[limited("link")])
async def stop_page(secret: Line, request: Request, read: Reading, person: Anyone) -> Response:
    """Asks before it stops the messages: programs that look at mails open every address in them."""
    visitor = await _whose(read, request, secret)
    agreed = [ref for ref in await references_of(read, visitor.id) if await agrees(read, ref)]
    return page(request, "intake/stop.html", stopped=not agreed)


@router.post("/stop/{secret}", dependencies=[limited("link")])
async def stop(secret: Line, request: Request, work: Working, person: Anyone) -> Response:
    """Withdraw the consent to messages, and no other. A second time changes nothing."""
    visitor = await _whose(work.session, request, secret)
    await withdraw_consent(work, visitor.id, [Purpose.REMINDERS], f"visitor/{visitor.id}")
    return page(request, "intake/stop.html", stopped=True)


async def _whose(session: AsyncSession, request: Request, secret: str) -> Visitor:
    """Whose messages are stopped at this address. Raises `StopLinkNotValid`."""
    found = [await session.get(Visitor, id) for id in persons_at(request.app.state.signer, secret)]
    visitor = next((one for one in found if one is not None), None)
    if visitor is None:
        raise StopLinkNotValid(what=msg("link"))
    return visitor
