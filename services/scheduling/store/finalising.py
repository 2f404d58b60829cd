"""The final interviews of workshops that are due: the attendance of the last session is recorded, and none is held."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.contracts.scheduling import Method
from services.scheduling.domain.states import BOOKED, ON_PATH
from services.scheduling.store.copies import can_be_booked
from services.scheduling.store.interviews import IS_OPEN_INTERVIEW, GuidancePath, Interview
from services.scheduling.store.workshops import Workshop, led_by


class FinalInterview(NamedTuple):
    """A path whose final interview is due, its workshop, and the interview if it is booked."""

    id: UUID
    """Of the path."""
    subject_ref: UUID
    due_since: datetime
    workshop_id: UUID
    title: str
    first_at: datetime
    last_at: datetime
    counsellor: str
    """With whom it is booked; the first facilitator as long as it is not."""
    more_facilitators: list[str]
    interview_id: UUID | None = None
    starts_at: datetime | None = None
    minutes: int | None = None

    @property
    def counsellors(self) -> list[str]:
        """With whom it is booked; as long as it is not, each of the facilitators."""
        return [self.counsellor, *(self.more_facilitators if self.interview_id is None else ())]


OF_WORKSHOP: list[Any] = [
    *(col(GuidancePath.id), col(GuidancePath.subject_ref), col(GuidancePath.finalising_due_at)),
    *(col(Workshop.id), col(Workshop.title), col(Workshop.first_at), col(Workshop.last_at)),
]
"""In the order of the fields of `FinalInterview`."""
_OLDEST = ListOrder(col(GuidancePath.finalising_due_at), id=col(GuidancePath.id))


async def finals_to_book(
    session: AsyncSession, centre: str, counsellor: str | None = None, after: UUID | None = None, limit: int = 100
) -> list[FinalInterview]:
    """Those of a centre that are neither booked nor held, the longest due first. `counsellor`: a facilitator.

    None of people who withdrew their consent to guidance: nothing can be booked for them.
    `after`: only those behind this path.
    """
    columns = (*OF_WORKSHOP, col(Workshop.counsellor), col(Workshop.more_facilitators))
    query = _to_book(sa.select(*columns), centre, counsellor)
    rows = await session.execute(await _OLDEST.page(session, query, limit, after))
    return [FinalInterview(*row) for row in rows]


async def finals_booked(
    session: AsyncSession, centre: str, counsellor: str | None = None, after: UUID | None = None, limit: int = 100
) -> list[FinalInterview]:
    """Those of a centre that are booked and not held, longest due first. `counsellor`: with whom. `after` as above."""
    columns = (*OF_WORKSHOP, col(Interview.counsellor), col(Workshop.more_facilitators))
    booked = sa.select(*columns, col(Interview.id), col(Interview.starts_at), col(Interview.minutes))
    query = due_finals(booked, centre).join(Interview, col(Interview.path_id) == col(GuidancePath.id))
    query = query.where(IS_OPEN_INTERVIEW, col(Interview.status).in_(BOOKED))
    if counsellor is not None:
        query = query.where(col(Interview.counsellor) == counsellor)
    rows = await session.execute(await _OLDEST.page(session, query, limit, after))
    return [FinalInterview(*row) for row in rows]


async def count_to_book(session: AsyncSession, centre: str, counsellor: str | None = None) -> int:
    """How many of `finals_to_book` there are."""
    return await session.scalar(_to_book(sa.select(sa.func.count()), centre, counsellor)) or 0


def due_finals(query: Any, centre: str) -> Any:
    """Paths that are open, of people who are not erased."""
    return (
        query.select_from(GuidancePath)
        .join(Workshop, col(Workshop.id) == col(GuidancePath.workshop_id))
        .where(
            col(GuidancePath.centre) == centre,
            col(GuidancePath.closed_at).is_(None),
            col(GuidancePath.finalising_due_at).is_not(None),
            col(GuidancePath.subject_ref).is_not(None),
            col(GuidancePath.method) == Method.COLLECTIVE.value,
        )
    )


def _to_book(query: Any, centre: str, counsellor: str | None) -> Any:
    counted = sa.exists().where(col(Interview.path_id) == col(GuidancePath.id), col(Interview.status).in_(ON_PATH))
    found = due_finals(query, centre).where(~counted, can_be_booked(col(GuidancePath.subject_ref)))
    return found if counsellor is None else found.where(led_by(counsellor))
