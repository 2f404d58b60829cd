"""Erases a person: deletes every reference to them and keeps the referrals for the figures."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.aliases import erase_aliases
from services.chassis.copies.visitors import erase_visitor
from services.chassis.events.dead_letters import erase_dead_letters
from services.chassis.storage.store import Work
from services.contracts.directory import DirectoryPurged
from services.directory.actions.consent import cancel_open
from services.directory.actions.people import lock_subject
from services.directory.actions.referrals import centre_board
from services.directory.store import Alias, ErasedSubject, RegisteredPerson, SubjectKey, UnassignedReferral, Visitor


async def erase_subject(work: Work, subject_ref: UUID, at: datetime) -> None:
    """Erases a person, whom intake erased at this time, and emits `DirectoryPurged`.

    Cancels open referrals and deletes the key of partner references.
    Keeps the reference in `erased_subjects`, so that a late or repeated event does not restore the person. A further
    erasure, of a person whom a restored intake knew again, is confirmed too.
    """
    await erase_visitor(work, Visitor, subject_ref)
    await erase_aliases(work, Alias, subject_ref)
    await erase_dead_letters(work, subject_ref)
    if not await lock_subject(work, subject_ref):
        erased = await work.load(ErasedSubject, subject_ref)
        work.emit(erased, DirectoryPurged(subject_ref=subject_ref, at=work.now, found=False))
        return
    # Before the references are deleted: consumers need the action's id.
    referrals = await cancel_open(work, subject_ref)
    for referral in referrals:
        referral.subject_ref = referral.plan_id = referral.action_id = None
    mine = sa.select(UnassignedReferral).where(col(UnassignedReferral.subject_ref) == subject_ref)
    unassigned = (await work.session.scalars(mine)).all()
    for waiting in unassigned:
        await work.session.delete(waiting)
        work.notify_board(centre_board(waiting.centre))
    await work.session.delete(await work.load(SubjectKey, subject_ref))
    if (person := await work.find(RegisteredPerson, subject_ref)) is not None:
        await work.session.delete(person)
    erased = work.start(ErasedSubject(id=subject_ref, erased_at=at))
    work.erased.add(subject_ref)
    found = bool(person or referrals or unassigned)
    work.emit(erased, DirectoryPurged(subject_ref=subject_ref, at=work.now, found=found))
    # Flushed now: later events of the same batch must find the erased reference.
    await work.session.flush()
