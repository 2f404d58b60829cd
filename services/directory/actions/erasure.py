"""Erases a person: deletes every reference to them and keeps the referrals for the figures."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.directory import DirectoryPurged
from services.contracts.directory import ReferralStatus as Status
from services.directory.actions.opening import lock_subject
from services.directory.actions.referrals import centre_board, progress
from services.directory.domain import OPEN, WITHDRAWN, Party
from services.directory.store import ErasedSubject, Referral, SubjectKey, UnassignedReferral


async def erase_subject(work: Work, subject_ref: UUID) -> None:
    """Erases a person and emits `DirectoryPurged`. Cancels open referrals and deletes the key of partner references.

    Keeps the reference in `erased_subjects`, so that a late or repeated event does not restore the person. A further
    erasure, of a person whom a restored intake knew again, is confirmed too.
    """
    if not await lock_subject(work, subject_ref):
        erased = await work.load(ErasedSubject, subject_ref)
        work.emit(erased, DirectoryPurged(subject_ref=subject_ref, at=work.now))
        return
    await work.session.flush()
    mine = (
        await work.session.scalars(sa.select(col(Referral.id)).where(col(Referral.subject_ref) == subject_ref))
    ).all()
    await work.prefetch(Referral, mine)
    for id in mine:
        referral = await work.load(Referral, id)
        if Status(referral.status) in OPEN:
            # Before the references are deleted: consumers need the action's id.
            await progress(work, id, Status.CANCELLED, party=Party.CENTRE, by=None, reason=WITHDRAWN)
        referral.subject_ref = referral.plan_id = referral.action_id = None
    for waiting in await work.session.scalars(
        sa.select(UnassignedReferral).where(col(UnassignedReferral.subject_ref) == subject_ref)
    ):
        await work.session.delete(waiting)
        work.notify_board(centre_board(waiting.centre))
    await work.session.delete(await work.load(SubjectKey, subject_ref))
    erased = work.start(ErasedSubject(id=subject_ref, erased_at=work.now))
    work.emit(erased, DirectoryPurged(subject_ref=subject_ref, at=work.now))
    # Flushed now: later events of the same batch must find the erased reference.
    await work.session.flush()
