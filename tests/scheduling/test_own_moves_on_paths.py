"""A visitor moves an interview between the others of its path, with the time for reflection; the team freely."""

from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client
from services.scheduling.actions import guidance, own
from services.scheduling.domain import refusals
from services.scheduling.domain.paths import between_others, check_between_others
from services.scheduling.store import Interview
from tests.givens.scheduling import NADIA, Visitor
from tests.scheduling.test_guidance import change
from tests.scheduling.test_own_appointments import sends, shown
from tests.scheduling.test_paths import take_path

TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
ZONE = ZoneInfo("Europe/Brussels")


async def three(store: Store, person: Visitor, *days: int) -> list[UUID]:
    """The interviews of a path, so many days from the first Tuesday."""
    path = await take_path(store, person)
    made = list[UUID]()
    for after in days:
        async with store.work() as work:
            at = TUESDAY + after * DAY
            one = await guidance.book(work, path, counsellor=NADIA, room=None, starts_at=at, minutes=60)
            made.append(one.id)
    return made


async def moves(store: Store, id: UUID, person: Visitor, to: datetime) -> None:
    async with store.read() as session:
        seen = (await session.get_one(Interview, id)).starts_at
    async with store.work() as work:
        await own.move(
            work,
            id,
            {person.subject_ref},
            starts_at=to,
            notice=timedelta(hours=24),
            horizon=timedelta(days=365),
            seen=seen,
            reflection=WEEK,
        )


async def test_it_stays_between_the_others_with_time_to_think(store: Store, adult: Visitor) -> None:
    first, second, third = await three(store, adult, 1, 15, 29)
    with pytest.raises(refusals.ReflectFirst) as refused:
        await moves(store, second, adult, TUESDAY + 7 * DAY)
    assert refused.value.values == {"day": (TUESDAY + 8 * DAY).date()}
    with pytest.raises(refusals.KeepsOrder) as kept:
        await moves(store, second, adult, TUESDAY + 23 * DAY)
    assert kept.value.values == {"day": (TUESDAY + 22 * DAY).date()}
    with pytest.raises(refusals.ReflectFirst):
        await moves(store, third, adult, TUESDAY + 2 * DAY)
    with pytest.raises(refusals.KeepsOrder):
        await moves(store, first, adult, TUESDAY + 36 * DAY)
    await moves(store, second, adult, TUESDAY + 8 * DAY)
    await moves(store, second, adult, TUESDAY + 22 * DAY)
    to = {"counsellor": NADIA, "room": None, "starts_at": TUESDAY + 2 * DAY, "minutes": 60}
    await change(store, third, guidance.move, **to)


def test_where_the_team_booked_sooner_only_the_order_stays() -> None:
    others = [TUESDAY, TUESDAY + 20 * DAY]
    limits = between_others(TUESDAY + 3 * DAY, others, WEEK, ZONE)
    check_between_others(TUESDAY + timedelta(hours=1), limits, ZONE)
    with pytest.raises(refusals.ReflectFirst):
        check_between_others(TUESDAY - DAY, limits, ZONE)
    with pytest.raises(refusals.KeepsOrder):
        check_between_others(TUESDAY + 14 * DAY, limits, ZONE)
    unhurried = between_others(TUESDAY + 3 * DAY, others, timedelta(), ZONE)
    check_between_others(TUESDAY + 19 * DAY, unhurried, ZONE)
    with pytest.raises(refusals.KeepsOrder):
        check_between_others(TUESDAY + 20 * DAY, unhurried, ZONE)
    assert between_others(TUESDAY, [], WEEK, ZONE) == (None, None)


async def test_the_page_offers_only_those_times_and_says_which_days(desk: Client, known: Visitor) -> None:
    _first, second, _third = await three(desk.store, known, 1, 15, 29)
    desk.signed_in(visitor(known.subject_ref))
    html = unescape(await shown(desk, f"/interviews/{second}"))
    assert "entre vos autres rendez-vous" in html
    assert 'value="2026-03-11T' in html, "the first day on which it can be"
    assert 'value="2026-03-10T' not in html
    assert 'value="2026-03-26T' not in await shown(desk, f"/interviews/{second}?day=2026-03-24")
    seen, to = (TUESDAY + 15 * DAY).isoformat(), (TUESDAY + 2 * DAY).isoformat()
    refused = await sends(desk, f"/interviews/{second}/move", starts_at=to, seen=seen)
    assert "un temps est prévu pour réfléchir" in refused
