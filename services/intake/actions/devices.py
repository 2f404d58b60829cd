"""Devices that go on without the network: a signed-in team sets one up, a manager revokes it, its key proves it."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.accounts import is_account, person_now
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import NotSignedIn, msg
from services.chassis.storage.store import Work
from services.intake.domain.devices import (
    KEY_ENDS_AFTER,
    SET_UP_BY,
    DeviceElsewhere,
    DeviceKind,
    DeviceNotOpened,
    DeviceOfOtherKind,
    DeviceRevoked,
    DeviceUnknown,
    choose_slot,
    digest,
    is_key,
    new_key,
)
from services.intake.store import Account, Centre
from services.intake.store.devices import Device, slots_used

USED_AGAIN = timedelta(hours=1)
"""How long the last opening of a device is not written again."""


async def find_ready(
    session: AsyncSession, device_id: UUID, centre: str, kind: DeviceKind, now: datetime
) -> Device | None:
    """The device if it is set up and was opened lately, so that opening it writes nothing."""
    device = await session.get(Device, device_id)
    if device is None or device.centre != centre or device.kind != kind or not device.holds_slot:
        return None
    lately = now - device.opened_at < USED_AGAIN
    return device if lately and await _why_ended(session, device, now) is None else None


async def enrol(
    work: Work,
    device_id: UUID,
    centre: Centre,
    kind: DeviceKind,
    *,
    by: str,
    wants_key: bool,
    token: AccountToken | None = None,
) -> tuple[Device, str | None]:
    """Set a device up, or note that it is opened. Returns it with its key, if it is new, had ended, or `wants_key`.

    A new key ends the old one: who is signed in decides. After a revocation there is one only if `wants_key`. `token`:
    that of who is signed in, with which the key of a kiosk ends. Raises `DeviceElsewhere`, `DeviceOfOtherKind`,
    `DeviceRevoked`, `NoSlotFree`.
    """
    await work.find(Centre, centre.code)  # locked first: no slot is taken from a device that is set up at this moment
    device = await work.find(Device, device_id)
    if device is None:
        slot = await _take_slot(work, centre)
        device = work.add(_new_device(device_id, centre.code, kind, slot, by, work.now))
        wants_key = True
    if device.centre != centre.code:
        raise DeviceElsewhere()
    if device.kind != kind:
        raise DeviceOfOtherKind()
    if device.revoked_at is not None and not wants_key:
        raise DeviceRevoked()
    wants_key = wants_key or await _why_ended(work.session, device, work.now) is not None
    if not device.holds_slot:
        slot = await _take_slot(work, centre)
        device.earlier_slots, device.slot, device.holds_slot = [*device.slots], slot, True
    device.opened_at = device.last_used_at = work.now
    return device, _renew_key(work, device, by, token) if wants_key else None


def _new_device(id: UUID, centre: str, kind: DeviceKind, slot: int, by: str, now: datetime) -> Device:
    """A device whose key nobody has yet."""
    return Device(
        id=id,
        centre=centre,
        kind=kind.value,
        slot=slot,
        earlier_slots=[],
        key="",
        enrolled_at=now,
        enrolled_by=by,
        opened_at=now,
        last_used_at=now,
    )


def _renew_key(work: Work, device: Device, by: str, token: AccountToken | None) -> str:
    """Give the device a new key, for which this account and, at a kiosk, this sign-in answer."""
    key = new_key()
    device.key, device.enrolled_at, device.enrolled_by = digest(key), work.now, by
    ends_with_it = token is not None and device.kind == DeviceKind.KIOSK
    device.signed_in = token.model_dump(mode="json") if token is not None and ends_with_it else None
    device.revoked_at = device.revoked_by = None
    return key


async def _take_slot(work: Work, centre: Centre) -> int:
    """A slot that no other device holds any more. Raises `NoSlotFree`."""
    held = await slots_used(work.session, centre.code)
    today = work.now.astimezone(centre.zone).date()
    ended = {slot: device.revoked_at for slot, device in held.items() if device.revoked_at is not None}
    revoked = [slot for slot, at in ended.items() if at.astimezone(centre.zone).date() < today]
    slot = choose_slot({slot: device.last_used_at for slot, device in held.items()}, work.now, revoked)
    if slot in held:
        held[slot].holds_slot = None
        await work.session.flush()  # before the new holder, or both would hold it for a moment
    return slot


async def revoke(work: Work, device_id: UUID, *, by: str) -> Device:
    """End the key of a device. Doing it again changes nothing."""
    device = await work.load(Device, device_id, msg("device"))
    if device.revoked_at is None:
        device.revoked_at, device.revoked_by = work.now, by
    return device


async def check_key(session: AsyncSession, device: Device | None, key: str, now: datetime) -> Device:
    """The device whose key this is. Raises `DeviceUnknown`; with the right key `DeviceRevoked`, `DeviceNotOpened`."""
    if device is None or not is_key(key, device.key):
        raise DeviceUnknown()
    if (ended := await _why_ended(session, device, now)) is not None:
        raise ended
    return device


async def _why_ended(session: AsyncSession, device: Device, now: datetime) -> NotSignedIn | None:
    """Why the key of the device does not hold any more; None: it does."""
    if device.revoked_at is not None or not await _is_answered_for(session, device, now):
        return DeviceRevoked()
    return DeviceNotOpened() if now - device.opened_at >= KEY_ENDS_AFTER else None


async def _is_answered_for(session: AsyncSession, device: Device, now: datetime) -> bool:
    """Whether the account that set the device up could still do so; of a kiosk, by the same sign-in."""
    if not is_account(device.enrolled_by):
        return True
    token = AccountToken.model_validate(device.signed_in) if device.signed_in is not None else None
    if token is not None and now >= token.expires_at:
        return False
    person = await person_now(session, Account, device.enrolled_by, token)
    return person is not None and person.has(*SET_UP_BY[DeviceKind(device.kind)]) and person.works_at(device.centre)
