"""Erases a person from plans, independent of the order in which events arrive."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.aliases import erase_aliases
from services.chassis.copies.visitors import erase_visitor
from services.chassis.events.dead_letters import erase_dead_letters
from services.chassis.storage.store import Work
from services.contracts.plans import PlansPurged
from services.plans.store import Alias, Attendance, HeldInterview, Path, Plan, Referral, Subject, Visitor


async def is_erased(work: Work, subject_ref: UUID) -> bool:
    """Whether this person was erased. Locks the reference, so that a concurrent erasure waits."""
    return (await subject_of(work, subject_ref)).erased_at is not None


async def erase_subject(work: Work, subject_ref: UUID, at: datetime) -> None:
    """Deletes every row under this reference and emits `PlansPurged`. Later events under it are ignored."""
    await erase_dead_letters(work, subject_ref)
    known = await work.find(Subject, subject_ref)
    found = known is not None and known.erased_at is None
    subject = known or await subject_of(work, subject_ref)
    subject.erased_at, subject.purposes = at, None
    await work.session.flush()
    plans = (await work.session.scalars(sa.select(Plan).where(col(Plan.subject_ref) == subject_ref))).all()
    work.notify_board(*(f"plan:{plan.id}" for plan in plans), *(f"plans:{plan.centre}" for plan in plans))
    # The foreign keys cascade to everything written in a plan.
    await work.session.execute(sa.delete(Plan).where(col(Plan.subject_ref) == subject_ref))
    await work.session.execute(sa.delete(Referral).where(col(Referral.subject_ref) == subject_ref))
    for path in (await work.session.scalars(sa.select(Path).where(col(Path.subject_ref) == subject_ref))).all():
        await erase_path(work, path)
    await erase_visitor(work, Visitor, subject_ref)
    await erase_aliases(work, Alias, subject_ref)
    work.erased.add(subject_ref)
    work.emit(subject, PlansPurged(subject_ref=subject_ref, at=work.now, found=found))


async def erase_path(work: Work, path: Path) -> None:
    """Empties a path. Its id stays, so that later events about it are ignored too."""
    await work.session.flush()
    await work.session.execute(sa.delete(HeldInterview).where(col(HeldInterview.path_id) == path.id))
    await work.session.execute(sa.delete(Attendance).where(col(Attendance.path_id) == path.id))
    path.erased, path.correlation_id = True, path.id
    path.subject_ref = path.centre = path.method = None
    path.opened_at = path.seated_at = path.first_held_at = path.first_attended_at = path.finalising_due_at = None
    path.workshop_id = path.reopened_at = None


async def subject_of(work: Work, subject_ref: UUID) -> Subject:
    """The row of a person's reference, locked; inserted if it is new."""
    known = await work.find(Subject, subject_ref)
    return known if known is not None else work.start(Subject(id=subject_ref))
