"""That no message goes out to a person, for the team: on the person's page, and beside their appointments."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from markupsafe import escape
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.mail.transports import sends_mails, sends_text_messages
from services.chassis.runtime.settings import Settings
from services.chassis.web import Reading, Router, Running, anyone
from services.intake.actions.consent import consents_in_force
from services.intake.actions.messages import agrees
from services.intake.domain.contacts import is_number
from services.intake.domain.reach import NOT_REACHED_WORDS, not_reached
from services.intake.pages.views import may_see
from services.intake.store import Visitor

router = Router("/intake", pages=True)


async def reach_text(session: AsyncSession, visitor: Visitor, settings: Settings) -> str | None:
    """Why nothing is sent to this person, and what the team does; None: messages go out."""
    why = not_reached(
        visitor.contact,
        visitor.channel,
        agrees=await agrees(session, visitor.id),
        refused=visitor.contact_refused_at is not None,
        mails=sends_mails(settings),
        texts=sends_text_messages(settings),
    )
    if why is None:
        return None
    number = visitor.contact is not None and is_number(visitor.contact)
    by = _("No message goes out: telephone the person.") if number else _("No message goes out to this person.")
    return f"{_(NOT_REACHED_WORDS[why])} {by}"


@router.get("/fragments/visitors/{subject_ref}/reach")
async def reach_fragment(
    subject_ref: UUID, request: Request, read: Reading, running: Running, person: Annotated[Person | None, anyone]
) -> Response:
    """A note that no message reaches the visitor, for a team that may open them; else empty."""
    visitor = await read.get(Visitor, subject_ref)
    if visitor is None or person is None or not await may_see(read, visitor, person, running.clock()):
        return HTMLResponse("")
    text = await reach_text(read, visitor, running.settings) if await consents_in_force(read, subject_ref) else None
    return HTMLResponse(f'<p class="note">{escape(text)}</p>' if text else "")
