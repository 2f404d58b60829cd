"""When registered persons are reminded of their appointments: interviews, and seats in a workshop's sessions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.store import Aggregate
from services.contracts.appointments import AppointmentMode
from services.intake.domain.messages import Meeting
from services.intake.store.table import Table

_TO_REMIND = sa.text("remind_at IS NOT NULL")


class Reminder(Aggregate, Table, table=True):
    """The reminders of one appointment of a registered person. Deleted when it is over or cancelled.

    `id` is that of the appointment: the interview's, or that of `contracts.queue.seat_appointment`.
    """

    __tablename__ = "reminders"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("reminders_due", "remind_at", postgresql_where=_TO_REMIND, sqlite_where=_TO_REMIND),)

    centre: str = Field(max_length=40)
    subject_ref: UUID = Field(index=True)
    starts_at: datetime
    ends_at: datetime = Field(index=True)
    workshop_id: UUID | None = Field(default=None, index=True)
    seat_id: UUID | None = Field(default=None, index=True)
    mode: str = Field(
        default=AppointmentMode.IN_PERSON.value,
        max_length=20,
        sa_column_kwargs={"server_default": AppointmentMode.IN_PERSON.value},
    )
    moves: int = 0
    """How often it got another time or mode."""
    remind_at: datetime | None = None
    """When the next reminder is due. None: there is none left."""

    @property
    def meeting(self) -> Meeting:
        """What it reminds of."""
        return Meeting(self.id, self.starts_at, self.ends_at, AppointmentMode(self.mode))


async def of_seat(session: AsyncSession, seat_id: UUID) -> Sequence[Reminder]:
    """The reminders of this seat, locked, the first one first."""
    query = sa.select(Reminder).where(col(Reminder.seat_id) == seat_id).order_by(col(Reminder.id))
    return sorted(await session.scalars(query.with_for_update()), key=lambda one: one.starts_at)


async def seats_of(session: AsyncSession, workshop_id: UUID) -> Sequence[UUID]:
    """The seats in this workshop of persons who are registered here."""
    query = sa.select(col(Reminder.seat_id)).where(col(Reminder.workshop_id) == workshop_id).distinct()
    return sorted(seat for seat in await session.scalars(query) if seat is not None)


async def to_remind(session: AsyncSession, now: datetime, limit: int) -> Sequence[Reminder]:
    """Those that are due, locked; without those that another replica queues now."""
    due = sa.select(Reminder).where(col(Reminder.remind_at).is_not(None), col(Reminder.remind_at) <= now)
    ordered = due.order_by(col(Reminder.remind_at)).limit(limit)
    return (await session.scalars(ordered.with_for_update(skip_locked=True))).all()


async def delete_over(session: AsyncSession, before: datetime) -> None:
    """Delete those of what was over by then."""
    await session.execute(sa.delete(Reminder).where(col(Reminder.ends_at) < before))
