"""A first interview that a visitor books themselves, in each of its steps; and a workshop that begins soon."""

import asyncio
import re
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.chassis.identity.tokens import Signer
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.contracts.public_booking import CONFIRMED_PERSON, HELD_TIME, ConfirmedPerson, HeldTime
from services.intake.actions.confirmations import confirmation_secret
from services.intake.app import SERVICE as INTAKE
from services.intake.store.appointments import WorkshopSession
from services.intake.store.booking_requests import BookingRequest
from tests.journeys.stacks import Stack


def booked_online(stack: Stack, signer: Signer, now: datetime) -> dict[str, str]:
    """A time that is held, a request that waits for its confirmation, and an appointment."""
    browser = stack.browse()
    page = browser.get("/scheduling/centres/liege/book", params={"area": "choose-path"})
    at = datetime.fromisoformat(re.findall(r'name="starts_at" value="([^"]+)"', page.text)[-1])
    held, other = (_held(at, now) for _ in range(2))
    form = {"given_name": "Zoé", "family_name": "Démonstration", "contact": "zoe@example.org", "agreed": "true"}
    asked = browser.post(f"/intake/book?{urlencode({'time': _sealed(signer, other)})}", data=form)
    assert asked.status_code == 303, asked.text
    person = ConfirmedPerson(
        id=uuid4(),
        held=held,
        subject_ref=uuid4(),
        registered_at_centre="liege",
        registered_at=now,
        correlation_id=uuid4(),
        purposes=("guidance",),
        expires_at=now + timedelta(hours=12),
        continues_at="/intake/book/page/nothing",
    )
    token = signer.seal(CONFIRMED_PERSON, person.model_dump(mode="json"))
    booked = browser.post(f"/scheduling/confirmed/{token}")
    assert booked.status_code == 303, booked.text
    return {
        "held_time": _sealed(signer, held),
        "to_confirm": asyncio.run(_secret(stack, signer)),
        "confirmed": token,
    }


def _held(at: datetime, now: datetime) -> HeldTime:
    until = now + timedelta(hours=12)
    return HeldTime(hold_id=uuid4(), centre="liege", area="choose-path", starts_at=at, minutes=60, held_until=until)


def _sealed(signer: Signer, held: HeldTime) -> str:
    return signer.seal(HELD_TIME, held.model_dump(mode="json"))


async def begins_soon(stack: Stack, workshop: UUID, now: datetime) -> str:
    """A session of this workshop, which intake alone knows. Returns its id."""
    store, id, begins = _store(stack), uuid4(), now + timedelta(minutes=20)
    try:
        async with store.work() as work:
            work.add(
                WorkshopSession(
                    id=id,
                    workshop_id=workshop,
                    centre="liege",
                    counsellor="liege-c01",
                    starts_at=begins,
                    ends_at=begins + timedelta(hours=4),
                )
            )
    finally:
        await store.close()
    return str(id)


def _store(stack: Stack) -> Store:
    return Store(Settings(data=stack.data).store_url("intake"), "intake", INTAKE.metadata)


async def _secret(stack: Stack, signer: Signer) -> str:
    store = _store(stack)
    try:
        async with store.read() as session:
            row = (await session.scalars(sa.select(BookingRequest))).one()
            return confirmation_secret(signer, row.code)
    finally:
        await store.close()
