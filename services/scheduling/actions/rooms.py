"""The list of a centre's rooms, and the room of an appointment."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import known_centre
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.rooms import RoomPublished
from services.contracts.text import Name
from services.contracts.values import Whole
from services.scheduling.domain import refusals
from services.scheduling.domain.rooms import CAPACITY_MOST, ROOMS_MOST, Equipment, code_for, folded_name
from services.scheduling.store import Centre, Room
from services.scheduling.store.rooms import NEVER_PUBLISHED, active_rooms, room_with, rooms_of


class RoomFacts(BaseModel):
    """What a room is called, how many seats it has, and what is in it: as a manager types it, or a body of the API."""

    name: Name
    capacity: Annotated[int, Whole(1, CAPACITY_MOST)] = Field(description="Its seats.")
    equipment: list[Equipment] = Field(default=[], max_length=len(Equipment))


async def add_room(work: Work, id: UUID, centre: str, facts: RoomFacts, code: str | None = None) -> Room:
    """Add a room to the list of a centre; sent again under the same id, it changes nothing.

    `code`: under which appointments keep it; without one it is made from the name. Raises `UnknownCentre`,
    `NamelessRoom`, `RoomExists`, `RoomCodeTaken`, `TooManyRooms`.
    """
    await known_centre(work.session, Centre, centre)
    known = await work.find(Room, id)
    wanted = (centre, folded_name(facts.name), True)
    if known is not None and (known.centre, known.folded, known.active) == wanted and code in (None, known.code):
        return known
    others = await rooms_of(work.session, centre)
    name = _free_name(work, facts.name, others)
    if len(others) >= ROOMS_MOST:
        raise refusals.TooManyRooms(most=ROOMS_MOST)
    codes = {one.code for one in others}
    if code in codes:
        raise refusals.RoomCodeTaken(code=code)
    chosen = code or code_for(facts.name, codes)
    # Two who add one name at once make the same code of it.
    taken = refusals.RoomCodeTaken(code=chosen) if code is not None else refusals.RoomExists(name=facts.name)
    work.guard("rooms_code", taken)
    room = work.start(
        Room(
            id=id if known is None else uuid4(),
            centre=centre,
            code=chosen,
            name=facts.name,
            folded=name,
            capacity=facts.capacity,
            equipment=_sorted(facts.equipment),
        )
    )
    publish(work, room)
    return room


async def change_room(work: Work, room: Room, facts: RoomFacts, version: int | None = None) -> None:
    """Change what a room is called, its seats and what it has; its code and its appointments stay.

    Raises `NamelessRoom`, `RoomExists`, `Stale`.
    """
    check_version(room, version)
    others = [one for one in await rooms_of(work.session, room.centre) if one.id != room.id]
    name = _free_name(work, facts.name, others)
    before = (room.name, room.capacity, room.equipment)
    after = (facts.name, facts.capacity, _sorted(facts.equipment))
    if before != after:
        room.name, room.capacity, room.equipment = after
        room.folded = name
        publish(work, room)


async def use_room(work: Work, room: Room, *, active: bool, version: int | None = None) -> None:
    """Take a room out of use, or have it again. What is booked in it stays. Raises `Stale`."""
    check_version(room, version)
    if room.active != active:
        room.active = active
        publish(work, room)


def publish(work: Work, room: Room) -> None:
    """Emit what the room is called now, and whether it is in use. Its number is the room's new `version`.

    A replica of an older version counts changes there that it does not publish: the event says which one it follows.
    """
    if room.correlation_id == NEVER_PUBLISHED:
        room.correlation_id, room.version, room.published = uuid4(), 0, 0
    event = RoomPublished(
        room_id=room.id, centre=room.centre, code=room.code, name=room.name, active=room.active, at=work.now
    )
    before, room.version = room.published, work.next_version(room, event.topic)
    work.emit_row_event(
        event,
        sequence=room.version,
        correlation_id=room.correlation_id,
        previous=before if room.version != before + 1 else None,
    )
    room.published = room.version


async def check_room(session: AsyncSession, centre: str, code: str | None) -> Room | None:
    """The room of this code, which can be chosen at this centre; None without a code.

    Raises `UnknownRoom`, `RoomInactive`.
    """
    if code is None:
        return None
    room = await room_with(session, centre, code)
    if room is not None and room.active:
        return room
    choices = await active_rooms(session, centre)
    known, names = [one.code for one in choices], [one.name for one in choices] or "–"
    if room is not None:
        raise refusals.RoomInactive(room=room.name, known=known, choices=names)
    raise refusals.UnknownRoom(room=code, known=known, choices=names)


async def still_in_use(session: AsyncSession, centre: str, code: str | None) -> str | None:
    """The code, as long as its room can be chosen; otherwise None: the team chooses another one."""
    room = await room_with(session, centre, code) if code is not None else None
    return code if room is not None and room.active else None


def _free_name(work: Work, name: str, others: Collection[Room]) -> str:
    """The name, folded. Raises `RoomExists` if another room has it, at once or when two add it at the same time."""
    found = folded_name(name)
    same = next((one for one in others if one.folded == found), None)
    if same is not None:
        raise refusals.RoomExists(name=same.name)
    work.guard("rooms_name", refusals.RoomExists(name=name))
    return found


def _sorted(equipment: Collection[Equipment]) -> list[str]:
    return [one.value for one in Equipment if one in equipment]
