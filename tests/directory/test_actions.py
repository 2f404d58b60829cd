"""What the directory does, on both stores."""

import asyncio
from datetime import date, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlmodel import col

from services.chassis.refusals import AlreadyDifferent, NotFound, Refused, Stale, UnknownArea, UnknownCentre
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.directory import (
    CentrePublished,
    ProviderPublished,
    ReferralProgressed,
    ReferralRequested,
)
from services.contracts.directory import ReferralStatus as Status
from services.directory import actions, domain
from services.directory.actions.entries import ServiceChange
from services.directory.demo import demo_providers, organization_id
from services.directory.domain import Party
from services.directory.domain.centres import centre_id
from services.directory.store import Centre, Referral, ReferralStep, Service, ServiceViews, full_services, steps_of
from tests.givens.directory import (
    ATELIER,
    CLOSED,
    COUNSELLOR,
    DUTCH,
    MARCH,
    PASSERELLE,
    WELDING,
    atelier,
    refer,
    register,
)
from tests.givens.events import emitted_events


async def test_the_twelve_centres_are_published_once(store: Store) -> None:
    async with store.work() as work:
        assert await actions.publish_centres(work) == 12
    async with store.work() as work:
        assert await actions.publish_centres(work) == 0
    published = {event.centre: event for event in await emitted_events(store, CentrePublished)}
    assert len(await emitted_events(store, CentrePublished)) == len(published) == 12
    assert sorted(code for code, event in published.items() if event.kind == "cite") == ["charleroi", "liege", "namur"]
    mons = published["mons"]
    assert mons.timezone == "Europe/Brussels"
    assert [(span.opens_at, span.closes_at) for span in mons.opening_hours] == [("09:00", "12:00"), ("13:00", "16:30")]
    assert mons.areas == ("choose-path", "select-training", "find-job", "create-business")
    assert {"2026-07-21", "2027-07-21", "2026-04-06"} <= set(mons.closed_on)


async def test_replicas_that_publish_the_centres_at_once_publish_them_once(store: Store) -> None:
    async def publish() -> int:
        async with store.work() as work:
            return await actions.publish_centres(work)

    answers = await asyncio.gather(*(publish() for _ in range(5)), return_exceptions=True)
    assert [answer for answer in answers if answer not in (0, 12) and type(answer) is not domain.SeededMeanwhile] == []
    assert len(await emitted_events(store, CentrePublished)) == 12


async def is_updated(store: Store) -> None:
    """The migration that lists the centres runs on this store, as on one that an older version left."""

    def once_more(connection: sa.Connection) -> None:
        connection.execute(sa.text("drop table centres_to_restate"))
        with Operations.context(MigrationContext.configure(connection)):
            import_module("services.directory.migrations.versions.0022_centres_to_restate").upgrade()

    async with store.writer.begin() as connection:
        await connection.run_sync(once_more)


async def test_after_an_update_each_centre_is_published_once_with_its_hours(store: Store, clock: FixedClock) -> None:
    async def publish() -> int:
        async with store.work() as work:
            return await actions.publish_centres(work)

    await publish()
    for days in (0, 365):
        clock.forward(days=days)
        before = len(await emitted_events(store, CentrePublished))
        await is_updated(store)
        await asyncio.gather(*(publish() for _ in range(3)))
        published = (await emitted_events(store, CentrePublished))[before:]
        assert len({one.centre for one in published}) == len(published) == 12, "also with the holidays of a new year"
        assert {one.hours for one in published} == {"Mo-Fr 09:00-12:00,13:00-16:30; PH off"}
        assert await publish() == 0


async def test_a_new_year_adds_its_holidays_and_keeps_what_a_manager_changed(store: Store, clock: FixedClock) -> None:
    async with store.work() as work:
        await actions.publish_centres(work)
    async with store.work() as work:
        mons = await work.load(Centre, centre_id("mons"))
        await actions.update_centre(
            work,
            "mons",
            name="Carrefour de Mons",
            areas=mons.areas,
            opening_hours=mons.opening_hours,
            closed_on=["2026-12-24"],
            languages=["fr"],
            by="account/x",
        )
    clock.forward(days=365)
    async with store.work() as work:
        assert await actions.publish_centres(work) == 12
    mons_said = [event for event in await emitted_events(store, CentrePublished) if event.centre == "mons"][-1]
    assert mons_said.name == "Carrefour de Mons"
    assert mons_said.closed_on[0] == "2026-12-24"
    assert "2028-07-21" in mons_said.closed_on
    assert "2027-07-21" not in mons_said.closed_on


async def test_changing_a_centre_says_so_once(town: Store) -> None:
    async with town.work() as work:
        mons = await work.load(Centre, centre_id("mons"))
        same: dict[str, Any] = {
            "name": mons.name,
            "areas": mons.areas,
            "opening_hours": mons.opening_hours,
            "closed_on": mons.closed_on,
            "languages": mons.languages,
            "by": "account/x",
        }
        await actions.update_centre(work, "mons", **same)
        assert mons.version == 1
        same["languages"] = ["fr", "nl"]
        await actions.update_centre(work, "mons", **same)
        assert mons.version == 2
        with pytest.raises(Stale):
            await actions.update_centre(work, "mons", **same, version=1)
        with pytest.raises(UnknownCentre) as caught:
            await actions.update_centre(work, "dinant", **same)
    assert "mons" in caught.value.values["known"]


