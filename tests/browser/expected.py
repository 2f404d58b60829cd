"""Interviews that begin soon at Liège, of persons who are not there yet. Intake alone learns of them."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

from sqlmodel import col

from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.contracts.accounts import AccountKind, AccountStatus
from services.contracts.roles import Role
from services.contracts.scheduling import InterviewBooked
from services.intake.app import SERVICE
from services.intake.store import Account
from services.intake.store.appointments import Appointment, delete_where
from tests.browser.morning import Morning
from tests.givens.appointments import NADIA, booked, expects
from tests.journeys.adult import Centre, ok

LONG = "liege-c97"
"""The code of a counsellor with a long name, if `expected` asks for one."""


@contextmanager
def expected(lived: Morning, counsellor: str = NADIA, name: str | None = None) -> Generator[list[str]]:
    """Three interviews with this counsellor, who is added if there is a `name`. Who comes meanwhile leaves again."""
    centre = Centre(lived.stack)
    soon = centre.now() + timedelta(minutes=20)
    bookings = [
        booked(UUID(lived.made[who]), soon).model_copy(update={"counsellor": counsellor})
        for who in ("person", "other", "merged")
    ]
    before = _here(centre)
    account = uuid4()
    asyncio.run(_book(lived, bookings, _added(account, counsellor, name) if name else None))
    yield [str(one.interview_id) for one in bookings]
    for visit in _here(centre) - before:
        ok(centre.desk.post(f"/intake/api/v1/visits/{visit}/leave", json={}))
    asyncio.run(_leave(lived, bookings, account))


def _added(account: UUID, code: str, name: str) -> Account:
    return Account(
        id=account,
        version=1,
        kind=AccountKind.STAFF.value,
        status=AccountStatus.ACTIVE.value,
        roles=[Role.COUNSELLOR.value],
        centres=["liege"],
        code=code,
        display_name=name,
        ended_sign_ins=[],
    )


def _here(centre: Centre) -> set[str]:
    return {one["id"] for one in ok(centre.desk.get("/intake/api/v1/visits", params={"centre": "liege"}))}


def _store(lived: Morning) -> Store:
    return Store(Settings(data=lived.stack.data).store_url("intake"), "intake", SERVICE.metadata)


async def _book(lived: Morning, bookings: list[InterviewBooked], account: Account | None) -> None:
    store = _store(lived)
    try:
        if account is not None:
            async with store.work() as work:
                work.add(account)
        await expects(store, *bookings)
    finally:
        await store.close()


async def _leave(lived: Morning, bookings: list[InterviewBooked], account: UUID) -> None:
    store = _store(lived)
    try:
        async with store.work() as work:
            await delete_where(work.session, col(Appointment.id).in_([one.interview_id for one in bookings]))
            if (found := await work.session.get(Account, account)) is not None:
                await work.session.delete(found)
    finally:
        await store.close()
