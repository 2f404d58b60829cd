"""Who accepted the guidance offer in an interview, and whether guidance has begun for them since."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.aliases import groups_of
from services.contracts.scheduling import InterviewKind, Method
from services.scheduling.domain.states import HELD, ON_PATH
from services.scheduling.domain.todo import ACCEPTED_WAITS
from services.scheduling.store.copies import Waiting, can_be_booked
from services.scheduling.store.interviews import GuidancePath, Interview
from services.scheduling.store.persons import Alias


class Accepted(NamedTuple):
    """An interview in which the guidance offer was accepted. `subject_ref` None: the person is not registered yet."""

    id: UUID
    starts_at: datetime
    area: str | None
    visit_id: UUID | None
    ticket: str | None
    subject_ref: UUID | None


async def accepted_without_path(
    session: AsyncSession, centre: str, counsellor: str, now: datetime, after: UUID | None = None, limit: int = 100
) -> tuple[list[Accepted], int]:
    """The counsellor's interviews in which it was accepted, while the person has no path since; the latest first.

    Not longer than `ACCEPTED_WAITS` ago; of who was not registered then, as long as the copy of the visit is kept.
    None of people who withdrew their consent to guidance. With how many there are, behind `after`. Of a person with
    several, the latest one.
    """
    known = sa.func.coalesce(col(Interview.subject_ref), col(Waiting.subject_ref))
    columns = (col(Interview.id), col(Interview.starts_at), col(Interview.area), col(Interview.visit_id))
    query = (
        sa.select(*columns, col(Waiting.ticket), known)
        .outerjoin(Waiting, col(Waiting.id) == col(Interview.visit_id))
        .where(
            col(Interview.counsellor) == counsellor,
            col(Interview.starts_at) > now - ACCEPTED_WAITS,
            col(Interview.centre) == centre,
            col(Interview.kind) == InterviewKind.INFORMATION.value,
            col(Interview.status).in_(HELD),
            col(Interview.outcome)["guidance_taken"].as_boolean(),
            sa.or_(col(Interview.subject_ref).is_not(None), col(Waiting.id).is_not(None)),
            can_be_booked(known),
        )
        .order_by(col(Interview.starts_at).desc(), col(Interview.id))
    )
    found = [Accepted(*row) for row in await session.execute(query)]
    since = [(one.subject_ref, one.starts_at) for one in found if one.subject_ref is not None]
    begun = await _begun(session, since)
    groups = await groups_of(session, Alias, {ref for ref, _at in since})
    listed = dict[UUID, Accepted]()
    for one in found:
        if (one.subject_ref, one.starts_at) not in begun:
            listed.setdefault(groups[one.subject_ref][0] if one.subject_ref is not None else one.id, one)
    rows = list(listed.values())
    behind = next((number for number, one in enumerate(rows, 1) if one.id == after), 0)
    return rows[behind : behind + limit], len(rows) - behind


async def guidance_booked(session: AsyncSession, since: Collection[tuple[UUID, datetime]]) -> set[UUID]:
    """Those of these people who have an interview, booked or held, on a path that was open after that moment."""
    return {ref for ref, _at in await _begun(session, since, booked=True)}


async def _begun(
    session: AsyncSession, since: Iterable[tuple[UUID, datetime]], *, booked: bool = False
) -> set[tuple[UUID, datetime]]:
    """Of whom a path was open after that moment. `booked`: with an interview; a workshop's has its sessions."""
    groups = await groups_of(session, Alias, {ref for ref, _at in since})
    everyone = {one for group in groups.values() for one in group}
    if not everyone:
        return set()
    query = sa.select(col(GuidancePath.subject_ref), col(GuidancePath.closed_at)).where(
        col(GuidancePath.subject_ref).in_(everyone)
    )
    if booked:
        on_it = sa.exists().where(col(Interview.path_id) == col(GuidancePath.id), col(Interview.status).in_(ON_PATH))
        query = query.where(sa.or_(col(GuidancePath.method) == Method.COLLECTIVE.value, on_it))
    paths = [(row[0], row[1]) for row in await session.execute(query)]
    return {
        (ref, at)
        for ref, at in since
        if any(one in groups[ref] and (closed_at is None or closed_at > at) for one, closed_at in paths)
    }
