"""The rooms of the centres: those that a list has, and those that only imports knew."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.i18n import by_name
from services.chassis.storage.bulk import in_list
from services.chassis.storage.store import Aggregate, Work
from services.chassis.storage.tables import BigNumber
from services.scheduling.domain.rooms import folded
from services.scheduling.store.table import Table

NEVER_PUBLISHED = UUID(int=0)
"""`correlation_id` of a room that no event has named: an older version, or an import, added it."""


class Room(Aggregate, Table, table=True):
    """A room of a centre. Appointments keep its code, which never changes; people see its name."""

    __tablename__ = "rooms"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("rooms_code", "centre", "code", unique=True),
        sa.Index("rooms_name", "centre", "folded", unique=True),
    )

    correlation_id: UUID = Field(default_factory=uuid4, sa_column_kwargs={"server_default": NEVER_PUBLISHED.hex})
    centre: str = Field(max_length=40)
    code: str = Field(max_length=60)
    name: str = Field(max_length=120)
    folded: str = Field(max_length=400)
    """The name as `domain.rooms.folded` has it: two spellings are one room."""
    capacity: int | None = None
    """Its seats. None: nobody has entered them yet."""
    equipment: list[str] = Field(default_factory=list[str], sa_type=sa.JSON)
    """Of `domain.rooms.Equipment`."""
    active: bool = True
    """Whether it can be chosen."""
    published: int = Field(
        default=0,
        sa_type=BigNumber,  # pyright: ignore[reportArgumentType]  # an instance works too
        sa_column_kwargs={"server_default": "0"},
    )
    """The `version` that the last event had. 0: none that this column knows of."""


class RoomNames(dict[str, str]):
    """Names by code. A code without a name stands for itself."""

    def __missing__(self, code: str) -> str:
        return code


async def rooms_of(session: AsyncSession, centre: str) -> list[Room]:
    """The rooms of a centre, those in use first, in the order of their names."""
    found = await session.scalars(sa.select(Room).where(col(Room.centre) == centre))
    return sorted(found, key=lambda one: (not one.active, by_name(one.name), one.code))


async def active_rooms(session: AsyncSession, centre: str) -> list[Room]:
    """The rooms of a centre that can be chosen, in the order of their names."""
    return [one for one in await rooms_of(session, centre) if one.active]


async def room_with(session: AsyncSession, centre: str, code: str) -> Room | None:
    """The room of a centre with this code, or None."""
    return await session.scalar(sa.select(Room).where(col(Room.centre) == centre, col(Room.code) == code))


async def room_names(session: AsyncSession, centre: str) -> RoomNames:
    """The names of the rooms of a centre, also of those that are no longer in use."""
    found = await session.execute(sa.select(col(Room.code), col(Room.name)).where(col(Room.centre) == centre))
    return RoomNames((str(code), str(name)) for code, name in found)


async def unpublished(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """The rooms that no event has named, by id."""
    query = sa.select(col(Room.id)).where(col(Room.correlation_id) == NEVER_PUBLISHED)
    return (await session.scalars(query.order_by(col(Room.id)).limit(limit))).all()


class ImportedRooms:
    """The rooms of imported lines. Those that no list has become inactive rooms: nothing is booked in them."""

    def __init__(self, known: Sequence[Room]) -> None:
        self._codes = {(one.centre, one.code): one.code for one in known}
        self._by_name = {(one.centre, folded(one.code)): one.code for one in known}
        self._by_name |= {(one.centre, one.folded): one.code for one in known}
        self._new: list[dict[str, Any]] = []

    @classmethod
    async def of(cls, session: AsyncSession, wanted: Iterable[tuple[str, str | None]]) -> "ImportedRooms":
        """What is known of these lines' rooms. `wanted`: their centres and codes."""
        centres = sorted({centre for centre, room in wanted if room is not None})
        if not centres:
            return cls([])
        chosen = sa.select(Room).where(in_list(col(Room.centre), "centres"))
        return cls((await session.scalars(chosen, {"centres": centres})).all())

    def code(self, centre: str, room: str | None) -> str | None:
        """The code of the room that a line names: of another spelling, that of the room which is there."""
        if room is None:
            return None
        name = folded(room)
        known = self._codes.get((centre, room)) or self._by_name.get((centre, name))
        if known is None:
            row = {"id": uuid4(), "version": 0, "correlation_id": NEVER_PUBLISHED, "centre": centre}
            row |= {"code": room, "name": room, "folded": name, "capacity": None, "equipment": [], "active": False}
            self._new.append(row)
            known = self._codes[(centre, room)] = self._by_name[(centre, name)] = room
        return known

    async def insert(self, work: Work) -> None:
        """Insert the new ones. Where another import inserts one at once, the batch is done again and finds it."""
        # In the order of the codes: imports that run at once wait for each other, and for nothing else.
        await work.insert(Room, sorted(self._new, key=lambda row: (row["centre"], row["code"])))
