"""Free times as the API lists them, on both stores: those that can be booked, and no others."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from services.chassis.refusals import Refused
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.roles import Role
from services.scheduling.actions import availability, guidance, paths
from services.scheduling.domain import times
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.times import HORIZON, QUARTER
from services.scheduling.store import Centre
from services.scheduling.store.slots import FreeTime, Search, calendars_of, free_times
from tests.givens.scheduling import COUNSELLOR, LIEGE, MONDAY, NADIA, TOM, Visitor, account_of, liege, react
from tests.queries.reading import noted_statements
from tests.scheduling.test_api import API, booked
from tests.scheduling.test_own_appointments import signed_up

BRUSSELS = ZoneInfo("Europe/Brussels")
MONS = "mons"
BOTH_CENTRES = COUNSELLOR.model_copy(update={"centres": frozenset({LIEGE, MONS})})
TODAY = date(2026, 3, 2)


class Undone(Exception):
    """What was booked is rolled back."""


async def search(store: Store, codes: Iterable[str] = (LIEGE,), **asked: Any) -> list[FreeTime]:
    async with store.read() as session:
        centres = [await session.get_one(Centre, code) for code in codes]
        facts: dict[str, Any] = {
            "first": TODAY,
            "last": TODAY,
            "minutes": 60,
            "now": MONDAY,
            "horizon": HORIZON,
        } | asked
        found = await free_times(session, centres, await calendars_of(session, centres), Search(**facts))
        return list(found.in_order())


async def can_book(store: Store, path_id: Any, counsellor: str, starts_at: datetime, minutes: int) -> bool:
    try:
        async with store.work() as work:
            await guidance.book(
                work, path_id, counsellor=counsellor, room=None, starts_at=starts_at, minutes=minutes, horizon=HORIZON
            )
            raise Undone
    except Undone:
        return True
    except Refused:
        return False


@pytest.mark.parametrize("minutes", [60, 120])
async def test_the_free_times_are_those_that_can_be_booked_and_no_others(
    store: Store, adult: Visitor, clock: FixedClock, minutes: int
) -> None:
    """Each quarter-hour of a day is tried, with an appointment, a workshop, working hours and an absence on it."""
    other = Visitor()
    await react(store, [other.registered()])
    clock.now = datetime(2026, 3, 9, 8, 50, tzinfo=UTC)
    at = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
    await signed_up(store, at=at)
    async with store.work() as work:
        theirs = await paths.individual_path(work, other.subject_ref, LIEGE, None)
        await guidance.book(work, theirs, counsellor=TOM, room=None, starts_at=at, minutes=60)
    async with store.work() as work:
        path_id = await paths.individual_path(work, adult.subject_ref, LIEGE, None)
        hours = WorkingHours(TODAY, "FREQ=WEEKLY", "09:00", "15:45", frozenset(), BRUSSELS)
        await availability.set_hours(work, TOM, LIEGE, [hours])
        await availability.add_absence(
            work, uuid4(), TOM, at - timedelta(hours=2), at - timedelta(minutes=105), BRUSSELS
        )
    day = date(2026, 3, 9)
    found = await search(store, first=day, last=day, minutes=minutes, now=clock.now)
    first, end = times.local_day(day, BRUSSELS)
    for counsellor in (NADIA, TOM):
        tried = [first + number * QUARTER for number in range((end - first) // QUARTER)]
        possible = [at for at in tried if await can_book(store, path_id, counsellor, at, minutes)]
        assert [one.starts_at for one in found if one.counsellor == counsellor] == possible
    assert found


async def test_what_others_need_must_be_free_and_what_is_moved_is(store: Store, adult: Visitor) -> None:
    async with store.work() as work:
        path_id = await paths.individual_path(work, adult.subject_ref, LIEGE, None)
        made = await guidance.book(
            work, path_id, counsellor=NADIA, room="salle-1", starts_at=MONDAY + timedelta(hours=1), minutes=60
        )
    free = {one.starts_at for one in await search(store) if one.counsellor == TOM}
    for also in (f"person:{adult.subject_ref}", f"room:{LIEGE}:salle-1"):
        theirs = {one.starts_at for one in await search(store, also=[also]) if one.counsellor == TOM}
        assert {made.starts_at + number * QUARTER for number in range(-3, 4)} & free == free - theirs
    assert {one.starts_at for one in await search(store, besides=made.id) if one.counsellor == NADIA} == free


async def test_any_number_of_counsellors_takes_as_many_queries_as_one(store: Store) -> None:
    asked: list[int] = []
    for number in (0, 60):
        await react(store, [liege(code=MONS), *(account_of(f"mons-c{n:02}", centres=(MONS,)) for n in range(number))])
        with noted_statements({"scheduling": store}) as statements:
            found = await search(store, (LIEGE, MONS), last=TODAY + timedelta(days=30))
        asked.append(len(statements))
    assert len({one.counsellor for one in found}) == 62
    assert asked[0] == asked[1]


async def slots(desk: Client, **asked: Any) -> Any:
    answer = await desk.get(f"{API}/slots", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_slots_have_the_fields_of_fhir(desk: Client, known: Visitor) -> None:
    await booked(desk, known)
    found = await slots(
        desk, centre=LIEGE, counsellor=NADIA, minutes=120, **{"from": "2026-03-03", "until": "2026-03-03"}
    )
    starts = [datetime.fromisoformat(one["start"]).astimezone(UTC).strftime("%H:%M") for one in found]
    assert starts == ["12:00", "12:15", "12:30", "12:45", "13:00", "13:15", "13:30"]
    assert found[0] == {
        "id": "liege.liege-c01.20260303T1200Z",
        "schedule": {"reference": "Schedule/liege.liege-c01"},
        "status": "free",
        "start": "2026-03-03T12:00:00Z",
        "end": "2026-03-03T14:00:00Z",
        "centre": LIEGE,
        "counsellor": NADIA,
        "minutes": 120,
    }


async def test_a_manager_of_every_centre_who_receives_too_asks_for_all(desk: Client) -> None:
    desk.signed_in(COUNSELLOR.model_copy(update={"centres": frozenset(), "roles": COUNSELLOR.roles | {Role.MANAGER}}))
    found = await desk.get(f"{API}/slots")
    assert {one["centre"] for one in found.json()} == {LIEGE}, found.text


async def test_slots_of_several_centres_come_by_time_and_in_pages(desk: Client) -> None:
    await react(desk.store, [liege(code=MONS), account_of("mons.c-1", centres=(MONS, LIEGE))])
    desk.signed_in(BOTH_CENTRES)
    asked = {"from": "2026-03-27", "until": "2026-03-30"}
    whole: list[Any] = []
    while page := await slots(desk, **asked, limit=50, **({"after": whole[-1]["id"]} if whole else {})):
        whole += page
    assert [one["id"] for one in whole] == [
        one["id"] for one in sorted(whole, key=lambda one: (one["start"], one["counsellor"], one["centre"]))
    ]
    assert len(whole) == len({one["id"] for one in whole}) == 2 * 4 * (9 + 11)
    assert {one["centre"] for one in whole if one["counsellor"] == "mons.c-1"} == {LIEGE, MONS}
    starts = [one["start"] for one in whole]
    assert (starts[0], starts[-1]) == ("2026-03-27T08:00:00Z", "2026-03-30T13:30:00Z"), "over the change of the clock"
    assert {one["centre"] for one in await slots(desk, centre=MONS, **asked)} == {MONS}
    assert await slots(desk, area="find-job", **asked) == await slots(desk, **asked)


async def test_counsellors_are_found_by_the_area_and_the_language_of_their_profiles(desk: Client) -> None:
    async with desk.store.work() as work:
        await availability.set_profile(work, NADIA, ["de", "fr"], ["find-job"])
    both = {NADIA, TOM}
    for asked, found in (
        ({}, both),
        ({"area": "find-job"}, both),  # one who has entered no areas is found by all of them
        ({"area": "choose-path"}, {TOM}),
        ({"language": "de"}, {NADIA}),
        ({"language": "fr"}, both),  # one who has entered no languages speaks that of the platform
        ({"language": "fr", "area": "choose-path"}, {TOM}),
        ({"language": "ar"}, set[str]()),
    ):
        assert {one["counsellor"] for one in await slots(desk, **asked)} == found


async def test_a_booking_in_an_absence_names_the_next_free_times(desk: Client, known: Visitor) -> None:
    at = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    async with desk.store.work() as work:
        await availability.add_absence(work, uuid4(), NADIA, at, at + timedelta(days=1), BRUSSELS)
    path = (await desk.post(f"{API}/paths", json={"subject_ref": str(known.subject_ref), "centre": LIEGE})).json()
    booking = {"path_id": path["id"], "counsellor": NADIA, "starts_at": at.isoformat(), "minutes": 60}
    (fault,) = (await desk.post(f"{API}/interviews", json=booking)).json()["errors"]
    assert fault["rule"] == "counsellor-away"
    assert [(one["counsellor"], one["starts_at"]) for one in fault["next_free"]] == [
        (NADIA, "2026-03-04T08:00:00+00:00"),
        (NADIA, "2026-03-04T08:15:00+00:00"),
        (NADIA, "2026-03-04T08:30:00+00:00"),
    ]


@pytest.mark.parametrize(
    ("asked", "status", "rule"),
    [
        ({"minutes": 90}, 422, "wrong-length"),
        ({"from": "2026-03-04", "until": "2026-03-03"}, 422, "span-backwards"),
        ({"from": "2026-03-04", "until": "2026-04-04"}, 422, "span-too-long"),
        ({"from": "2029-03-04"}, 422, "too-far-ahead"),
        ({"area": "gardening"}, 422, "unknown-area"),
        ({"counsellor": "liege-c03"}, 422, "counsellor-inactive"),
        ({"after": "the last one"}, 422, "unknown-slot"),
        ({"centre": MONS}, 403, "wrong-centre"),
    ],
)
async def test_what_cannot_be_answered_is_refused(desk: Client, asked: dict[str, Any], status: int, rule: str) -> None:
    answer = await desk.get(f"{API}/slots", params=asked)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{rule}")


async def test_a_month_of_31_days_is_possible_and_what_is_beyond_the_horizon_is_not_free(desk: Client) -> None:
    assert await slots(desk, **{"from": "2026-03-04", "until": "2026-04-03"})
    last = await slots(desk, **{"from": "2027-03-02", "until": "2027-03-05"})
    assert {one["start"][:10] for one in last} == {"2027-03-02"}


async def test_a_refusal_names_the_next_times_of_the_counsellor_then_of_others(desk: Client, known: Visitor) -> None:
    made = await booked(desk, known)
    other = Visitor()
    await react(desk.store, [other.registered()])
    path = (await desk.post(f"{API}/paths", json={"subject_ref": str(other.subject_ref), "centre": LIEGE})).json()
    async with desk.store.work() as work:
        centre = await work.session.get_one(Centre, LIEGE)
        centre.closed_on = [(TODAY + timedelta(days=n)).isoformat() for n in range(2, 40)]
        centre.opening_hours = [{"weekdays": ["TU"], "opens_at": "10:00", "closes_at": "12:30"}]
    booking = {"path_id": path["id"], "counsellor": NADIA, "starts_at": made["starts_at"], "minutes": 60}
    answer = await desk.post(f"{API}/interviews", json=booking)
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["rule"], fault["field"]) == (409, "overlap", "counsellor")
    assert [(one["counsellor"], one["starts_at"], one["centre"]) for one in fault["next_free"]] == [
        (NADIA, "2026-03-03T10:00:00+00:00", LIEGE),
        (NADIA, "2026-03-03T10:15:00+00:00", LIEGE),
        (NADIA, "2026-03-03T10:30:00+00:00", LIEGE),
    ]
    second = await desk.post(f"{API}/interviews", json=booking | {"starts_at": "2026-03-03T10:15:00Z"})
    assert second.status_code == 201
    answer = await desk.post(
        f"{API}/interviews/{second.json()['id']}/move", json={"starts_at": made["starts_at"], "version": 1}
    )
    (fault,) = answer.json()["errors"]
    assert [(one["counsellor"], one["starts_at"]) for one in fault["next_free"]] == [
        (NADIA, "2026-03-03T10:00:00+00:00"),
        (NADIA, "2026-03-03T10:15:00+00:00"),
        (NADIA, "2026-03-03T10:30:00+00:00"),
    ], "its own time is free for it"
    late = booking | {"starts_at": "2026-03-03T10:30:00Z"}
    (fault,) = (await desk.post(f"{API}/interviews", json=late)).json()["errors"]
    assert fault["next_free"] == [], "the visitor has an appointment, so that no counsellor's time is one"
    third = Visitor()
    await react(desk.store, [third.registered()])
    path = (await desk.post(f"{API}/paths", json={"subject_ref": str(third.subject_ref), "centre": LIEGE})).json()
    (fault,) = (await desk.post(f"{API}/interviews", json=late | {"path_id": path["id"]})).json()["errors"]
    assert [(one["counsellor"], one["starts_at"]) for one in fault["next_free"]] == [(TOM, "2026-03-03T10:30:00+00:00")]