async def test_an_entry_is_kept_whole_and_the_same_again_changes_nothing(town: Store) -> None:
    before = len(await emitted_events(town, ProviderPublished))
    async with town.work() as work:
        assert not await actions.set_provider(work, *atelier())
    assert len(await emitted_events(town, ProviderPublished)) == before
    without_wood = atelier(services=[atelier()[1].services[0].model_dump()])
    async with town.work() as work:
        assert await actions.set_provider(work, *without_wood)
    last = (await emitted_events(town, ProviderPublished))[-1]
    assert {service.name: service.status for service in last.services} == {
        "Soudure pour débutants": "active",
        "Menuiserie": "defunct",
    }
    async with town.read() as session:
        (welding,) = await full_services(session, [WELDING])
    assert [location.city for _, location, _ in welding.places] == ["Mons"]
    assert [schedule.byday for _, _, schedules in welding.places for schedule in schedules] == ["MO,WE"]


async def test_an_entry_cannot_take_over_a_service_of_others(town: Store) -> None:
    stolen = atelier()[1].services[0].model_copy(update={"id": DUTCH, "places": []})
    with pytest.raises(domain.DifferentOrganization):
        async with town.work() as work:
            await actions.set_provider(work, *atelier(services=[stolen.model_dump()], locations=[]))
    async with town.read() as session:
        service = await session.get(Service, DUTCH)
    assert service is not None
    assert service.organization_id == PASSERELLE


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"areas": ["mobility"]}, UnknownArea),
        ({"topics": ["astrology"]}, domain.UnknownTopic),
        ({"languages": ["xx"]}, domain.UnknownLanguage),
        ({"places_open": 13}, domain.PlacesBeyondCapacity),
        ({"assured_date": date(2026, 3, 3)}, domain.CheckedLater),
        ({"places": [{"location_id": uuid4()}]}, domain.UnknownLocation),
    ],
)
async def test_an_entry_with_a_fault_changes_nothing(
    town: Store, change: dict[str, object], refusal: type[Refused]
) -> None:
    wrong = atelier()[1].services[0].model_dump() | change
    with pytest.raises(refusal):
        async with town.work() as work:
            await actions.set_provider(work, *atelier(name="Autre", services=[wrong]))
    assert (await emitted_events(town, ProviderPublished))[-1].name == "La Passerelle"


async def test_demo_providers_are_seeded_once_and_say_that_they_are(store: Store) -> None:
    demo = demo_providers(MARCH.date())
    async with store.work() as work:
        await actions.publish_centres(work)
        assert await actions.seed_providers(work, demo) == len(demo) >= 8
    async with store.work() as work:
        assert await actions.seed_providers(work, demo) == 0
    published = await emitted_events(store, ProviderPublished)
    assert all("démonstration" in event.name for event in published)
    assert all("(démo)" in service.name for event in published for service in event.services)
    assert organization_id("ifapme") in {event.organization_id for event in published}
    assert all(2 <= len(event.services) <= 4 for event in published)


async def test_a_provider_keeps_its_own_service_fresh(town: Store) -> None:
    change = ServiceChange(places_open=2, assured=True, version=1)
    async with town.work() as work:
        service = await actions.update_service(work, WELDING, change, organization_id=ATELIER)
    assert (service.places_open, service.capacity, service.assured_date) == (2, 12, date(2026, 3, 2))
    assert (await emitted_events(town, ProviderPublished))[-1].assured_date == "2026-03-02"
    with pytest.raises(Stale):
        async with town.work() as work:
            await actions.update_service(work, WELDING, change, organization_id=ATELIER)
    with pytest.raises(NotFound):
        async with town.work() as work:
            await actions.update_service(work, DUTCH, ServiceChange(name="À nous"), organization_id=ATELIER)


async def test_views_are_counted_per_day_and_nothing_else(town: Store, clock: FixedClock) -> None:
    async def look() -> None:
        async with town.work() as work:
            await actions.count_view(work, WELDING)

    await asyncio.gather(*(look() for _ in range(8)))
    clock.forward(days=1)
    await look()
    async with town.read() as session:
        rows = (await session.scalars(sa.select(ServiceViews).order_by(col(ServiceViews.day)))).all()
    assert [(row.day.isoformat(), row.views) for row in rows] == [("2026-03-02", 8), ("2026-03-03", 1)]
    assert set(ServiceViews.model_fields) == {"service_id", "day", "views"}


