"""A person's consent: without that to the plan, their plans are closed to the centre."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.consent import Purpose, purposes_left
from services.plans.actions.erasure import subject_of
from services.plans.store import Plan, Subject


async def give(work: Work, subject_ref: UUID, in_force: Iterable[str]) -> None:
    """Stores the purposes after the registration or a later consent. Ignores an erased person."""
    await _set_purposes(work, await subject_of(work, subject_ref), in_force)


async def withdraw(work: Work, subject_ref: UUID, purposes: Iterable[str], in_force: Iterable[str] | None) -> None:
    """Stores the purposes after a withdrawal. Ignores an erased person."""
    subject = await subject_of(work, subject_ref)
    # Purposes that were given before this service stored them are unknown; only an event of that time lacks `in_force`.
    before = list(Purpose) if subject.purposes is None else subject.purposes
    await _set_purposes(work, subject, purposes_left(before, purposes, in_force))


async def _set_purposes(work: Work, subject: Subject, in_force: Iterable[str]) -> None:
    if subject.erased_at is not None:
        return
    was_closed = subject.plan_is_closed
    subject.purposes = sorted(in_force)
    if subject.plan_is_closed == was_closed:
        return
    await work.session.flush()
    plans = sa.select(Plan).where(col(Plan.subject_ref) == subject.id).order_by(col(Plan.id)).with_for_update()
    for plan in (await work.session.scalars(plans)).all():
        plan.closed_to_centre = subject.plan_is_closed
        work.notify_board(f"plan:{plan.id}", f"plans:{plan.centre}")
