"""Queues messages to registered persons who consent to them. `letters` composes each when it is sent.

Rows are locked in this order: the visitor (in a batch of events all of them), then their reminders. An erasure deletes
reminders before messages.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.mail.messages import USEFUL
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Store, Work
from services.contracts.consent import Purpose
from services.contracts.directory import ReferralStatus
from services.intake.domain.messages import MailPurpose, Meeting, message_id, next_reminder, send_at
from services.intake.store import Centre, Consent, Visitor
from services.intake.store.messages import Message, ReferredPerson, drop_open, next_edition
from services.intake.store.reminders import Reminder, delete_over, to_remind

AT_ONCE = 200
"""Most appointments that one unit of work reminds of."""
KEPT = timedelta(days=2)
"""How long the times of an appointment are kept after its end."""


async def agrees(session: AsyncSession, subject_ref: UUID, purpose: Purpose = Purpose.REMINDERS) -> bool:
    """Whether this person consents to messages, or to this. False also if nobody has this reference."""
    in_force = sa.exists().where(
        col(Consent.subject_ref) == subject_ref,
        col(Consent.purpose) == purpose,
        col(Consent.withdrawn_at).is_(None),
    )
    return bool(await session.scalar(sa.select(in_force)))


async def queue_about(
    work: Work,
    purpose: MailPurpose,
    subject_ref: UUID,
    centre: str,
    about: UUID,
    meetings: Sequence[Meeting],
    edition: int,
    occasion: str = "",
    until: datetime | None = None,
) -> None:
    """Queue a message about an appointment or a seat, unless it is over. It replaces those about it that wait.

    `edition`: what is in a calendar gets a later one if this one was sent already, for example because what had ended
    was undone: calendar programs ignore what is not newer (RFC 5546, 2.1.4). `occasion`: what sets the message apart
    from others that have no editions. `until`: it is of use until then; None: until the last meeting begins.
    """
    await drop_open(work.session, col(Message.about) == about, work.now)
    if purpose.in_calendar:
        edition = max(edition, await next_edition(work.session, about))
    last = max((one.starts_at for one in meetings), default=work.now)
    if until is not None:
        last = min(last, until)
    if last > work.now:
        occasion = occasion or f"{edition}/{meetings[0].starts_at.isoformat()}"
        await _queue(work, purpose, subject_ref, centre, last, about, occasion, meetings=meetings, edition=edition)


async def queue_notice(
    work: Work, purpose: MailPurpose, subject_ref: UUID, about: UUID, occasion: object, at: datetime
) -> None:
    """Queue a message that is about no appointment, on something of this time. None if that is long ago."""
    if purpose is MailPurpose.FINALISING_DUE and not await agrees(work.session, subject_ref, Purpose.GUIDANCE):
        return  # nothing can be booked for them
    visitor = await work.find(Visitor, subject_ref)
    if visitor is not None and at + USEFUL > work.now:
        await _queue(work, purpose, subject_ref, visitor.centre, at + USEFUL, about, occasion)


async def drop_notice(work: Work, purpose: MailPurpose, about: UUID, occasion: object) -> None:
    """Drop a message that `queue_notice` queued and that waits to be sent."""
    await drop_open(work.session, col(Message.id) == message_id(about, purpose, occasion), work.now)


async def queue_confirmation(
    work: Work, id: UUID, code: UUID, subject_ref: UUID, centre: str, meeting: Meeting, until: datetime
) -> None:
    """Queue the message that confirms a contact, at any hour: its link works until then. It replaces one that waits."""
    await drop_open(work.session, col(Message.about) == id, work.now)
    work.add(
        Message(
            id=message_id(id, MailPurpose.BOOKING_TO_CONFIRM, code),
            purpose=MailPurpose.BOOKING_TO_CONFIRM.value,
            queued_at=work.now,
            useful_until=until,
            subject_ref=subject_ref,
            centre=centre,
            about=id,
            meetings=[meeting.stored()],
        )
    )


async def _queue(
    work: Work,
    purpose: MailPurpose,
    subject_ref: UUID,
    centre: str,
    useful_until: datetime,
    about: UUID,
    occasion: object,
    *,
    meetings: Sequence[Meeting] = (),
    edition: int = 0,
) -> None:
    id = message_id(about, purpose, occasion)
    await work.session.flush()
    if not await agrees(work.session, subject_ref) or await work.find(Message, id) is not None:
        return
    known = await work.session.get(Centre, centre)
    at = send_at(work.now, useful_until, known.zone if known is not None else BRUSSELS)
    work.add(
        Message(
            id=id,
            purpose=purpose.value,
            queued_at=at,
            claimed_until=at if at > work.now else None,
            useful_until=useful_until,
            subject_ref=subject_ref,
            centre=centre,
            about=about,
            meetings=[one.stored() for one in meetings],
            edition=edition,
        )
    )


async def tasks_planned(work: Work, subject_ref: UUID, at: datetime) -> None:
    """The plan has a new task: one message a day, however many there are."""
    day = at.astimezone(BRUSSELS).date()
    await queue_notice(work, MailPurpose.PLAN_TASKS, subject_ref, subject_ref, day, at)


async def remember_referral(work: Work, referral_id: UUID, subject_ref: UUID, centre: str) -> None:
    """Keep whose referral it is, if they are registered here."""
    if await work.find(Visitor, subject_ref) is not None and await work.find(ReferredPerson, referral_id) is None:
        work.add(ReferredPerson(id=referral_id, subject_ref=subject_ref, centre=centre))


async def referral_progressed(work: Work, referral_id: UUID, status: ReferralStatus, at: datetime) -> None:
    """The person learns that the provider has answered. Nobody will answer one that has ended."""
    match status:
        case ReferralStatus.ACCEPTED:
            await _referral_answered(work, referral_id, status, at)
        case ReferralStatus.REJECTED:
            await _referral_answered(work, referral_id, status, at)
            await _delete_referred_person(work, referral_id)
        case ReferralStatus.COMPLETED | ReferralStatus.CANCELLED | ReferralStatus.EXPIRED:
            await _delete_referred_person(work, referral_id)
        case ReferralStatus.REQUESTED | ReferralStatus.RECEIVED | ReferralStatus.IN_PROGRESS:
            pass


async def _referral_answered(work: Work, referral_id: UUID, status: str, at: datetime) -> None:
    known = await work.session.get(ReferredPerson, referral_id)
    if known is not None:
        await queue_notice(work, MailPurpose.REFERRAL_ANSWERED, known.subject_ref, referral_id, status, at)


async def _delete_referred_person(work: Work, referral_id: UUID) -> None:
    known = await work.find(ReferredPerson, referral_id)
    if known is not None:
        await work.session.delete(known)


async def remind(store: Store) -> bool:
    """Queue the reminders that are due. True: there may be more."""
    async with store.work() as work:
        due = await to_remind(work.session, work.now, AT_ONCE)
        for one in due:
            one.remind_at = next_reminder(one.starts_at, work.now)
            if one.starts_at > work.now:
                await _remind_of(work, one)
    return len(due) == AT_ONCE


async def _remind_of(work: Work, one: Reminder) -> None:
    """Queue a reminder, which is worth sending until the next one is due, or the appointment begins."""
    await _queue(
        work,
        MailPurpose.APPOINTMENT_REMINDER if one.seat_id is None else MailPurpose.WORKSHOP_REMINDER,
        one.subject_ref,
        one.centre,
        one.remind_at or one.starts_at,
        one.seat_id or one.id,
        f"{one.starts_at.isoformat()}/{one.remind_at}",
        meetings=[one.meeting],
        edition=one.moves,
    )


async def end_reminders(store: Store) -> bool:
    """Delete the reminders of appointments that are over. Returns False: one round deletes all."""
    async with store.work() as work:
        await delete_over(work.session, work.now - KEPT)
    return False
