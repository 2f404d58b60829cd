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
from services.contracts.text import Name
from services.contracts.values import Version, Whole
from services.scheduling.actions import rooms
from services.scheduling.actions.rooms import RoomFacts
from services.scheduling.api.roles import PREFIX, CentreCode, Change
from services.scheduling.domain.rooms import CAPACITY_MOST, Equipment
from services.scheduling.store import Room
from services.scheduling.store.rooms import rooms_of

router = Router(f"{PREFIX}/rooms", tags=["rooms"])
Reader = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]
Manager = Annotated[Person, allow(Role.MANAGER)]


class Facts(Body):
    """What a room is called, how many seats it has, and what is in it."""

    name: Name
    capacity: Annotated[int, Whole(1, CAPACITY_MOST)] = Field(description="Its seats.")
    equipment: list[Equipment] = Field([], max_length=len(Equipment))

    @property
    def facts(self) -> RoomFacts:
        """What the action takes."""
        return RoomFacts(self.name, self.capacity, self.equipment)


class NewRoom(Facts):
    """A room for the list of a centre."""

    centre: CentreCode
    code: StaffCode | None = Field(None, description="Never changes. Without it, it is made from the name.")


class RoomChange(Facts):
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
    return RoomOut.of(await rooms.add_room(work, id, person.at(body.centre), body.facts, body.code))


@router.put("/{id}")
async def change_room(id: UUID, body: RoomChange, work: Working, person: Manager) -> RoomOut:
    """Change what a room is called, its seats and what is in it. Its appointments stay."""
    room = own(await work.find(Room, id), person, msg("room"))
    await rooms.change_room(work, room, body.facts, body.version)
    return RoomOut.of(room)


@router.post("/{id}/deactivate")
async def deactivate_room(id: UUID, body: Change, work: Working, person: Manager) -> RoomOut:
    """Take a room out of use: it can no longer be chosen. What is booked in it stays."""
    return await _use(id, body, work, person, active=False)


@router.post("/{id}/activate")
async def activate_room(id: UUID, body: Change, work: Working, person: Manager) -> RoomOut:
    """Have a room again that was out of use."""
    return await _use(id, body, work, person, active=True)


async def _use(id: UUID, body: Change, work: Working, person: Person, *, active: bool) -> RoomOut:
    room = own(await work.find(Room, id), person, msg("room"))
    await rooms.use_room(work, room, active=active, version=body.version)
    return RoomOut.of(room)
