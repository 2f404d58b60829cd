"""The figures of a centre's day: exact, on both stores, on the page and in the file."""

import csv
from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from html import unescape
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of
from services.contracts.intake import Channel
from services.contracts.roles import Role
from services.intake.actions import appointments, corrections, queue, visits
from services.intake.actions.days import TwoDays, two_days
from services.intake.actions.end_of_day import close_today, end_days
from services.intake.actions.visits import Arrival
from services.intake.app import SERVICE
from services.intake.domain.days import Figures, NoFiguresYet, hours_of, hours_shown
from services.intake.domain.queue import Priority
from services.intake.imports import VisitLine, record_visits
from services.intake.store import Centre
from tests.givens.appointments import booked, expects, registered
from tests.givens.intake import LIEGE_DESK, MONDAY, NAMUR_DESK, OPERATOR, open_centres

MANAGER = LIEGE_DESK.model_copy(update={"subject": "test/manager", "roles": frozenset({Role.MANAGER})})
REGION = MANAGER.model_copy(update={"subject": "test/region", "centres": frozenset()})
DAY = date(2026, 3, 2)
FRENCH = {"accept-language": "fr"}
PAGE = {"accept": "text/html", "accept-language": "en"}


async def comes(store: Store, area: str | None = "find-job", **facts: object) -> UUID:
    """A visitor checks in at Liège."""
    arrival = Arrival(uuid4(), "liege", area, **facts)  # pyright: ignore[reportArgumentType]
    async with store.work() as work:
        await visits.check_in(work, arrival)
    return arrival.visit_id


async def step(store: Store, visit: UUID, *steps: str) -> None:
    """What the desk does with a visit, one thing after the other."""
    for one in steps:
        async with store.work() as work:
            await (visits.call(work, visit, "desk-1") if one == "call" else getattr(visits, one)(work, visit))


async def a_day(store: Store, clock: FixedClock) -> None:
    """From nine o'clock on; at 10:40 the last ones wait.

    9:00 a group of two, of whom one is served after 10 min, the other leaves after 40; one without a ticket.
    10:00 three: served after 20 and 31 min, and one with priority who is called at once; then two wait.
    """
    clock.now = MONDAY
    async with store.work() as work:
        first, second = (await visits.check_in_groups(work, [Arrival(uuid4(), "liege", "find-job", group=2)]))[0]
    await comes(store, None, queue=False)
    clock.forward(minutes=10)
    await step(store, first.id, "call", "serve", "finish")
    clock.forward(minutes=30)
    await step(store, second.id, "leave")
    clock.forward(minutes=20)
    quick, slow, urgent = [await comes(store, "choose-path") for _ in range(3)]
    async with store.work() as work:
        await queue.prioritise(work, urgent, Priority.SMALL_CHILD)
    await step(store, urgent, "call", "serve")
    async with store.work() as work:
        await corrections.correct_area(work, slow, "find-job", ())
    clock.forward(minutes=20)
    await step(store, quick, "call", "serve", "finish")
    await comes(store, "choose-path")
    await comes(store, "choose-path", at=clock() - timedelta(minutes=70), recorded_later=True)
    clock.forward(minutes=11)
    await step(store, slow, "call")
    clock.forward(minutes=9)


async def figures(store: Store, clock: FixedClock, day: date = DAY) -> TwoDays:
    async with store.read() as session:
        return await two_days(session, await session.get_one(Centre, "liege"), day, clock())


def numbers(one: Figures) -> tuple[int | None, ...]:
    """Arrived, waiting, with the team, served, left, without a ticket, end not recorded; median and longest wait."""
    parts = (one.waiting, one.with_team, one.served, one.left, one.no_queue, one.unobserved)
    assert one.arrived == sum(parts)
    return (one.arrived, *parts, one.median_wait, one.longest_wait)


