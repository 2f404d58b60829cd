"""Working hours on their page and over the API: changed, left out, taken back, and different for some days."""

from datetime import date, timedelta
from typing import Any

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.scheduling.actions import availability
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.changed_days import CHANGES_KEPT
from services.scheduling.store import CounsellorHours
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, account_of, liege, react
from tests.scheduling.test_pages import press, see
from tests.scheduling.test_working_hours import BRUSSELS, MORNINGS, PAGE, ask, free

AFTERNOONS = MORNINGS | {"begins": "13:00", "ends": "16:00"}
WEEK: dict[str, Any] = {"centre": LIEGE, "first_changed": "2026-03-02", "last_changed": "2026-03-08"}
HOURS = f"/{NADIA}/hours/{LIEGE}"


async def enter(desk: Client, *rows: dict[str, Any]) -> None:
    await ask(desk, "PUT", HOURS, rows=list(rows), version=0)


async def kept(store: Store) -> CounsellorHours:
    (found,) = await rows_of(store, CounsellorHours)
    return found


async def test_a_week_is_free_of_all_hours_by_one_form_and_taken_back_by_another(
    desk: Client, clock: FixedClock
) -> None:
    await enter(desk, MORNINGS, AFTERNOONS)
    assert (await free(desk.store, clock))[0] == "09:00"
    answered = await press(desk, f"{PAGE}/hours/days", **WEEK, which="none", version="1")
    assert "Les heures de travail sont enregistrées." in answered
    assert await free(desk.store, clock) == []
    shown = await see(desk, PAGE)
    assert "lundi 2 mars 2026 – dimanche 8 mars 2026 · aucune heure" in shown
    await press(desk, f"{PAGE}/hours/days/remove", centre=LIEGE, row="0", version="2")
    assert "aucune heure</strong>" not in await see(desk, PAGE)
    assert (await free(desk.store, clock))[0] == "09:00"
    assert (await kept(desk.store)).version == 3


async def test_other_hours_count_instead_of_all_rows(desk: Client, clock: FixedClock) -> None:
    await enter(desk, MORNINGS, AFTERNOONS)
    form = WEEK | {"which": "other", "changed_weekdays": ["TU"], "version": "1"}
    times: dict[str, Any] = {"from_1": "10:00", "to_1": "11:00", "from_2": "14:00", "to_2": "15:15"}
    await press(desk, f"{PAGE}/hours/days", **form, **times)
    assert await free(desk.store, clock) == ["10:00", "14:00", "14:15"]
    shown = await see(desk, PAGE)
    assert "· 10:00–11:00, 14:00–15:15" in shown
    assert "seulement\u00a0: mardi" in shown
    again = await press(desk, f"{PAGE}/hours/days", 422, **form, **times)
    assert "Quelqu’un a modifié cette page entre-temps." in again
    twice = await press(desk, f"{PAGE}/hours/days", 422, **(form | {"version": "2"}), **times)
    assert 'id="first_changed-error"' in twice
    assert "Le 03/03/2026 a déjà d’autres heures" in twice


async def test_a_form_of_a_week_that_says_too_little_is_shown_again(desk: Client) -> None:
    await enter(desk, MORNINGS)
    for changed, field in (
        ({"first_changed": ""}, "first_changed"),
        ({"which": ""}, "which"),
        ({"last_changed": "2026-03-01"}, "last_changed"),
        ({"last_changed": "2028-03-01"}, "last_changed"),
        ({"first_changed": "2026-03-07"}, "first_changed"),
        ({"which": "other"}, "from_1"),
        ({"which": "other", "from_1": "09:00"}, "to_1"),
        ({"which": "other", "from_1": "09:00", "to_1": "12:00", "from_2": "13:00"}, "to_2"),
        ({"which": "other", "from_1": "09:00", "to_1": "12:00", "from_2": "11:00", "to_2": "13:00"}, "from_2"),
        ({"which": "none", "from_1": "09:00", "to_1": "12:00"}, "which"),
    ):
        refused = await press(desk, f"{PAGE}/hours/days", 422, **(WEEK | {"which": "none", "version": "1"} | changed))
        assert f'id="{field}-error"' in refused, changed
    assert (await kept(desk.store)).changes == []
    await ask(desk, "PUT", HOURS, rows=[], version=1)
    refused = await press(desk, f"{PAGE}/hours/days", 422, **WEEK, which="none", version="2")
    assert "Il n’y a pas encore d’heures habituelles" in refused


async def test_a_day_that_no_hours_have_is_not_left_out_and_one_that_was_counts_again(desk: Client) -> None:
    await enter(desk, MORNINGS)
    row: dict[str, Any] = {"centre": LIEGE, "row": "0", "version": "1"}
    refused = await press(desk, f"{PAGE}/hours/except", 422, **row, day="2026-03-07")
    assert f'id="day-{LIEGE}-0-error"' in refused
    assert "Le 07/03/2026, les heures 09:00–11:00 ne comptent de toute façon pas" in refused
    missing = await press(desk, f"{PAGE}/hours/except", 422, **row, day="")
    assert f'id="day-{LIEGE}-0-error"' in missing
    await press(desk, f"{PAGE}/hours/except", **row, day="2026-03-09")
    assert '<option value="2026-03-09">lundi 9 mars 2026</option>' in await see(desk, PAGE)
    back: dict[str, Any] = row | {"version": "2", "day": "2026-03-09"}
    await press(desk, f"{PAGE}/hours/restore", **back)
    assert "sauf" not in await see(desk, PAGE)
    rows = [MORNINGS | {"except_on": ["2026-03-07"]}]
    problem = await ask(desk, "PUT", HOURS, 422, rows=rows, version=3)
    assert (problem["errors"][0]["field"], problem["errors"][0]["rule"]) == ("except_on", "day-without-hours")


