"""A person agrees to be known, and may say no again at any time."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn
from services.intake import domain
from services.intake.actions import consent, people, visits
from services.intake.app import SERVICE
from services.intake.store import Centre, Consent
from tests.givens.events import emitted_events, emitted_types


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with store_of(SERVICE, f"sqlite+aiosqlite:///{tmp_path}/intake.db") as made:
        async with made.work() as work:
            work.add(Centre(code="liege", name="Liège", areas=["find-job"], timezone="Europe/Brussels"))
        yield made


async def registered_visitor(store: Store, *purposes: str) -> UUID:
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
            purposes=list(purposes or ("guidance", "reminders")),
            recorded_by="test",
        )
    return visitor.id


async def test_a_withdrawal_is_noted_and_said_once(store: Store) -> None:
    subject_ref = await registered_visitor(store)
    for _ in range(2):
        async with store.work() as work:
            await consent.withdraw_consent(work, subject_ref, ["reminders", "plan"], "desk")
    (said,) = await emitted_events(store, VisitorConsentWithdrawn)
    assert (said.purposes, said.in_force) == (("reminders",), ("guidance",))
    async with store.read() as session:
        consents = {one.purpose: one.withdrawn_by for one in await session.scalars(sa.select(Consent))}
    assert consents == {"reminders": "desk", "guidance": None}


async def test_consent_is_given_again_and_the_record_keeps_both(store: Store) -> None:
    subject_ref = await registered_visitor(store)
    async with store.work() as work:
        await consent.withdraw_consent(work, subject_ref, ["reminders"], "desk")
    for _ in range(2):
        async with store.work() as work:
            await consent.give_consent(work, subject_ref, ["reminders", "referral", "guidance"], "visitor")
    (said,) = await emitted_events(store, VisitorConsentGiven)
    assert (said.centre, said.purposes) == ("liege", ("referral", "reminders"))
    assert said.in_force == ("guidance", "referral", "reminders")
    async with store.read() as session:
        kept = sorted(
            (one.purpose, one.withdrawn_at is None) for one in await consent.consents_of(session, subject_ref)
        )
    assert kept == [("guidance", True), ("referral", True), ("reminders", False), ("reminders", True)]


async def test_a_purpose_that_is_ticked_twice_is_one_consent(store: Store) -> None:
    subject_ref = await registered_visitor(store, "plan", "plan")
    async with store.read() as session:
        assert len(await consent.consents_of(session, subject_ref)) == 1


@pytest.mark.parametrize("act", [consent.give_consent, consent.withdraw_consent])
async def test_an_unknown_purpose_is_refused_and_changes_nothing(store: Store, act: Callable[..., Any]) -> None:
    subject_ref = await registered_visitor(store)
    before = await emitted_types(store)
    with pytest.raises(domain.UnknownPurpose):
        async with store.work() as work:
            await act(work, subject_ref, ["marketing"], "desk")
    assert await emitted_types(store) == before