async def test_the_figures_of_a_day_count_people_and_measure_the_waits_of_those_called_in_turn(
    store: Store, clock: FixedClock
) -> None:
    await a_day(store, clock)
    day, before = await figures(store, clock)
    assert numbers(day.total) == (8, 2, 2, 2, 1, 1, 0, 20, 31)
    assert (day.total.waits, day.total.later, day.total.left_share) == (3, 1, 33)
    assert day.total.waiting_for(clock()) == 20, "who was recorded later did not wait since then"
    assert numbers(day.area("find-job")) == (3, 0, 1, 1, 1, 0, 0, 20, 31), "corrected, and a group of two"
    assert numbers(day.area("choose-path")) == (4, 2, 1, 1, 0, 0, 0, 20, 20)
    assert numbers(day.area(None)) == (1, 0, 0, 0, 0, 1, 0, None, None)
    assert numbers(day.hour("09:00")) == (4, 1, 0, 1, 1, 1, 0, 10, 10)
    assert numbers(day.hour("10:00")) == (4, 1, 2, 1, 0, 0, 0, 25, 31)
    assert hours_shown(day, before) == ["09:00", "10:00"]
    assert numbers(before.total) == (0, 0, 0, 0, 0, 0, 0, None, None)
    async with store.read() as session:
        namur = await session.get_one(Centre, "namur")
        assert (await two_days(session, namur, DAY, clock())).day.total.arrived == 0


async def test_a_visit_counts_in_the_need_recorded_last(store: Store, clock: FixedClock) -> None:
    clock.now = MONDAY
    visit = await comes(store, "find-job")
    async with store.work() as work:
        await queue.transfer(work, visit, queue.Destination(area="select-training"))
    await step(store, visit, "call", "serve", "finish")
    day, _ = await figures(store, clock)
    assert (day.area("find-job").arrived, day.area("select-training").served) == (0, 1)


async def test_whom_nobody_ended_is_in_no_rate_of_those_who_left_and_who_was_called_has_a_wait(
    store: Store, clock: FixedClock
) -> None:
    await a_day(store, clock)
    clock.forward(hours=6)
    async with store.work() as work:
        await close_today(work, await work.session.get_one(Centre, "liege"))
    day = (await figures(store, clock)).day
    assert numbers(day.total) == (8, 0, 0, 2, 1, 1, 4, 20, 31), "the call ended the wait, not the end of the day"
    assert (day.total.waits, day.total.left_share, day.total.waiting_for(clock())) == (3, 33, None)
    assert numbers(day.area("find-job")) == (3, 0, 0, 1, 1, 0, 1, 20, 31)
    assert numbers(day.area("choose-path")) == (4, 0, 0, 1, 0, 0, 3, 20, 20), "how long the others waited, nobody knows"
    assert numbers(day.hour("09:00")) == (4, 0, 0, 1, 1, 1, 1, 10, 10)
    assert numbers(day.hour("10:00")) == (4, 0, 0, 1, 0, 0, 3, 25, 31)


async def test_a_day_that_is_over_has_its_own_visits_alone_and_is_compared_with_the_week_before(
    store: Store, clock: FixedClock
) -> None:
    await a_day(store, clock)
    clock.now = MONDAY + timedelta(days=1)
    assert numbers((await figures(store, clock)).day.total) == (8, 2, 2, 2, 1, 1, 0, 20, 31), "nobody closed them yet"
    await end_days(store)
    assert numbers((await figures(store, clock)).day.total) == (8, 0, 0, 2, 1, 1, 4, 20, 31)
    assert (await figures(store, clock, DAY + timedelta(days=1))).day.total.arrived == 0
    clock.now = MONDAY + timedelta(days=7, minutes=30)
    await comes(store)
    day, before = await figures(store, clock, DAY + timedelta(days=7))
    assert (day.day, day.total.arrived, day.until_now) == (DAY + timedelta(days=7), 1, None)
    assert (before.day, before.total.arrived, before.until_now) == (DAY, 8, 4), "four had come by half past nine"
    assert hours_shown(day, before) == ["09:00", "10:00"]
    with pytest.raises(NoFiguresYet):
        await figures(store, clock, DAY + timedelta(days=8))


