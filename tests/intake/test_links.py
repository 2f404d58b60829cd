"""Personal links: bound to a PIN, opened, locked, renewed, ended; on both stores."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.identity.tokens import IDLE, VisitorToken
from services.chassis.refusals import NotFound
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, emitted
from services.contracts.intake import VisitorLinkChanged
from services.intake.actions import erasure, links, people
from services.intake.domain import links as rules
from services.intake.store import LinkOpening, PersonalLink, Visitor, current_link, link_with
from services.intake.store.links import openings_of
from tests.givens.intake import walks_in
from tests.givens.rows import all_rows

HASHED = "00$00"
"""A stored PIN; comparing is not the actions' part."""
HOURS = 12


@pytest.fixture
async def ada(store: Store) -> UUID:
    visit = uuid4()
    async with store.work() as work:
        await walks_in(work, visit)
    async with store.work() as work:
        visitor = await people.register_visitor(
            work,
            visit,
            given_name="Ada",
            family_name="Démonstration",
            contact=None,
            language="fr",
            purposes=["plan"],
            recorded_by="test",
        )
    return visitor.id


async def made(store: Store, person: UUID) -> tuple[str, PersonalLink]:
    async with store.work() as work:
        secret = await links.create_link(work, person, "test/desk")
    async with store.read() as session:
        link = await link_with(session, rules.digest(secret))
    assert link is not None
    return secret, link


async def chosen(store: Store, link: PersonalLink, centre: str | None = None) -> VisitorToken:
    async with store.work() as work:
        return await links.choose_pin(work, link.id, HASHED, centre, HOURS)


async def tried(store: Store, link: PersonalLink, *, matches: bool) -> VisitorToken | int:
    async with store.work() as work:
        return await links.open_link(work, link.id, tried=HASHED, matches=matches, centre=None, hours=HOURS)


async def published(store: Store) -> list[tuple[UUID | None, int]]:
    events = [one.event for one in await emitted(store, VisitorLinkChanged)]
    return [(one.link_id, len(one.closed_openings)) for one in events if isinstance(one, VisitorLinkChanged)]


async def test_a_link_is_stored_as_a_digest_and_published_without_its_secret(store: Store, ada: UUID) -> None:
    secret, link = await made(store, ada)
    rows = str(await all_rows(store))
    assert link.secret in rows
    for form in (secret, secret.replace("-", ""), secret.upper()):
        assert form not in rows
        assert rules.digest(form) == link.secret
    assert await published(store) == [(link.id, 0)]
    assert link.secret not in str(await emitted(store))


async def test_choosing_and_opening_are_listed_with_time_and_place(store: Store, ada: UUID, clock: FixedClock) -> None:
    _, link = await made(store, ada)
    at_desk = await chosen(store, link, "liege")
    assert at_desk.expires_at == clock.now + IDLE
    clock.forward(hours=1)
    elsewhere = await tried(store, link, matches=True)
    assert isinstance(elsewhere, VisitorToken)
    assert elsewhere.expires_at == elsewhere.ends_at == clock.now + timedelta(hours=HOURS)
    async with store.read() as session:
        seen = [(one.kind, one.centre, one.at) for one in await openings_of(session, ada)]
    assert seen == [
        ("opened", None, clock.now),
        ("pin_chosen", "liege", clock.now - timedelta(hours=1)),
    ]


async def test_a_pin_is_chosen_once(store: Store, ada: UUID) -> None:
    _, link = await made(store, ada)
    await chosen(store, link)
    with pytest.raises(rules.PinAlreadyChosen):
        await chosen(store, link)


async def test_five_wrong_pins_lock_the_link_and_end_what_it_opened(store: Store, ada: UUID) -> None:
    _, link = await made(store, ada)
    await chosen(store, link)
    assert [await tried(store, link, matches=False) for _ in range(4)] == [4, 3, 2, 1]
    assert isinstance(await tried(store, link, matches=True), VisitorToken), "a correct one starts again"
    assert [await tried(store, link, matches=False) for _ in range(5)] == [4, 3, 2, 1, 0]
    with pytest.raises(rules.LinkLocked):
        await tried(store, link, matches=True)
    assert (await published(store))[-1] == (None, 0)
    async with store.read() as session:
        now = store.clock()
        assert links.state_of(await current_link(session, ada), now) is rules.LinkState.LOCKED
    _, renewed = await made(store, ada)
    assert links.state_of(renewed, now) is rules.LinkState.NO_PIN
    await chosen(store, renewed)


