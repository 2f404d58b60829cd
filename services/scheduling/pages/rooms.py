"""The list of a centre's rooms, which its managers keep."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.chassis.web import (
    Body,
    Once,
    Reading,
    Router,
    Running,
    Working,
    allow,
    apply_form,
    page,
    read_form,
    see_other,
)
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version
from services.scheduling.actions import rooms
from services.scheduling.actions.rooms import RoomFacts
from services.scheduling.domain.rooms import EQUIPMENT_LABELS, RoomUse
from services.scheduling.store import Centre, Room
from services.scheduling.store.rooms import rooms_of

router = Router("/scheduling/rooms", pages=True)
Manager = Annotated[Person, allow(Role.MANAGER)]


class RoomForm(Body, RoomFacts):
    """A room, as a manager types it."""


class ChangeForm(RoomForm):
    """A room, and the version that the page showed."""

    version: Version


class UseForm(Body):
    """A button beside a room."""

    version: Version


@router.get("")
async def choose(request: Request, read: Reading, person: Manager) -> Response:
    """Redirects to the rooms of the person's only centre, or lists their centres."""
    own = [centre for centre in (await centre_copies(read, Centre)).values() if person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/scheduling/rooms/{own[0].code}", 303)
    return page(request, "scheduling/room_centres.html", centres=own)


@router.get("/{centre}")
async def list_rooms(centre: Key, request: Request, read: Reading, person: Manager) -> Response:
    """The rooms of a centre, and the form that adds one."""
    return await _list(request, read, person.at(centre))


@router.post("/{centre}")
async def add(centre: Key, id: Once, request: Request, read: Reading, running: Running, person: Manager) -> Response:
    """Add a room."""
    person.at(centre)
    filled, typed, errors = await read_form(request, RoomForm)
    if filled is not None:
        _room, errors = await apply_form(request, running, lambda work: rooms.add_room(work, id, centre, filled))
    if not errors:
        return see_other(request, f"/scheduling/rooms/{centre}", done=_("The room is in the list."))
    return await _list(request, read, centre, typed, errors)


@router.get("/{centre}/{id}")
async def edit(centre: Key, id: UUID, request: Request, read: Reading, person: Manager) -> Response:
    """The form of a room."""
    return await _form(request, read, _at(await read.get(Room, id), centre, person))


@router.post("/{centre}/{id}")
async def save(centre: Key, id: UUID, request: Request, read: Reading, running: Running, person: Manager) -> Response:
    """Change a room."""
    room = _at(await read.get(Room, id), centre, person)
    filled, typed, errors = await read_form(request, ChangeForm)
    if filled is not None:

        async def act(work: Work) -> None:
            await rooms.change_room(work, await work.load(Room, id, msg("room")), filled, filled.version)

        _changed, errors = await apply_form(request, running, act)
    if not errors:
        return see_other(request, f"/scheduling/rooms/{centre}", done=_("The room is saved."))
    await read.refresh(room)
    return await _form(request, read, room, typed, errors)


@router.post("/{centre}/{id}/{use}")
async def use(
    centre: Key,
    id: UUID,
    use: RoomUse,
    form: Annotated[UseForm, Form()],
    request: Request,
    work: Working,
    person: Manager,
) -> Response:
    """Take a room out of use, or have it again."""
    room = _at(await work.find(Room, id), centre, person)
    await rooms.use_room(work, room, active=use.active, version=form.version)
    back, out = _("The room can be chosen again."), _("The room can no longer be chosen. What is booked in it stays.")
    return see_other(request, f"/scheduling/rooms/{centre}", done=back if use.active else out)


def _at(room: Room | None, centre: str, person: Person) -> Room:
    """The room, for a manager of its centre. Raises `WrongCentre`, `NotFound`."""
    person.at(centre)
    if room is None or room.centre != centre:
        raise NotFound(what=msg("room"))
    return room


async def _centre(session: AsyncSession, code: str) -> Centre:
    centre = await session.get(Centre, code)
    if centre is None:
        raise NotFound(what=msg("centre"))
    return centre


async def _list(
    request: Request,
    session: AsyncSession,
    centre: str,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    copy = await _centre(session, centre)
    return page(
        request,
        "scheduling/rooms.html",
        status=422 if errors else 200,
        centre=copy,
        centre_name=copy.name,
        rooms=await rooms_of(session, centre),
        equipment=_equipment(),
        labels={code.value: _(label) for code, label in EQUIPMENT_LABELS.items()},
        form={"name": "", "capacity": "", "equipment": []} | (typed or {}),
        errors=errors or {},
    )


async def _form(
    request: Request,
    session: AsyncSession,
    room: Room,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    copy = await _centre(session, room.centre)
    shown = {"name": room.name, "capacity": room.capacity, "equipment": room.equipment, "version": room.version}
    return page(
        request,
        "scheduling/room.html",
        status=422 if errors else 200,
        centre=copy,
        centre_name=copy.name,
        room=room,
        equipment=_equipment(),
        form=shown | ({"equipment": []} if typed else {}) | (typed or {}),
        errors=errors or {},
    )


def _equipment() -> Sequence[tuple[str, str]]:
    return [(code.value, _(label)) for code, label in EQUIPMENT_LABELS.items()]
