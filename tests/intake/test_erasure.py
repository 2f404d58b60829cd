"""The erasure of a person as a saga, and the end of their retention."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from services.chassis.events.restoring import open_epoch
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, emitted, publish, record_of
from services.contracts.erasure import CONFIRMATIONS
from services.contracts.intake import SubjectErased, SubjectSuppressed
from services.intake import domain
from services.intake.actions import consent, erasure, people, retention
from services.intake.app import measure_erasures
from services.intake.reactions import reactions
from services.intake.store import Consent, ErasedSubject, ErasureConfirmation, Visitor
from services.intake.store.erasures import Erasure, erasures, unconfirmed_by_service
from tests.givens.backups import backup_of, put_back
from tests.givens.intake import MONDAY, walks_in

SERVICES = sorted(CONFIRMATIONS)


async def registered(store: Store, *purposes: str) -> UUID:
    visit_id = uuid4()
    async with store.work() as work:
        await walks_in(work, visit_id)
        await work.session.flush()
        visitor = await people.register_visitor(
            work,
            visit_id,
            given_name="Prénom",
            family_name=f"Démonstration {uuid4().hex}",
            contact=None,
            language="fr",
            purposes=list(purposes or ("guidance", "plan")),
            recorded_by="test/desk-liege",
        )
    return visitor.id


async def erase(store: Store, subject_ref: UUID) -> None:
    async with store.work() as work:
        await erasure.erase_subject(work, subject_ref)


async def confirm(store: Store, subject_ref: UUID, *services: str) -> None:
    """Have intake process the confirmations of these services."""
    events = [CONFIRMATIONS[service](subject_ref=subject_ref, at=MONDAY, found=True) for service in services]
    await publish(store, reactions, *[record_of(event, None) for event in events])


async def listed(store: Store, *, unconfirmed: bool) -> list[Erasure]:
    async with store.read() as session:
        return list(await erasures(session, 10, unconfirmed=unconfirmed))


async def test_an_erasure_is_open_until_every_service_has_confirmed_it(store: Store, clock: FixedClock) -> None:
    subject_ref = await registered(store)
    await erase(store, subject_ref)
    assert [one.missing for one in await listed(store, unconfirmed=True)] == [SERVICES]
    for done, service in enumerate(SERVICES, 1):
        clock.now += timedelta(minutes=1)
        await confirm(store, subject_ref, service)
        assert [one.missing for one in await listed(store, unconfirmed=False)] == [SERVICES[done:]]
    assert await listed(store, unconfirmed=True) == []
    (erased,) = await listed(store, unconfirmed=False)
    assert erased.erased_at == MONDAY
    assert erased.confirmed == {service: MONDAY + timedelta(minutes=n) for n, service in enumerate(SERVICES, 1)}


async def test_a_confirmation_that_comes_early_or_twice_changes_nothing(store: Store, clock: FixedClock) -> None:
    subject_ref, stranger = await registered(store), uuid4()
    await confirm(store, subject_ref, "plans")
    await confirm(store, stranger, "plans")
    await erase(store, subject_ref)
    assert [one.missing for one in await listed(store, unconfirmed=True)] == [SERVICES]
    await confirm(store, subject_ref, "plans")
    clock.now += timedelta(minutes=1)
    await confirm(store, subject_ref, "plans", "plans")
    (erased,) = await listed(store, unconfirmed=True)
    assert erased.confirmed["plans"] == MONDAY
    async with store.read() as session:
        assert await session.get(ErasureConfirmation, (stranger, "plans")) is None
        assert (await session.scalars(sa.select(store.table("dead_letters").c.reason))).all() == []


async def test_a_person_who_registered_after_the_backup_is_erased_in_the_other_services(store: Store) -> None:
    """The others know them and their numbers; intake, restored, knows neither."""
    backup = await backup_of(store)
    subject_ref = await registered(store)
    known = max(one.sequence or 0 for one in await emitted(store) if one.subject == str(subject_ref))
    seen = await put_back(store, backup)
    opened = await open_epoch(store, seen, None)
    await erase(store, subject_ref)
    assert [one.missing for one in await listed(store, unconfirmed=True)] == [SERVICES]
    assert len(await emitted(store, SubjectSuppressed)) == 1
    (said,) = await emitted(store, SubjectErased)
    assert (said.subject, said.previous) == (str(subject_ref), 0)
    assert (said.sequence or 0) > max(known, opened.epoch)
    await confirm(store, subject_ref, *SERVICES)
    (done,) = await listed(store, unconfirmed=False)
    assert done.found == dict.fromkeys(SERVICES, True)
    with pytest.raises(domain.AlreadyErased):
        await erase(store, subject_ref)


async def test_the_oldest_unconfirmed_erasure_is_measured(client: Client, clock: FixedClock) -> None:
    store = client.store
    first, second = await registered(store), await registered(store)
    await erase(store, first)
    clock.now += timedelta(hours=1)
    await erase(store, second)
    await confirm(store, second, "plans")
    clock.now += timedelta(minutes=1)

    def measured(metric: str, service: str) -> float | None:
        return REGISTRY.get_sample_value(metric, {"service": service})

    runtime = client.runtime
    await measure_erasures(runtime)
    assert measured("cefo_erasures_unconfirmed", "directory") == 2
    assert measured("cefo_erasures_unconfirmed", "plans") == 1
    assert measured("cefo_erasures_oldest_seconds", "plans") == 61 * 60
    for subject_ref in (first, second):
        await confirm(store, subject_ref, *SERVICES)
    async with store.read() as session:
        assert await unconfirmed_by_service(session) == {}
    await measure_erasures(runtime)
    assert measured("cefo_erasures_unconfirmed", "directory") == measured("cefo_erasures_oldest_seconds", "plans") == 0


async def test_the_end_of_the_retention_erases(store: Store, clock: FixedClock) -> None:
    early = await registered(store)
    clock.now += timedelta(days=1)
    later = await registered(store)
    clock.now = MONDAY + domain.RETENTION - timedelta(seconds=1)
    await erasure.erase_due(store)
    assert await listed(store, unconfirmed=False) == []
    clock.now += timedelta(seconds=1)
    # Two replicas at the same time.
    await asyncio.gather(erasure.erase_due(store), erasure.erase_due(store))
    assert [one.subject_ref for one in await listed(store, unconfirmed=True)] == [early]
    (said,) = await emitted(store, SubjectErased)
    assert said.event == SubjectErased(subject_ref=early, at=clock.now)
    async with store.read() as session:
        assert [visitor.id for visitor in await session.scalars(sa.select(Visitor))] == [later]


async def test_more_than_one_round_are_erased(store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "DUE_AT_ONCE", 1)
    for _ in range(2):
        await registered(store)
    clock.now += domain.RETENTION
    assert [await erasure.erase_due(store) for _ in range(3)] == [True, True, False]
    assert len(await emitted(store, SubjectErased)) == 2


async def test_a_person_who_consents_again_is_kept(store: Store, clock: FixedClock) -> None:
    subject_ref = await registered(store)
    clock.now += domain.RETENTION - timedelta(days=10)
    async with store.work() as work:
        await retention.prolong(work, subject_ref, "test/desk-liege")
    renewed = clock.now
    clock.now = MONDAY + domain.RETENTION
    await erasure.erase_due(store)
    async with store.read() as session:
        visitor = await session.get_one(Visitor, subject_ref)
        consents = list(await session.scalars(sa.select(Consent).order_by(sa.text("given_at, purpose"))))
    assert visitor.retain_until == renewed + domain.RETENTION
    assert [(one.purpose, one.given_at) for one in consents] == [
        (purpose, at) for at in (MONDAY, renewed) for purpose in ("guidance", "plan")
    ]


async def test_without_a_consent_nothing_is_prolonged(store: Store) -> None:
    subject_ref = await registered(store, "plan")
    async with store.work() as work:
        await consent.withdraw_consent(work, subject_ref, ["plan"], "desk")
    with pytest.raises(domain.NoConsentLeft):
        async with store.work() as work:
            await retention.prolong(work, subject_ref, "test/desk-liege")


async def test_who_was_erased_before_there_was_a_topic_is_put_on_it_once(store: Store, clock: FixedClock) -> None:
    """Otherwise only the file of this machine would know them."""
    earlier, at = uuid4(), clock() - timedelta(days=400)
    async with store.work() as work:
        work.add(ErasedSubject(subject_ref=earlier, erased_at=at))
    await erase(store, await registered(store))
    for _ in range(2):
        await erasure.list_earlier_erasures(store)
    [_, added] = [one.event for one in await emitted(store, SubjectSuppressed)]
    assert added == SubjectSuppressed(subject_ref=earlier, at=at)
