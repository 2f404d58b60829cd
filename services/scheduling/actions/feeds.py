"""Calendars that other programs subscribe to: made, replaced and ended by whose they are."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, ShownBefore, msg
from services.chassis.storage.store import Work
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.claims import staff_code
from services.scheduling.domain.feeds import digest, new_secret
from services.scheduling.store import KnownPerson
from services.scheduling.store.feeds import CounsellorFeed, VisitorFeed


async def make_counsellor_feed(work: Work, person: Person, code: str, id: UUID, language: str) -> str:
    """Make a counsellor's own calendar, which ends the one before. Returns its secret, which is stored nowhere.

    `id`: chosen with the form. Raises `NotFound` if it is not their own, `ShownBefore`.
    """
    await _check_own(work, person, code)
    work.guard("counsellor_feeds_key", ShownBefore())
    before = await work.find(CounsellorFeed, code)
    if before is not None and before.id == id:
        raise ShownBefore()
    secret = new_secret()
    made = CounsellorFeed(counsellor=code, id=id, secret=digest(secret), language=language, made_at=work.now)
    if before is None:
        work.add(made)
    else:
        before.id, before.secret, before.language, before.made_at = id, made.secret, language, work.now
    return secret


async def end_counsellor_feed(work: Work, person: Person, code: str) -> None:
    """End a counsellor's own calendar; one that is ended stays so. Raises `NotFound` if it is not their own."""
    await _check_own(work, person, code)
    if (feed := await work.find(CounsellorFeed, code)) is not None:
        await work.session.delete(feed)


async def _check_own(work: Work, person: Person, code: str) -> None:
    """Nobody makes a calendar of another one's appointments, their managers neither. Raises `NotFound`."""
    await centres_kept(work.session, person, code)
    if staff_code(person) != code:
        raise NotFound(what=msg("counsellor"))


async def make_visitor_feed(work: Work, refs: Sequence[UUID], id: UUID, language: str) -> str:
    """Make a visitor's calendar, which ends the one before, also of who was registered twice. Returns its secret.

    `refs`: the visitor's, that of their link first. Raises `NotFound` for an erased person, `ShownBefore`.
    """
    work.guard("visitor_feeds_key", ShownBefore())
    await work.prefetch(KnownPerson, refs)  # an erasure that comes meanwhile waits, and deletes it
    person = await work.find(KnownPerson, refs[0])
    if person is None or person.erased_at is not None:
        raise NotFound(what=msg("registered person"))
    kept = (await work.session.scalars(sa.select(VisitorFeed).where(col(VisitorFeed.subject_ref).in_(refs)))).all()
    if any(one.id == id for one in kept):
        raise ShownBefore()
    await end_visitor_feed(work, refs)
    secret = new_secret()
    work.add(VisitorFeed(subject_ref=refs[0], id=id, secret=digest(secret), language=language, made_at=work.now))
    return secret


async def end_visitor_feed(work: Work, refs: Sequence[UUID]) -> None:
    """End the visitor's calendar, if there is one."""
    await work.session.flush()
    theirs = sa.delete(VisitorFeed).where(col(VisitorFeed.subject_ref).in_(refs))
    await work.session.execute(theirs.execution_options(synchronize_session=False))
