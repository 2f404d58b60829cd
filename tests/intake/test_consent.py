"""A person agrees to be known, and may say no again at any time."""

from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.storage.store import Store
from services.chassis.testing import emitted, store_of
from services.contracts.intake import VisitorConsentWithdrawn
from services.intake import domain
from services.intake.actions import people, visits
from services.intake.app import SERVICE
from services.intake.store import Centre, Consent
from tests.givens.events import emitted_types


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with store_of(SERVICE, f"sqlite+aiosqlite:///{tmp_path}/intake.db") as made:
        async with made.work() as work:
            work.add(Centre(code="liege", name="Liège", areas=["find-job"], timezone="Europe/Brussels"))
        yield made


async def registered_visitor(store: Store) -> UUID:
    visit = uuid4()
    async with store.work() as work:
        await visits.check_in(work, visits.Arrival(visit, "liege"))
    async with store.work() as work:
        visitor = await people.register_visitor(
            work,
            visit,
            given_name="Prénom",
            family_name="Démonstration",
            contact=None,
            language="fr",
            purposes=["guidance", "reminders"],
            recorded_by="test",
        )
    return visitor.id


async def test_a_withdrawal_is_noted_and_said_once(store: Store) -> None:
    subject_ref = await registered_visitor(store)
    for _ in range(2):
        async with store.work() as work:
            await people.withdraw_consent(work, subject_ref, ["reminders", "plan"])
    assert len(await emitted(store, VisitorConsentWithdrawn)) == 1
    async with store.read() as session:
        consents = {one.purpose: one.withdrawn_at for one in await session.scalars(sa.select(Consent))}
    assert consents["reminders"] is not None
    assert consents["guidance"] is None


async def test_an_unknown_purpose_is_refused_and_changes_nothing(store: Store) -> None:
    subject_ref = await registered_visitor(store)
    before = await emitted_types(store)
    with pytest.raises(domain.UnknownPurpose):
        async with store.work() as work:
            await people.withdraw_consent(work, subject_ref, ["marketing"])
    assert await emitted_types(store) == before