async def test_hours_are_changed_in_their_form(desk: Client) -> None:
    await enter(desk, MORNINGS | {"except_on": ["2026-03-09", "2026-03-10"]}, AFTERNOONS)
    shown = await see(desk, f"{PAGE}?centre={LIEGE}&row=0")
    assert f'action="/scheduling{PAGE}/hours/change"' in shown
    assert 'name="weekdays" value="TU" checked' in shown
    assert 'name="begins" type="time" value="09:00"' in shown
    assert f'action="/scheduling{PAGE}/hours/change"' not in await see(desk, f"{PAGE}?centre={LIEGE}&row=9")
    form: dict[str, Any] = {
        "centre": LIEGE,
        "row": "0",
        "version": "1",
        "weekdays": ["TU", "WE"],
        "begins": "08:30",
        "ends": "12:00",
    }
    await press(desk, f"{PAGE}/hours/change", **form, starts_on="2026-01-01")
    first, second = (await kept(desk.store)).rows
    assert (first["begins"], first["rrule"]) == ("08:30", "FREQ=WEEKLY;BYDAY=TU,WE")
    assert first["except_on"] == ["2026-03-10"], "Mondays are none of its days any more"
    assert second["begins"] == "13:00"
    stale = await press(desk, f"{PAGE}/hours/change", 422, **form, starts_on="2026-01-01")
    assert "Quelqu’un a modifié cette page entre-temps." in stale
    assert f'action="/scheduling{PAGE}/hours/change"' in stale, "the form still changes the row"
    later = form | {"version": "2", "ends": "13:30"}
    overlap = await press(desk, f"{PAGE}/hours/change", 422, **later, starts_on="2026-01-01")
    assert 'id="begins-error"' in overlap
    assert "13:00–16:00" in overlap


async def test_nobody_works_at_two_centres_at_once(desk: Client) -> None:
    await react(desk.store, [liege(code="mons"), account_of(NADIA, version=2, centres=(LIEGE, "mons"))])
    await enter(desk, MORNINGS)
    there = f"/{NADIA}/hours/mons"
    tuesdays = MORNINGS | {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "begins": "10:45", "ends": "12:00"}
    problem = await ask(desk, "PUT", there, 422, rows=[tuesdays], version=0)
    (error,) = problem["errors"]
    assert (error["field"], error["rule"]) == ("begins", "hours-overlap")
    assert "09:00–11:00" in error["message"]
    assert "Cité des métiers (liege)" in error["message"]
    week = {"first": "2026-02-02", "last": "2027-02-07", "weekdays": ["TU"], "spans": []}
    await ask(desk, "PUT", HOURS, rows=[MORNINGS], changes=[week], version=1)
    until = tuesdays | {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20270101"}
    saved = await ask(desk, "PUT", there, rows=[until], version=0)
    assert saved["version"] == 1
    back = await ask(desk, "PUT", HOURS, 422, rows=[MORNINGS], changes=[], version=2)
    assert back["errors"][0]["rule"] == "hours-overlap"
    await react(desk.store, [account_of(NADIA, version=3, centres=(LIEGE,))])
    await ask(desk, "PUT", HOURS, rows=[MORNINGS], changes=[], version=2)


async def test_the_api_keeps_changes_that_it_is_not_sent(desk: Client, clock: FixedClock) -> None:
    week = {
        "first": "2026-03-02",
        "last": "2026-03-08",
        "weekdays": [],
        "spans": [{"begins": "10:00", "ends": "12:00"}],
    }
    saved = await ask(desk, "PUT", HOURS, rows=[MORNINGS], changes=[week], version=0)
    assert saved["changes"] == [week]
    saved = await ask(desk, "PUT", HOURS, rows=[AFTERNOONS], version=1)
    assert (await ask(desk, "GET", f"/{NADIA}"))["hours"][0]["changes"] == saved["changes"] == [week]
    again = await ask(desk, "PUT", HOURS, 422, rows=[AFTERNOONS], changes=[week, week], version=2)
    assert again["errors"][0]["rule"] == "days-changed-already"
    clock.now += CHANGES_KEPT + timedelta(days=20)
    saved = await ask(desk, "PUT", HOURS, rows=[MORNINGS], version=2)
    assert saved["changes"] == [], "they ended more than thirty days ago"


async def test_without_usual_hours_nothing_is_left_of_a_different_week(store: Store) -> None:
    row = WorkingHours(date(2026, 1, 1), "FREQ=WEEKLY;BYDAY=TU", "09:00", "12:00", frozenset(), BRUSSELS)
    for rows in ([row], []):
        async with store.work() as work:
            await availability.set_hours(work, NADIA, LIEGE, rows)
    assert (await kept(store)).hours(BRUSSELS) == []
