"""The devices of the centres that check in without the network, and the tickets that they gave."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import upsert
from services.chassis.storage.list_order import ListOrder
from services.intake.domain.devices import RANGE
from services.intake.store.table import Table


class Device(Table, table=True):
    """A browser at a desk, or a kiosk. Of its key there is only a digest."""

    __tablename__ = "devices"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.UniqueConstraint("centre", "slot", "holds_slot", name="devices_slot_unique"),)

    id: UUID = Field(primary_key=True)
    """Chosen by the browser."""
    centre: str = Field(max_length=40)
    kind: str = Field(max_length=20)
    """A `DeviceKind`."""
    slot: int
    """Whose numbers its tickets have."""
    holds_slot: bool | None = True
    """None: another device has the slot now, and this one gets a new slot when it is used again."""
    earlier_slots: list[int] = Field(sa_type=sa.JSON)
    """Slots that it had before; tickets of these may still come."""
    key: str = Field(max_length=64)
    enrolled_at: datetime
    enrolled_by: str = Field(max_length=200)
    """The `subject` of the account that set it up."""
    signed_in: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))  # pyright: ignore[reportArgumentType]
    """The sign-in with which a kiosk was set up, an `AccountToken` without its signature: its key ends with it."""
    opened_at: datetime
    """When it was last set up or opened by a signed-in team or kiosk, within `USED_AGAIN`. Sending does not count."""
    last_used_at: datetime
    """When it was last opened, or has sent check-ins."""
    revoked_at: datetime | None = None
    revoked_by: str | None = Field(default=None, max_length=200)

    @property
    def slots(self) -> Collection[int]:
        """Every slot that it has or had."""
        return (self.slot, *self.earlier_slots)


class OfflineTicket(Table, table=True):
    """A number of a day that a device gave. The key makes it unique, as the counter does those of the server."""

    __tablename__ = "offline_tickets"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True, max_length=40)
    day: date = Field(primary_key=True)
    number: int = Field(primary_key=True)
    visit_id: UUID


Number = tuple[str, date, int]
"""A number of a centre's day."""


async def keep_numbers(session: AsyncSession, wanted: Mapping[Number, UUID]) -> set[Number]:
    """Keep the numbers for these visits. Returns those that were free; the others belong to other visits."""
    if not wanted:
        return set()
    rows = [{"centre": c, "day": d, "number": n, "visit_id": id} for (c, d, n), id in sorted(wanted.items())]
    return {(row.centre, row.day, row.number) for row in await session.execute(_keep(session), rows)}


@upsert
def _keep(insert: Any) -> Any:
    tickets = OfflineTicket.metadata.tables["offline_tickets"]
    kept = insert(tickets).on_conflict_do_nothing()
    return kept.returning(tickets.c.centre, tickets.c.day, tickets.c.number)


async def highest_number(session: AsyncSession, centre: str, day: date, slot: int) -> int:
    """The highest number of this slot that is known of this day; without one, that before the first."""
    first = slot * RANGE
    query = sa.select(sa.func.max(col(OfflineTicket.number))).where(
        col(OfflineTicket.centre) == centre,
        col(OfflineTicket.day) == day,
        col(OfflineTicket.number) > first,
        col(OfflineTicket.number) < first + RANGE,
    )
    return int(await session.scalar(query) or first)


async def prune_numbers(session: AsyncSession, centre: str, before: date) -> None:
    """Delete the numbers of days of which no check-in is accepted any more."""
    old = sa.and_(col(OfflineTicket.centre) == centre, col(OfflineTicket.day) < before)
    await session.execute(sa.delete(OfflineTicket).where(old))


async def slots_used(session: AsyncSession, centre: str) -> dict[int, Device]:
    """The devices that hold the slots of a centre, by slot."""
    held = sa.select(Device).where(col(Device.centre) == centre, col(Device.holds_slot).is_(True))
    return {device.slot: device for device in await session.scalars(held)}


async def devices_page(
    session: AsyncSession, centres: Collection[str] | None, limit: int, after: UUID | None
) -> Sequence[Device]:
    """The devices of these centres (None: of all), those that were used last first; `after`: only those behind it."""
    wanted = sa.select(Device)
    if centres is not None:
        wanted = wanted.where(col(Device.centre).in_(centres))
    order = ListOrder(col(Device.last_used_at), id=col(Device.id), newest_first=True)
    return (await session.scalars(await order.page(session, wanted, limit, after))).all()
