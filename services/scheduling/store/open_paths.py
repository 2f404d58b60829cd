"""The open paths of a centre with nothing to come, which no counsellor of the centre has in their own list."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.contracts.scheduling import Method
from services.scheduling.domain.rules import PATH_LIMIT
from services.scheduling.domain.states import BOOKED, ENDED, HELD, ON_PATH, RUNNING, WorkshopStatus, is_finished
from services.scheduling.domain.todo import PATH_LISTED, PATH_WAITS, NothingToCome
from services.scheduling.store.copies import can_be_booked
from services.scheduling.store.interviews import GuidancePath, Interview
from services.scheduling.store.todo import Counted, with_total
from services.scheduling.store.workshops import Workshop, led_by

_FINISHED = tuple(status.value for status in WorkshopStatus if is_finished(status))


class OpenPath(NamedTuple):
    """A path, why it is listed (`NothingToCome`), and since when: its last appointment or session, or its opening."""

    id: UUID
    subject_ref: UUID
    area: str | None
    why: str
    at: datetime
    workshop_id: UUID | None
    title: str | None


async def open_paths(
    session: AsyncSession,
    centre: str,
    counsellor: str,
    team: Collection[str],
    now: datetime,
    after: UUID | None = None,
    limit: int = 100,
) -> Counted[OpenPath]:
    """Those of the counsellor's own workshops first, then in order of time. `team`: with whom the centre books.

    Opened not longer than `PATH_LISTED` ago; a last appointment is not longer than `PATH_WAITS` ago. None of people
    who withdrew their consent to guidance, and none that had every interview it allows.
    """
    both = sa.union_all(_after_workshops(centre, counsellor, now), _individual(centre, team, now)).subquery()
    order = ListOrder(both.c.rank, both.c.at, id=both.c.id)
    *shown, _rank = both.c
    return await with_total(session, OpenPath, sa.select(*shown), order, limit, after)


def _listed(centre: str, method: Method, now: datetime) -> tuple[Any, ...]:
    """By the index of open paths."""
    return (
        col(GuidancePath.closed_at).is_(None),
        col(GuidancePath.centre) == centre,
        col(GuidancePath.opened_at) > now - PATH_LISTED,
        col(GuidancePath.method) == method.value,
        col(GuidancePath.subject_ref).is_not(None),
        can_be_booked(col(GuidancePath.subject_ref)),
    )


def _of_path(what: Any, *statuses: str) -> Any:
    """One value of the interviews of the path with these statuses, by their index: no join, as in `store.todo`."""
    return sa.select(what).where(col(Interview.path_id) == col(GuidancePath.id), col(Interview.status).in_(statuses))


def _after_workshops(centre: str, counsellor: str, now: datetime) -> Any:
    own = sa.case((led_by(counsellor), 0), else_=1)
    last_at: Any = col(Workshop.last_at)
    workshop_id: Any = col(Workshop.id)
    return (
        sa.select(
            *(col(GuidancePath.id), col(GuidancePath.subject_ref), col(GuidancePath.area)),
            sa.literal(NothingToCome.MISSED_LAST.value).label("why"),
            *(last_at.label("at"), workshop_id.label("workshop_id"), col(Workshop.title)),
            own.label("rank"),
        )
        .join(Workshop, col(Workshop.id) == col(GuidancePath.workshop_id))
        .where(
            *_listed(centre, Method.COLLECTIVE, now),
            col(GuidancePath.finalising_due_at).is_(None),
            col(Workshop.status).in_(_FINISHED),
            ~_of_path(col(Interview.id), *ON_PATH).exists(),
        )
    )


def _individual(centre: str, team: Collection[str], now: datetime) -> Any:
    latest = (col(Interview.starts_at).desc(), col(Interview.id).desc())
    ended = (
        sa.select(
            *(col(GuidancePath.id), col(GuidancePath.subject_ref), col(GuidancePath.area)),
            col(GuidancePath.opened_at),
            _of_path(col(Interview.starts_at), *ENDED).order_by(*latest).limit(1).scalar_subquery().label("last_at"),
            _of_path(col(Interview.counsellor), *ENDED).order_by(*latest).limit(1).scalar_subquery().label("last_with"),
        )
        .where(
            *_listed(centre, Method.INDIVIDUAL, now),
            ~_of_path(col(Interview.id), *BOOKED, *RUNNING).exists(),
            _of_path(sa.func.count(), *HELD).scalar_subquery() < PATH_LIMIT,
        )
        .subquery()
    )
    never = ended.c.last_at.is_(None)
    left = sa.and_(ended.c.last_with.not_in(sorted(team)), ended.c.last_at > now - PATH_WAITS)
    return sa.select(
        *(ended.c.id, ended.c.subject_ref, ended.c.area),
        sa.case((never, NothingToCome.NO_INTERVIEW.value), else_=NothingToCome.COUNSELLOR_LEFT.value).label("why"),
        sa.func.coalesce(ended.c.last_at, ended.c.opened_at).label("at"),
        _none(col(Workshop.id)).label("workshop_id"),
        _none(col(Workshop.title)).label("title"),
        sa.literal(1).label("rank"),
    ).where(sa.or_(never, left))


def _none(column: Any) -> Any:
    """NULL where the other branch of the union has this column."""
    return sa.type_coerce(sa.null(), column.type)
