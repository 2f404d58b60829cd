"""Lists of plans: of a centre by stage, and of a person."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.contracts.plans import Dimension
from services.contracts.scheduling import Method
from services.plans.domain import INTERVIEWS_NEEDED, Stage
from services.plans.store.paths import Attendance, HeldInterview, Path
from services.plans.store.plans import ActionTrack, Assessment, Goal, InformationStep, Plan

Condition = sa.ColumnElement[bool]
_LAST_OPENED = ListOrder(col(Plan.opened_at), id=col(Plan.id), newest_first=True)


async def plans_of_centre(
    session: AsyncSession,
    centre: str,
    *,
    stage: Stage | None = None,
    method: Method | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> Sequence[Plan]:
    """The plans that the centre may read, the last opened first, after the plan `after`."""
    chosen = sa.select(Plan).where(_open_to(centre))
    if stage is not None:
        chosen = chosen.where(_in_stage(stage))
    if method is not None:
        chosen = chosen.where(col(Plan.method) == method.value)
    return (await session.scalars(await _LAST_OPENED.page(session, chosen, limit, after))).all()


async def count_of_centre(session: AsyncSession, centre: str) -> dict[Stage, int]:
    """How many plans of the centre are at each stage; those ready to confirm are among the open ones."""
    counted = [sa.func.count(sa.case((_in_stage(stage), 1))) for stage in Stage]
    row = (await session.execute(sa.select(*counted).select_from(Plan).where(_open_to(centre)))).one()
    return dict(zip(Stage, row, strict=True))


async def count_ready(session: AsyncSession, centre: str) -> int:
    """How many plans of the centre are ready to confirm."""
    counted = sa.select(sa.func.count()).select_from(Plan).where(_open_to(centre), _in_stage(Stage.READY))
    return await session.scalar(counted) or 0


async def plans_of_subject(session: AsyncSession, *refs: UUID) -> Sequence[Plan]:
    """A person's plans under these references, the last opened first."""
    chosen = sa.select(Plan).where(col(Plan.subject_ref).in_(refs))
    return (await session.scalars(chosen.order_by(col(Plan.opened_at).desc(), col(Plan.id)))).all()


def _open_to(centre: str) -> Condition:
    return sa.and_(col(Plan.centre) == centre, col(Plan.closed_to_centre).is_(False))


def _in_stage(stage: Stage) -> Condition:
    unconfirmed = col(Plan.confirmed_at).is_(None)
    # By the id of each plan's path: PostgreSQL answers `NOT EXISTS` by reading all paths.
    stopped_at = sa.select(col(Path.stopped_at)).where(col(Path.id) == col(Plan.path_id)).scalar_subquery()
    stopped = stopped_at.is_not(None)
    match stage:
        case Stage.CONFIRMED:
            return ~unconfirmed
        case Stage.STOPPED:
            return sa.and_(unconfirmed, stopped)
        case Stage.READY:
            return sa.and_(unconfirmed, stopped_at.is_(None), _ready())
        case Stage.OPEN:
            return sa.and_(unconfirmed, stopped_at.is_(None))


def _ready() -> Condition:
    """The domain's checklist as SQL, to filter a list by it. A test compares both."""
    held = sa.select(sa.func.count()).where(col(HeldInterview.path_id) == col(Plan.path_id)).scalar_subquery()
    seat = sa.or_(col(Path.workshop_id).is_(None), col(Attendance.workshop_id) == col(Path.workshop_id))
    last_session = sa.exists().where(col(Attendance.path_id) == col(Path.id), col(Attendance.final).is_(True), seat)
    finished = sa.exists().where(
        col(Path.id) == col(Plan.path_id), sa.or_(col(Path.finalising_due_at).is_not(None), last_session)
    )
    individual = sa.and_(col(Plan.method) == Method.INDIVIDUAL.value, held >= INTERVIEWS_NEEDED)
    collective = sa.and_(col(Plan.method) == Method.COLLECTIVE.value, held >= 1, finished)
    return sa.and_(sa.or_(individual, collective), _dimensions_written(), _has(Goal), _has(ActionTrack))


def _dimensions_written() -> Condition:
    of_plan = sa.and_(col(Assessment.plan_id) == col(Plan.id), col(Assessment.text) != "")
    information = col(Assessment.dimension) == Dimension.INFORMATION.value
    assessed = sa.select(sa.func.count()).select_from(Assessment).where(of_plan, ~information).scalar_subquery()
    result = sa.exists().where(col(InformationStep.plan_id) == col(Plan.id), col(InformationStep.result).is_not(None))
    return sa.and_(assessed == len(Dimension) - 1, sa.or_(sa.exists().where(of_plan, information), result))


def _has(table: type[Goal] | type[ActionTrack]) -> Condition:
    return sa.exists().where(col(table.plan_id) == col(Plan.id))