async def test_a_new_link_ends_the_older_ones(store: Store, ada: UUID, clock: FixedClock) -> None:
    _, first = await made(store, ada)
    await chosen(store, first)
    clock.forward(minutes=1)
    _, second = await made(store, ada)
    for act in (chosen(store, first), tried(store, first, matches=True)):
        with pytest.raises(rules.LinkNotValid):
            await act
    assert await published(store) == [(first.id, 0), (second.id, 0)]
    async with store.read() as session:
        newest = await current_link(session, ada)
    assert newest is not None
    assert newest.id == second.id


async def test_a_pin_compared_with_an_older_one_opens_nothing(store: Store, ada: UUID) -> None:
    _, link = await made(store, ada)
    await chosen(store, link)
    with pytest.raises(rules.LinkNotValid):
        async with store.work() as work:
            await links.open_link(work, link.id, tried="11$11", matches=True, centre=None, hours=HOURS)


async def test_a_link_ends_after_its_time_and_no_opening_outlives_it(
    store: Store, ada: UUID, clock: FixedClock
) -> None:
    _, link = await made(store, ada)
    clock.forward(days=29, hours=23)
    opened = await chosen(store, link)
    assert opened.ends_at == opened.expires_at == link.expires_at
    clock.forward(hours=1)
    with pytest.raises(rules.LinkNotValid):
        await tried(store, link, matches=True)
    assert links.state_of(link, clock.now) is rules.LinkState.MISSING
    assert links.state_of(None, clock.now) is rules.LinkState.MISSING


async def test_closing_is_published_once(store: Store, ada: UUID, clock: FixedClock) -> None:
    _, link = await made(store, ada)
    opened = await chosen(store, link, "liege")
    for _ in range(2):
        async with store.work() as work:
            await links.close_opening(work, opened)
    assert await published(store) == [(link.id, 0), (link.id, 1)]
    clock.forward(days=1)
    second = await tried(store, link, matches=True)
    assert isinstance(second, VisitorToken)
    async with store.work() as work:
        await links.close_opening(work, second)
    assert (await published(store))[-1] == (link.id, 1), "those that ended by themselves are no longer listed"


async def test_erasure_deletes_links_and_openings(store: Store, ada: UUID) -> None:
    _, link = await made(store, ada)
    opened = await chosen(store, link)
    async with store.work() as work:
        await erasure.erase_subject(work, ada)
    async with store.read() as session:
        for table in (PersonalLink, LinkOpening, Visitor):
            assert (await session.scalars(sa.select(table))).all() == []
    with pytest.raises(rules.LinkNotValid):
        await tried(store, link, matches=True)
    async with store.work() as work:
        await links.close_opening(work, opened)
    with pytest.raises(NotFound):
        await made(store, ada)


@pytest.mark.parametrize(
    "pin",
    [
        *("000000", "777777", "123456", "654321", "890123", "121212", "123123", "112233", "123321", "112112"),
        *("221122", "159753", "198512", "121985", "201007", "150385", "850315", "290200"),
    ],
)
def test_a_pin_that_is_easy_to_guess_is_refused(pin: str) -> None:
    with pytest.raises(rules.WeakPin):
        rules.check_new_pin(pin, pin)


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12a456", "１２３４５６", " 83951"])
def test_a_pin_has_six_digits(pin: str) -> None:
    with pytest.raises(rules.NotSixDigits):
        rules.check_new_pin(pin, pin)


def test_most_pins_are_accepted_if_typed_twice() -> None:
    rules.check_new_pin("839517", "839517")
    with pytest.raises(rules.PinsDiffer):
        rules.check_new_pin("839517", "839518")
    assert sum(rules.is_weak(f"{number:06}") for number in range(0, 1_000_000, 97)) < 1_000_000 / 97 / 6


def test_a_pin_is_stored_slowly_hashed_with_a_salt() -> None:
    stored = rules.hash_pin("839517")
    assert "839517" not in stored
    assert stored != rules.hash_pin("839517")
    assert rules.is_pin("839517", stored)
    assert not rules.is_pin("839518", stored)
    assert not rules.is_pin("", stored)


def test_a_secret_has_128_bits_and_can_be_typed() -> None:
    secrets = {rules.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert len(secret.replace("-", "")) == 26
        assert set(secret) <= set("abcdefghijklmnopqrstuvwxyz234567-")
        typed = secret.upper().replace("-", " ").replace("O", "0").replace("I", "1")
        assert rules.digest(typed) == rules.digest(secret)
