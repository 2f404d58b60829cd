"""Absences and what is booked in them: moved, offered, listed, and changed by two at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.i18n import add_catalogues
from services.chassis.refusals import AlreadyDifferent, Stale
from services.chassis.storage.store import Store, Work
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import Side
from services.scheduling.actions import availability, guidance
from services.scheduling.app import SERVICE
from services.scheduling.domain import refusals
from services.scheduling.pages.hours_words import absence_words
from services.scheduling.store import CounsellorAbsence, CounsellorProfile, QuarterHour
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, account_of, liege, react
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path, take_path
from tests.scheduling.test_own_appointments import NEXT_MONDAY, booked, moves
from tests.scheduling.test_pages import press, see
from tests.scheduling.test_working_hours import (
    BRUSSELS,
    MORNINGS,
    OF_LIEGE,
    OF_MONS,
    PAGE,
    ask,
    free,
    is_away,
    move,
    works,
)
from tests.scheduling.test_workshops import announce


@pytest.mark.parametrize("begins", [timedelta(0), timedelta(hours=-1)])
async def test_an_appointment_in_an_absence_is_not_moved_within_it(
    store: Store, adult: Visitor, clock: FixedClock, begins: timedelta
) -> None:
    booked = await book(store, await take_path(store, adult))
    async with store.work() as work:
        ends = TUESDAY + timedelta(minutes=30)
        await availability.add_absence(work, uuid4(), NADIA, TUESDAY + begins, ends, BRUSSELS)
    offered = await free(store, clock, besides=booked.id)
    assert ("10:00" in offered, "10:15" in offered, "10:30" in offered) == (False, False, True)
    with pytest.raises(refusals.CounsellorAway):
        await move(store, booked.id, starts_at=TUESDAY + timedelta(minutes=15))
    await move(store, booked.id, starts_at=TUESDAY + timedelta(minutes=30))


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        ("2026-12-24T00:00", "2027-01-01T00:00", "jeudi 24 décembre 2026 – jeudi 31 décembre 2026"),
        (
            "2026-12-24T14:00",
            "2027-01-01T00:00",
            "jeudi 24 décembre 2026, 14:00 – jeudi 31 décembre 2026, au soir",
        ),
        ("2026-12-31T00:00", "2027-01-01T00:00", "jeudi 31 décembre 2026, toute la journée"),
        ("2026-10-25T00:00", "2026-10-26T00:00", "dimanche 25 octobre 2026, toute la journée"),
        ("2026-12-24T14:00", "2026-12-25T00:00", "jeudi 24 décembre 2026, 14:00–24:00"),
        ("2026-12-24T14:00", "2026-12-25T12:00", "jeudi 24 décembre 2026, 14:00 – vendredi 25 décembre 2026, 12:00"),
    ],
)
def test_an_absence_ends_on_the_last_day_that_was_entered(begins: str, ends: str, words: str) -> None:
    add_catalogues(SERVICE.folder / "locales")
    at = [datetime.fromisoformat(one).replace(tzinfo=BRUSSELS) for one in (begins, ends)]
    absence = CounsellorAbsence(id=uuid4(), counsellor=NADIA, starts_at=at[0], ends_at=at[1])
    assert absence_words(absence, BRUSSELS) == words


async def test_a_manager_sees_what_their_own_centres_have_booked(desk: Client, known: Visitor) -> None:
    await react(desk.store, [liege(code="mons"), account_of(NADIA, version=2, centres=(LIEGE, "mons"))])
    await book(desk.store, await take_path(desk.store, known))
    await is_away(desk.store)
    desk.signed_in(OF_MONS)
    assert "Rendez-vous en dehors de ces heures" not in await see(desk, PAGE)
    desk.signed_in(OF_LIEGE)
    assert "Rendez-vous en dehors de ces heures" in await see(desk, PAGE)


async def test_a_refused_time_is_not_offered_again_while_the_room_is_taken(desk: Client, known: Visitor) -> None:
    await book(desk.store, await other_path(desk.store), counsellor=TOM)
    form = {"person": str(known.subject_ref), "date": "2026-03-03", "time": "10:00", "minutes": "60"}
    asked = await press(desk, "/interviews/new", 422, counsellor=NADIA, room="salle-1", **form)
    assert "time=11%3A00&amp;counsellor=liege-c01" in asked
    assert "time=10%3A00" not in asked


async def while_open(store: Store, first: Callable[[Work], Awaitable[Any]], then: Awaitable[Any]) -> Any:
    """What `then` answers or raises, which begins while `first` is done and not committed."""
    async with store.work() as work:
        await first(work)
        await work.session.flush()
        waits = asyncio.ensure_future(then)
        # Long enough for what waits for no lock; what waits for one goes on after the commit.
        await asyncio.wait({waits}, timeout=0.5)
    return (await asyncio.gather(waits, return_exceptions=True))[0]


async def test_of_two_absences_entered_at_once_that_overlap_one_is_refused(store: Store) -> None:
    async def first(work: Work) -> None:
        await availability.add_absence(work, uuid4(), NADIA, TUESDAY, TUESDAY + timedelta(hours=3), BRUSSELS)

    async def second() -> None:
        starts_at = TUESDAY + timedelta(hours=2)
        async with store.work() as work:
            await availability.add_absence(work, uuid4(), NADIA, starts_at, starts_at + timedelta(hours=3), BRUSSELS)

    assert isinstance(await while_open(store, first, second()), refusals.AbsencesOverlap)
    assert len(await rows_of(store, CounsellorAbsence)) == 1


async def enter(store: Store, id: UUID, hours: int = 3) -> CounsellorAbsence:
    async with store.work() as work:
        return await availability.add_absence(work, id, NADIA, TUESDAY, TUESDAY + timedelta(hours=hours), BRUSSELS)


async def test_what_is_cancelled_while_its_absence_is_removed_is_free(store: Store, adult: Visitor) -> None:
    interview = await book(store, await take_path(store, adult))
    absence = await is_away(store)

    async def removes(work: Work) -> None:
        await availability.remove_absence(work, NADIA, absence.id)

    cancelled = change(store, interview.id, guidance.cancel, by=Side.CENTRE, reason="counsellor-away")
    assert await while_open(store, removes, cancelled) is None
    assert await rows_of(store, QuarterHour) == []


async def test_an_absence_entered_while_another_is_removed_has_its_times(store: Store) -> None:
    first = await is_away(store)

    async def removes(work: Work) -> None:
        await availability.remove_absence(work, NADIA, first.id)

    assert isinstance(await while_open(store, removes, enter(store, uuid4(), hours=5)), CounsellorAbsence)
    assert len(await rows_of(store, QuarterHour)) == 20


@pytest.mark.parametrize(("begins", "hours"), [(1, 1), (-1, 2), (2, 4), (-1, 9), (0, 2)])
async def test_an_absence_that_overlaps_with_another_is_refused_and_names_it(
    store: Store, begins: int, hours: int
) -> None:
    await is_away(store)
    start = TUESDAY + timedelta(hours=begins)
    async with store.work() as work:
        with pytest.raises(refusals.AbsencesOverlap) as refused:
            await availability.add_absence(work, uuid4(), NADIA, start, start + timedelta(hours=hours), BRUSSELS)
    assert refused.value.about == "starts_at"
    assert refused.value.values == {"begins": TUESDAY, "ends": TUESDAY + timedelta(hours=3)}
    async with store.work() as work:
        await availability.add_absence(work, uuid4(), TOM, start, start + timedelta(hours=hours), BRUSSELS)


async def test_absences_that_touch_are_two(store: Store) -> None:
    await is_away(store)
    async with store.work() as work:
        ends = TUESDAY + timedelta(hours=3)
        await availability.add_absence(work, uuid4(), NADIA, ends, ends + timedelta(hours=1), BRUSSELS)
    assert len(await rows_of(store, CounsellorAbsence)) == 2


async def test_the_page_and_the_api_name_the_absence_that_is_there(desk: Client) -> None:
    await press(desk, f"{PAGE}/absences", first_day="2026-12-24", last_day="2026-12-31")
    refused = await press(desk, f"{PAGE}/absences", 422, first_day="2026-12-28", last_day="2027-01-02")
    assert 'id="first_day-error"' in refused
    assert "du 24/12/2026 au 31/12/2026" in refused
    body = {"starts_at": "2026-12-31T12:00:00+01:00", "ends_at": "2027-01-01T12:00:00+01:00"}
    (error,) = (await ask(desk, "POST", f"/{NADIA}/absences", 422, **body))["errors"]
    assert (error["field"], error["rule"]) == ("starts_at", "absences-overlap")


async def test_what_is_sent_twice_at_once_is_saved_once(store: Store) -> None:
    id = uuid4()

    async def enters(work: Work) -> None:
        await availability.add_absence(work, id, NADIA, TUESDAY, TUESDAY + timedelta(hours=3), BRUSSELS)

    again = await while_open(store, enters, enter(store, id))
    assert isinstance(again, CounsellorAbsence), again
    assert len(await rows_of(store, QuarterHour)) == 12
    with pytest.raises(AlreadyDifferent):
        await enter(store, id, hours=4)

    async def set_profile(work: Work) -> None:
        await availability.set_profile(work, NADIA, ["fr"], [], 0)

    async def profile() -> None:
        async with store.work() as work:
            await set_profile(work)

    assert isinstance(await while_open(store, set_profile, profile()), Stale)

    async def set_hours(work: Work) -> None:
        await availability.set_hours(work, NADIA, LIEGE, [], 0)

    assert isinstance(await while_open(store, set_hours, works(store, "09:00", "12:00", version=0)), Stale)


async def test_a_visitor_does_not_learn_that_the_counsellor_is_away(store: Store, adult: Visitor) -> None:
    id = await booked(store, adult)
    async with store.work() as work:
        begins = NEXT_MONDAY + timedelta(hours=1)
        await availability.add_absence(work, uuid4(), NADIA, begins, begins + timedelta(hours=1), BRUSSELS)
    with pytest.raises(refusals.Overlap) as refused:
        await moves(store, id, adult, NEXT_MONDAY + timedelta(hours=1))
    assert (type(refused.value), refused.value.about) == (refusals.Overlap, "counsellor")


async def test_a_workshop_that_took_place_in_an_absence_is_entered_afterwards(store: Store, clock: FixedClock) -> None:
    await is_away(store, hours=48)
    clock.now = TUESDAY + timedelta(hours=4)
    await announce(store, sessions=[(TUESDAY, 180)])
    with pytest.raises(refusals.CounsellorAway):
        await announce(store, sessions=[(TUESDAY + timedelta(hours=24), 120)])


async def test_the_last_row_of_hours_asks_what_counts_then(desk: Client) -> None:
    await ask(desk, "PUT", f"/{NADIA}/hours/{LIEGE}", rows=[MORNINGS], version=0)
    assert "Ce sont les dernières heures ici" in await see(desk, PAGE)
    rows = [MORNINGS, MORNINGS | {"begins": "13:00", "ends": "15:00"}]
    await ask(desk, "PUT", f"/{NADIA}/hours/{LIEGE}", rows=rows, version=1)
    shown = await see(desk, PAGE)
    assert "Ce sont les dernières heures ici" not in shown
    assert "Plus rien n’y sera fixé." in shown


async def test_what_the_page_does_not_show_of_a_profile_stays(desk: Client) -> None:
    await ask(desk, "PUT", f"/{NADIA}", languages=["fr", "is"], areas=["find-job", "start-business"], version=0)
    desk.signed_in(OF_LIEGE)
    await press(desk, f"{PAGE}/profile", languages=["de"], areas=["choose-path"], version="1")
    (kept,) = await rows_of(desk.store, CounsellorProfile)
    assert (kept.languages, kept.areas) == (["de", "is"], ["choose-path", "start-business"])
