"""What the page of a visit shows of appointments: the one that it is the arrival for, or those that it may be."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.intake import VisitStatus
from services.intake.actions.desks import counsellors_of
from services.intake.actions.references import references_of
from services.intake.pages.views import SHOWN
from services.intake.store import Centre, Visit
from services.intake.store.appointments import arrival_with, awaited_interviews


async def appointments_of(session: AsyncSession, visit: Visit, centre: Centre, now: datetime) -> dict[str, Any]:
    """`arrival`: the appointment of this visit. `awaited`: today's interviews that it may be; none, once it ended."""
    arrival = await arrival_with(session, visit.id)
    refs = await references_of(session, visit.subject_ref) if visit.subject_ref is not None else None
    open_visit = VisitStatus(visit.status).in_the_room and visit.interview_id is None
    awaited = await awaited_interviews(session, centre, now, refs, SHOWN) if open_visit and arrival is None else []
    shown = arrival is not None or bool(awaited)
    return {
        "arrival": arrival,
        "awaited": awaited,
        "counsellors": await counsellors_of(session, centre.code) if shown else {},
    }
