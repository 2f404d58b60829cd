"""A person's consent to referrals, given and withdrawn."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.consent import Purpose, purposes_left
from services.contracts.directory import ReferralStatus as Status
from services.directory.actions.opening import send_waiting
from services.directory.actions.people import lock_subject, store_purposes
from services.directory.actions.referrals import progress
from services.directory.domain import OPEN, WITHDRAWN, Party
from services.directory.store import Referral, RegisteredPerson


async def give(work: Work, subject_ref: UUID, centre: str, in_force: Iterable[str]) -> None:
    """Stores to what a person consents, and sends the referrals that waited for it. Ignores an erased person."""
    person = await store_purposes(work, subject_ref, centre, in_force)
    if person is not None and Purpose.REFERRAL in person.purposes:
        await send_waiting(work, subject_ref)


async def withdraw(work: Work, subject_ref: UUID, purposes: Iterable[str], in_force: Iterable[str] | None) -> None:
    """Stores to what a person still consents; without referrals, cancels the open ones. Ignores an unknown person."""
    person = await work.find(RegisteredPerson, subject_ref)
    if person is None:
        return
    person.purposes = purposes_left(person.purposes, purposes, in_force)
    if Purpose.REFERRAL not in person.purposes and await lock_subject(work, subject_ref):
        await cancel_open(work, subject_ref)


async def cancel_open(work: Work, subject_ref: UUID) -> list[Referral]:
    """Cancels a person's open referrals on behalf of the centre. Returns all of their referrals, locked."""
    await work.session.flush()
    mine = (
        await work.session.scalars(sa.select(col(Referral.id)).where(col(Referral.subject_ref) == subject_ref))
    ).all()
    await work.prefetch(Referral, mine)
    referrals = [await work.load(Referral, id) for id in mine]
    for referral in referrals:
        if Status(referral.status) in OPEN:
            await progress(work, referral.id, Status.CANCELLED, party=Party.CENTRE, by=None, reason=WITHDRAWN)
    return referrals
