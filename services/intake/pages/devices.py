"""Devices that go on without the network: a team or a kiosk sets one up, and managers see and revoke them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.accounts import account_names
from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_names
from services.chassis.i18n import LANGUAGES
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import msg
from services.chassis.storage.errors import retry_on_conflict
from services.chassis.web import Body, Reading, Router, Running, Working, allow, cause_of, limited, page, see_other
from services.contracts.opening import LOOK_AHEAD
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import YesNo
from services.intake.actions import devices
from services.intake.actions.desks import desks_of
from services.intake.domain import ticket_letter
from services.intake.domain.devices import DeviceKind
from services.intake.pages.views import Team, load_centre
from services.intake.store import Account, Centre
from services.intake.store.devices import Device, devices_page, highest_number

router = Router("/intake", pages=True)
Manager = Annotated[Person, allow(Role.MANAGER)]
Kiosk = Annotated[Person, allow(Role.KIOSK)]

SHOWN = 50
"""Devices on a page."""


class Enrolment(Body):
    """A browser that is set up or opened. `key`: it has none, or it was revoked and is set up again."""

    device_id: UUID
    key: YesNo = False


class PackArea(BaseModel):
    """A need, the letter of its tickets, and its name in each language."""

    code: str
    letter: str
    label: dict[str, str]


class PackCentre(BaseModel):
    """The centre of a device."""

    code: str
    name: str
    zone: str


class Pack(BaseModel):
    """What a device keeps to check in without the network: codes and public names, nothing about persons."""

    device_id: UUID
    kind: DeviceKind
    kiosk: bool
    key: str | None = Field(description="Of a device that is new, had ended, or asked for one; in no other answer.")
    slot: int
    used: int
    """The highest number of today that is known of this slot; without one, that before the first."""
    letter: str
    """Of a ticket without a need."""
    centre: PackCentre
    now: datetime
    areas: list[PackArea]
    desks: list[str] = Field(description="The desks of the centre; none where any number will do.")
    languages: list[str]
    openings: list[tuple[datetime, datetime]] = Field(description="When the centre is open, until `openings_until`.")
    openings_until: datetime | None
    """None: the hours of the centre are not known."""


@router.post("/desk/{centre}/device", dependencies=[limited("check-in")])
async def enrol_desk(centre: Key, body: Enrolment, request: Request, running: Running, person: Team) -> Pack:
    """Set a browser at the desk up to go on without the network, or note that it is opened."""
    return await _enrol(running, request, person, centre, body, DeviceKind.DESK)


@router.post("/kiosk/{centre}/device", dependencies=[limited("check-in")])
async def enrol_kiosk(centre: Key, body: Enrolment, request: Request, running: Running, person: Kiosk) -> Pack:
    """Set a kiosk up to go on without the network, or note that it is opened."""
    return await _enrol(running, request, person, centre, body, DeviceKind.KIOSK)


@router.get("/devices")
async def list_devices(request: Request, read: Reading, person: Manager, after: UUID | None = None) -> Response:
    """The devices of the manager's centres, the last used first. `after`: the last one of the page before."""
    found = await devices_page(read, None if person.region_wide else person.centres, SHOWN + 1, after)
    return page(
        request,
        "intake/devices.html",
        devices=found[:SHOWN],
        more=len(found) > SHOWN,
        names=await account_names(read, Account, (one.enrolled_by for one in found)),
        centre_names=await centre_names(read, Centre),
    )


@router.post("/devices/{id}/revoke")
async def revoke(id: UUID, request: Request, work: Working, person: Manager) -> Response:
    """End the key of a device."""
    own(await work.find(Device, id), person, msg("device"))
    await devices.revoke(work, id, by=person.subject)
    return see_other(request, "/intake/devices", done=_("The device is revoked."))


async def _enrol(
    running: Running, request: Request, person: Person, centre: str, body: Enrolment, kind: DeviceKind
) -> Pack:
    now, token = running.clock(), request.state.identity.token
    sign_in = token if isinstance(token, AccountToken) else None
    async with running.store.read() as session:
        copy = await load_centre(session, person.at(centre))
        ready = None if body.key else await devices.find_ready(session, body.device_id, centre, kind, now)
        if ready is not None:
            return await _pack(session, ready, None, copy, now)

    async def once() -> Pack:
        async with running.store.work(cause_of(request)) as work:
            device, key = await devices.enrol(
                work, body.device_id, copy, kind, by=person.subject, wants_key=body.key, token=sign_in
            )
            return await _pack(work.session, device, key, copy, now)

    return await retry_on_conflict(once)  # two tabs at once


async def _pack(session: AsyncSession, device: Device, key: str | None, centre: Centre, now: datetime) -> Pack:
    today = now.astimezone(centre.zone).date()
    areas = [
        PackArea(code=area, letter=ticket_letter(area), label={lang: area_label(area, lang) for lang in LANGUAGES})
        for area in centre.areas
    ]
    return Pack(
        device_id=device.id,
        kind=DeviceKind(device.kind),
        kiosk=device.kind == DeviceKind.KIOSK,
        key=key,
        slot=device.slot,
        used=await highest_number(session, centre.code, today, device.slot),
        letter=ticket_letter(None),
        centre=PackCentre(code=centre.code, name=centre.name, zone=centre.timezone),
        now=now,
        areas=areas,
        desks=await desks_of(session, centre.code),
        languages=list(LANGUAGES),
        openings=centre.hours.coming(now, LOOK_AHEAD) if centre.hours is not None else [],
        openings_until=now + LOOK_AHEAD if centre.hours is not None else None,
    )