async def test_a_referral_is_asked_for_once(town: Store) -> None:
    subject_ref, id = uuid4(), uuid4()
    first = await refer(town, subject_ref, id=id)
    again = await refer(town, subject_ref, id=id)
    assert (first.id, first.status, again.version) == (id, "requested", 1)
    (event,) = await emitted_events(town, ReferralRequested)
    assert (event.organization_id, event.service_id, event.reason) == (ATELIER, WELDING, "training")
    with pytest.raises(AlreadyDifferent):
        await refer(town, subject_ref, DUTCH, id=id)
    with pytest.raises(domain.AlreadyReferred):
        await refer(town, subject_ref)
    with pytest.raises(domain.ServiceNotActive) as caught:
        await refer(town, subject_ref, CLOSED)
    assert caught.value.values == {"service": "Menuiserie", "status": "inactive"}


async def test_ten_clicks_at_once_are_one_referral(town: Store) -> None:
    subject_ref = uuid4()
    await register(town, subject_ref)
    together = (refer(town, subject_ref, registered=True) for _ in range(10))
    answers = await asyncio.gather(*together, return_exceptions=True)
    opened = [answer for answer in answers if isinstance(answer, Referral)]
    assert len(opened) == 1
    assert {type(answer) for answer in answers if not isinstance(answer, Referral)} == {domain.AlreadyReferred}
    assert len(await emitted_events(town, ReferralRequested)) == 1


async def test_ten_people_under_one_id_at_once_are_one_referral(town: Store) -> None:
    """The id is what is refused: nobody of the others was referred before."""
    id = uuid4()
    answers = await asyncio.gather(*(refer(town, uuid4(), id=id) for _ in range(10)), return_exceptions=True)
    assert len([answer for answer in answers if isinstance(answer, Referral)]) == 1
    assert {type(answer) for answer in answers if not isinstance(answer, Referral)} == {AlreadyDifferent}
    assert len(await emitted_events(town, ReferralRequested)) == 1


async def test_a_referral_keeps_its_history(town: Store, clock: FixedClock) -> None:
    referral = await refer(town)
    for status, reason in ((Status.RECEIVED, None), (Status.ACCEPTED, None), (Status.REJECTED, "no-places")):
        clock.forward(hours=1)
        async with town.work() as work:
            await actions.progress(work, referral.id, status, party=Party.PROVIDER, by="atelier", reason=reason)
    async with town.read() as session:
        steps = await steps_of(session, referral.id)
    assert [(step.number, step.status, step.party, step.reason) for step in steps] == [
        (1, "requested", "centre", None),
        (2, "received", "provider", None),
        (3, "accepted", "provider", None),
        (4, "rejected", "provider", "no-places"),
    ]
    assert [step.at for step in steps] == [MARCH + timedelta(hours=hour) for hour in range(4)]
    assert [event.status for event in await emitted_events(town, ReferralProgressed)] == [
        "received",
        "accepted",
        "rejected",
    ]


async def test_a_stale_answer_changes_nothing(town: Store) -> None:
    referral = await refer(town)
    async with town.work() as work:
        await actions.cancel(work, referral.id, "visitor-declined", by=COUNSELLOR, version=1)
    with pytest.raises(Stale):
        async with town.work() as work:
            await actions.progress(work, referral.id, Status.ACCEPTED, party=Party.PROVIDER, by="atelier", version=1)
    with pytest.raises(domain.WrongReferralStep):
        async with town.work() as work:
            await actions.progress(work, referral.id, Status.ACCEPTED, party=Party.PROVIDER, by="atelier")
    async with town.read() as session:
        assert len(await steps_of(session, referral.id)) == 2


async def test_answer_and_withdrawal_at_once_end_in_one_state(town: Store) -> None:
    async def answer(id: UUID, status: Status, party: Party, reason: str) -> None:
        async with town.work() as work:
            await actions.progress(work, id, status, party=party, by="somebody", reason=reason)

    for _ in range(5):
        referral = await refer(town)
        outcomes = await asyncio.gather(
            answer(referral.id, Status.REJECTED, Party.PROVIDER, "no-places"),
            answer(referral.id, Status.CANCELLED, Party.CENTRE, "found-elsewhere"),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "WrongReferralStep"]


async def test_what_nobody_answers_within_thirty_days_expires(town: Store, clock: FixedClock) -> None:
    ignored, answered = await refer(town), await refer(town)
    async with town.work() as work:
        await actions.progress(work, answered.id, Status.ACCEPTED, party=Party.PROVIDER, by="atelier")
    clock.forward(days=30, seconds=-1)
    async with town.work() as work:
        assert await actions.expire(work) == 0
    clock.forward(seconds=1)
    async with town.work() as work:
        assert await actions.expire(work) == 1
    async with town.read() as session:
        rows = (await session.scalars(sa.select(Referral))).all()
        steps = (await session.scalars(sa.select(ReferralStep).where(col(ReferralStep.status) == "expired"))).all()
    assert {row.id: row.status for row in rows} == {ignored.id: "expired", answered.id: "accepted"}
    assert [(step.referral_id, step.party, step.by) for step in steps] == [(ignored.id, "platform", None)]
