"""The rooms of the centres: the list from which appointments choose, kept by the managers of each centre."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Body, Once, Reading, Router, Working, allow
from services.contracts.envelope import StaffCode
from services.contracts.roles import Role
from services.contracts.values import Version
from services.scheduling.actions import rooms
from services.scheduling.actions.rooms import RoomFacts
from services.scheduling.api.roles import PREFIX, CentreCode, Change
from services.scheduling.domain.rooms import Equipment, RoomUse
from services.scheduling.store import Room
from services.scheduling.store.rooms import rooms_of

router = Router(f"{PREFIX}/rooms", tags=["rooms"])
Reader = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]
Manager = Annotated[Person, allow(Role.MANAGER)]


class NewRoom(Body, RoomFacts):
    """A room for the list of a centre."""

    centre: CentreCode
    code: StaffCode | None = Field(None, description="Never changes. Without it, it is made from the name.")


class RoomChange(Body, RoomFacts):
    """A room as it is from now on. `version`: the expected one; refused if it has changed."""

    version: Version | None = None


class RoomOut(BaseModel):
    """A room. Appointments name its code."""

    id: UUID
    version: int
    centre: str
    code: str
    name: str
    capacity: int | None = Field(description="Its seats; null: nobody has entered them yet.")
    equipment: list[Equipment]
    active: bool = Field(description="Whether it can be chosen.")

    @classmethod
    def of(cls, room: Room) -> Self:
        """The response for a room."""
        return cls.model_validate(room, from_attributes=True)


@router.get("")
async def list_rooms(read: Reading, person: Reader, centre: CentreCode) -> list[RoomOut]:
    """The rooms of a centre: first those that can be chosen, in the order of their names."""
    return [RoomOut.of(room) for room in await rooms_of(read, person.at(centre))]


@router.post("", status_code=201)
async def add_room(body: NewRoom, id: Once, work: Working, person: Manager) -> RoomOut:
    """Add a room to the list of a centre."""
    return RoomOut.of(await rooms.add_room(work, id, person.at(body.centre), body, body.code))


@router.put("/{id}")
async def change_room(id: UUID, body: RoomChange, work: Working, person: Manager) -> RoomOut:
    """Change what a room is called, its seats and what is in it. Its appointments stay."""
    room = own(await work.find(Room, id), person, msg("room"))
    await rooms.change_room(work, room, body, body.version)
    return RoomOut.of(room)


@router.post("/{id}/{use}")
async def use_room(id: UUID, use: RoomUse, body: Change, work: Working, person: Manager) -> RoomOut:
    """Take a room out of use, so that it can no longer be chosen; or have it again. What is booked in it stays."""
    room = own(await work.find(Room, id), person, msg("room"))
    await rooms.use_room(work, room, active=use.active, version=body.version)
    return RoomOut.of(room)