async def test_what_was_recorded_by_mistake_counts_nowhere_and_an_import_in_no_wait(
    store: Store, clock: FixedClock
) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    async with store.work() as work:
        arrived = await appointments.arrive(work, booking.interview_id, Channel.DESK)
    came = (await figures(store, clock)).day.total
    assert (came.arrived, came.waiting, came.no_queue) == (2, 1, 1), "the registration was a visit without a ticket"
    async with store.work() as work:
        await appointments.undo_arrival(work, booking.interview_id, arrived.id)
    assert (await figures(store, clock)).day.total == Figures(arrived=1, no_queue=1)
    at = {f"{name}_at": MONDAY - timedelta(minutes=n) for name, n in (("called", 40), ("served", 40), ("ended", 10))}
    line = VisitLine.model_validate(
        {"visit_id": uuid4(), "centre": "liege", "checked_in_at": MONDAY - timedelta(hours=1), "status": "served", **at}
    )
    async with store.work() as work:
        await record_visits(work, [(1, line)])
    day = (await figures(store, clock)).day.total
    assert numbers(day) == (2, 0, 0, 1, 0, 1, 0, None, None)
    assert day.later == 1


@pytest.mark.parametrize(
    ("day", "hours", "inside", "outside", "by_hour"),
    [
        (
            "2026-03-29",
            23,
            ("00:00:00+01:00", "01:59:59+01:00", "03:00:00+02:00", "23:59:59+02:00"),
            ("2026-03-28T23:59:59+01:00", "2026-03-30T00:00:00+02:00"),
            {"00:00": 1, "01:00": 1, "03:00": 1, "23:00": 1},
        ),
        (
            "2026-10-25",
            25,
            ("00:00:00+02:00", "02:30:00+02:00", "02:10:00+01:00", "02:20:00+01:00", "23:59:59+01:00"),
            ("2026-10-24T23:59:59+02:00", "2026-10-26T00:00:00+01:00"),
            {"00:00": 1, "02:00 CEST": 1, "02:00 CET": 2, "23:00": 1},
        ),
    ],
)
async def test_the_days_on_which_the_clock_changes_have_23_and_25_hours(
    store: Store,
    clock: FixedClock,
    day: str,
    hours: int,
    inside: tuple[str, ...],
    outside: tuple[str, ...],
    by_hour: dict[str, int],
) -> None:
    that_day = date.fromisoformat(day)
    clock.now = datetime.fromisoformat(f"{day}T20:00:00+00:00") + timedelta(days=3)
    for at in (*(f"{day}T{time}" for time in inside), *outside):
        await comes(store, at=datetime.fromisoformat(at))
    found = (await figures(store, clock, that_day)).day
    assert {hour: one.arrived for hour, one in found.by_hour.items()} == by_hour
    assert found.total.arrived == len(inside)
    async with store.read() as session:
        zone = (await session.get_one(Centre, "liege")).zone
    assert list(found.hours) == hours_of(that_day, zone)
    assert len(set(found.hours)) == hours
    before = (await figures(store, clock, that_day)).before
    shown = hours_shown(before, found)
    assert [hour for hour in shown if hour in by_hour] == list(by_hour)


