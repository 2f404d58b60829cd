"""Participants of a workshop's session record their own arrival with the code on the facilitator's screen.

The code is the address of a page with a signed text, valid for a short time: the screen shows another one each
minute, and nothing is stored. It says which session it is, and nothing about a person. Who opens it is known by their
personal link, or enters the code of their appointment.
"""

from collections.abc import Collection
from datetime import datetime
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.centres import known_centre
from services.chassis.identity.tokens import Signer
from services.chassis.storage.store import Work
from services.contracts.intake import Channel
from services.intake.actions import appointments
from services.intake.domain.appointments import code_in
from services.intake.domain.presence import (
    VALID,
    CodeExpired,
    NoPlaceHere,
    WrongCode,
    check_session_open,
)
from services.intake.store import Centre, Visit
from services.intake.store.appointments import Appointment, WorkshopSession, appointment_with

_PURPOSE = "presence"


def presence_address(signer: Signer, public_url: str, session_id: UUID) -> str:
    """The address of the page on which participants of this session record their arrival, for `VALID` seconds."""
    return f"{public_url.rstrip('/')}/intake/mine/here/{signer.seal(_PURPOSE, {'session': session_id.hex})}"


def session_in(signer: Signer, secret: str) -> UUID:
    """The session of such an address. Raises `CodeExpired`."""
    found = signer.unseal(_PURPOSE, secret, VALID)
    if found is None:
        raise CodeExpired()
    return UUID(hex=cast("dict[str, str]", found)["session"])


async def session_at(work: Work, session_id: UUID) -> WorkshopSession:
    """The session, while arrivals for it are recorded.

    Raises `CodeExpired` of one that was cancelled, `NotYetHere`, `SessionOver`.
    """
    session = await work.session.get(WorkshopSession, session_id)
    if session is None:
        raise CodeExpired()
    centre = await known_centre(work.session, Centre, session.centre)
    check_session_open(session.starts_at, session.ends_at, work.now, centre.zone)
    return session


async def arrive_here(
    work: Work, session_id: UUID, *, refs: Collection[UUID] = (), typed: str | None = None
) -> tuple[Visit, datetime]:
    """Record the arrival of the participant with these references, or with this code. Again, nothing changes.

    Returns the visit, and when the session begins. Raises as `session_at` and `appointments.arrive`; `NoPlaceHere` of
    who has no seat in this session, `WrongCode` of a code that is none, or another appointment's.
    """
    session = await session_at(work, session_id)
    if typed is not None:
        code = code_in(typed)
        id = await appointment_with(work.session, session.centre, code) if code is not None else None
        known = await work.session.get(Appointment, id) if id is not None else None
        if known is None or known.session_id != session_id:
            raise WrongCode()
    else:
        mine = sa.select(Appointment).where(col(Appointment.session_id) == session_id)
        known = await work.session.scalar(mine.where(col(Appointment.subject_ref).in_(refs)).limit(1))
        if known is None:
            raise NoPlaceHere()
    return await appointments.arrive(work, known.id, Channel.KIOSK), session.starts_at