@pytest.fixture
async def desk(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """Liège's desk, after the day."""
    async with client_of(SERVICE, tmp_path, person=LIEGE_DESK, clock=clock) as made:
        await open_centres(made.store)
        await a_day(made.store, clock)
        yield made


async def see(client: Client, status: int = 200, **query: str) -> str:
    answer = await client.get("/intake/day/liege", params=query, headers=PAGE)
    assert answer.status_code == status, answer.text
    return " ".join(unescape(answer.text).split())


async def test_the_page_has_the_figures_of_today_for_the_team_and_the_managers(desk: Client) -> None:
    shown = await see(desk)
    assert "Monday, 2 March 2026 · as of 10:40" in shown or "Monday 2 March 2026 · as of 10:40" in shown
    for tile in (
        '<dt>Waiting now</dt> <dd class="figure-value">2</dd> <dd class="figure-hint">Longest wait now: 20 min</dd>',
        '<dt>Arrivals</dt> <dd class="figure-value">8</dd>',
        '<dt>Left without being received</dt> <dd class="figure-value">1</dd>',
        '<dd class="figure-hint">33% of those received or left · a week before: 0</dd>',
        '<dt>Median wait</dt> <dd class="figure-value">20 min</dd> <dd class="figure-hint">Longest: 31 min',
    ):
        assert tile in shown
    assert '<th scope="row">Find a job</th><td data-label="Arrivals" class="number">3</td>' in shown.replace(
        "> <", "><"
    )
    assert "Waits are measured until the call, of 3 people." in shown
    assert "1 visit was entered later or imported." in shown
    assert "2 people are called or at a desk." in shown
    for person in (MANAGER, REGION):
        assert '<dd class="figure-value">8</dd>' in await see(desk.signed_in(person))
    assert (await desk.signed_in(NAMUR_DESK).get("/intake/day/liege", headers=PAGE)).status_code == 403
    assert (await desk.signed_in(OPERATOR).get("/intake/day/liege", headers=PAGE)).status_code == 403


async def test_another_day_is_chosen_and_one_to_come_is_refused_on_the_page(desk: Client) -> None:
    earlier = await see(desk, day="2026-02-27")
    assert "Nobody came on this day" in earlier
    assert "Waiting now" not in earlier
    for wrong in ("2026-03-03", "tomorrow"):
        refused = await see(desk, 422, day=wrong)
        assert "There are no figures for this day." in refused
        assert f'value="{wrong}"' in refused


async def test_the_desk_leads_to_its_day_and_who_has_several_centres_chooses(desk: Client) -> None:
    assert 'href="/intake/day/liege"' in (await desk.get("/intake/desk/liege", headers=PAGE)).text
    answer = await desk.get("/intake/day", headers=PAGE, follow_redirects=False)
    assert answer.headers["location"] == "/intake/day/liege"
    region = (await desk.signed_in(REGION).get("/intake/day", headers=PAGE)).text
    assert 'href="/intake/day/liege"' in region
    assert 'href="/intake/day/namur"' in region


async def test_the_file_has_what_the_page_shows_in_both_forms(desk: Client) -> None:
    query = {"centre": "liege", "day": "2026-03-02"}
    plain = await desk.get("/intake/api/v1/day.csv", params=query)
    assert plain.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(plain.text.splitlines()))
    found = {(row["day"], row["area"], row["hour"]): row for row in rows}
    assert len(found) == len(rows) == 2 * (1 + 5 + 2)
    total = found["2026-03-02", "all", "all"]
    shown = await see(desk)
    for label, column, unit in (
        ("Waiting now", "waiting", ""),
        ("Arrivals", "arrived", ""),
        ("Received", "served", ""),
        ("Left without being received", "left", ""),
        ("Without a ticket", "no_queue", ""),
        ("Median wait", "median_wait", " min"),
    ):
        assert f'<dt>{label}</dt> <dd class="figure-value">{total[column]}{unit}</dd>' in shown
    assert (total["longest_wait"], total["waits"], total["later"]) == ("31", "3", "1")
    assert found["2026-03-02", "find-job", "all"]["arrived"] == "3"
    assert found["2026-03-02", "not-stated", "all"]["median_wait"] == ""
    assert found["2026-03-02", "all", "10:00"]["median_wait"] == "25"
    assert found["2026-02-23", "all", "all"]["arrived"] == "0"
    excel = await desk.get(
        "/intake/api/v1/day.csv", params=query | {"excel": "true"}, headers={"accept-language": "fr"}
    )
    assert excel.content.startswith(b"\xef\xbb\xbf")
    first, second, *_ = excel.content.decode("utf-8-sig").splitlines()
    assert first.startswith("Centre;Jour;Besoin;Heure;Arrivées;")
    assert second.startswith("Cité des métiers de Liège;2026-03-02;Total;Total;8;2;2;2;1;1;0;1;3;20;31")
    assert "Trouver un emploi" in excel.text
    late = await desk.get("/intake/api/v1/day.csv", params=query | {"day": "2026-03-03"})
    assert late.status_code == 422
    assert "no-figures-yet" in late.text
