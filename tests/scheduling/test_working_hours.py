"""Working hours and absences of counsellors: kept by themselves and their managers, and kept free of bookings."""

import asyncio
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.chassis.refusals import Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.scheduling import Side
from services.scheduling.actions import availability, guidance, paths
from services.scheduling.actions.availability import Meant
from services.scheduling.actions.end_of_day import delete_past_absences
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.store import Centre, CounsellorAbsence, CounsellorHours, Interview, QuarterHour
from services.scheduling.store.slots import Search, free_times
from tests.doors.doors import MANAGER
from tests.givens.rows import rows_of
from tests.givens.scheduling import LEFT, LIEGE, NADIA, NAMES, TOM, Visitor, account_of, liege, react
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path, take_path
from tests.scheduling.test_pages import press, see

API = "/scheduling/api/v1/counsellors"
PAGE = f"/counsellors/{NADIA}"
OF_LIEGE = MANAGER.model_copy(update={"centres": frozenset({LIEGE})})
OF_MONS = MANAGER.model_copy(update={"centres": frozenset({"mons"})})
BRUSSELS = ZoneInfo("Europe/Brussels")
MORNINGS = {"starts_on": "2026-01-01", "rrule": "FREQ=WEEKLY;BYDAY=MO,TU", "begins": "09:00", "ends": "11:00"}


async def works(store: Store, begins: str, ends: str, counsellor: str = NADIA, version: int | None = None) -> None:
    """On Tuesdays, at these local times."""
    rows = [WorkingHours(date(2026, 1, 1), "FREQ=WEEKLY;BYDAY=TU", begins, ends, frozenset(), BRUSSELS)]
    async with store.work() as work:
        await availability.set_hours(work, counsellor, LIEGE, rows, version)


async def is_away(store: Store, hours: int = 3, counsellor: str = NADIA) -> CounsellorAbsence:
    """From Tuesday at ten, local time."""
    async with store.work() as work:
        return await availability.add_absence(
            work, uuid4(), counsellor, TUESDAY, TUESDAY + timedelta(hours=hours), BRUSSELS
        )


async def free(store: Store, clock: FixedClock, besides: UUID | None = None) -> list[str]:
    search = Search(TUESDAY.date(), TUESDAY.date(), 60, clock.now, timedelta(days=365), besides=besides)
    async with store.read() as session:
        centre = await session.get_one(Centre, LIEGE)
        found = await free_times(session, [centre], [(NADIA, LIEGE)], search)
    return [f"{at.astimezone(BRUSSELS):%H:%M}" for at in found.starts()]


async def move(store: Store, id: Any, **more: Any) -> None:
    wanted = {"counsellor": NADIA, "room": "salle-1", "starts_at": TUESDAY, "minutes": 60}
    await change(store, id, guidance.move, **(wanted | more))


async def test_free_times_lie_in_the_working_hours_and_in_the_opening_hours(store: Store, clock: FixedClock) -> None:
    assert (await free(store, clock))[0] == "09:00"
    await works(store, "08:00", "10:30")
    assert await free(store, clock) == ["09:00", "09:15", "09:30"]


async def test_outside_the_working_hours_is_booked_after_a_question(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await works(store, "13:00", "16:00")
    with pytest.raises(refusals.OutsideWorkingHours) as refused:
        await book(store, path)
    assert (refused.value.about, refused.value.values) == ("outside_working_hours", {"hours": ["13:00–16:00"]})
    async with store.work() as work:
        booked = await guidance.book(
            work,
            path,
            counsellor=NADIA,
            room="salle-1",
            starts_at=TUESDAY,
            minutes=60,
            meant=Meant(outside_working_hours=True),
        )
    await move(store, booked.id, room="salle-2")  # its time stays
    with pytest.raises(refusals.OutsideWorkingHours):
        await move(store, booked.id, starts_at=TUESDAY + timedelta(minutes=30))
    with pytest.raises(refusals.OutsideWorkingHours):
        await move(store, booked.id, minutes=120, by=Side.VISITOR)
    await move(store, booked.id, starts_at=TUESDAY + timedelta(minutes=30), meant=Meant(outside_working_hours=True))
    await move(store, booked.id, starts_at=TUESDAY + timedelta(hours=3))


async def test_who_has_no_hours_is_booked_whenever_the_centre_is_open(store: Store, adult: Visitor) -> None:
    await works(store, "13:00", "16:00", TOM)
    await book(store, await take_path(store, adult))


async def test_two_who_change_the_hours_do_not_overwrite_each_other(store: Store) -> None:
    await works(store, "09:00", "12:00", version=0)
    await works(store, "09:00", "11:00", version=1)
    with pytest.raises(Stale):
        await works(store, "09:00", "10:00", version=1)
    (kept,) = await rows_of(store, CounsellorHours)
    assert (kept.version, kept.rows[0]["ends"]) == (2, "11:00")


async def test_nothing_is_booked_in_an_absence_at_any_centre(store: Store, adult: Visitor, clock: FixedClock) -> None:
    path = await take_path(store, adult)
    absence = await is_away(store)
    with pytest.raises(refusals.CounsellorAway) as refused:
        await book(store, path, TUESDAY - timedelta(minutes=15))
    assert refused.value.about == "counsellor"
    assert "10:00" not in await free(store, clock)
    await book(store, path, counsellor=TOM)
    await react(store, [liege(code="mons"), account_of(NADIA, version=2, centres=(LIEGE, "mons"))])
    visitor = Visitor("mons")
    await react(store, [visitor.registered()])
    async with store.work() as work:
        elsewhere = (await paths.open_path(work, visitor.subject_ref, "mons")).id
    with pytest.raises(refusals.CounsellorAway):
        await book(store, elsewhere, room=None)
    async with store.work() as work:
        await availability.remove_absence(work, NADIA, absence.id)
    await book(store, elsewhere, room=None)


async def test_what_is_booked_stays_and_its_time_is_the_absence_s_once_it_is_free(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    booked = await book(store, path)
    await is_away(store)
    await move(store, booked.id, room="salle-2")  # where it is, it may change
    with pytest.raises(refusals.CounsellorAway):
        await move(store, booked.id, starts_at=TUESDAY + timedelta(hours=1))
    await change(store, booked.id, guidance.cancel, by=Side.CENTRE, reason="counsellor-away")
    with pytest.raises(refusals.CounsellorAway):
        await book(store, path)
    held = [one for one in await rows_of(store, QuarterHour) if one.resource == f"counsellor:{NADIA}"]
    assert len(held) == 12


async def test_an_absence_entered_again_is_one(store: Store) -> None:
    await is_away(store)
    await is_away(store)
    assert len(await rows_of(store, CounsellorAbsence)) == 1
    async with store.work() as work:
        begins = TUESDAY + timedelta(hours=3)
        await availability.add_absence(work, uuid4(), NADIA, begins, begins + timedelta(hours=2), BRUSSELS)
    first, second = await rows_of(store, CounsellorAbsence)
    async with store.work() as work:
        await availability.remove_absence(work, NADIA, min(first, second, key=lambda one: one.starts_at).id)
    kept = sorted(one.quarter for one in await rows_of(store, QuarterHour))
    assert (len(kept), kept[0]) == (8, TUESDAY + timedelta(hours=3)), "the other absence has its times"


async def test_a_past_absence_is_deleted(store: Store, clock: FixedClock) -> None:
    await is_away(store)
    clock.now = TUESDAY + timedelta(days=30)
    await delete_past_absences(store)
    assert len(await rows_of(store, CounsellorAbsence)) == 1
    clock.now = TUESDAY + timedelta(days=31)
    await delete_past_absences(store)
    assert (await rows_of(store, CounsellorAbsence), await rows_of(store, QuarterHour)) == ([], [])


async def test_an_interview_that_was_held_early_was_held_absent_or_not(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    path = await take_path(store, adult)
    booked = await book(store, path, TUESDAY + timedelta(hours=1))
    await is_away(store)
    clock.now = TUESDAY + timedelta(minutes=45)
    await change(store, booked.id, guidance.hold)
    assert [one.starts_at for one in await rows_of(store, Interview)] == [TUESDAY - timedelta(minutes=15)]


async def test_an_absence_and_bookings_at_once_never_share_a_time(store: Store) -> None:
    paths_ = [await other_path(store) for _ in range(6)]
    at = [TUESDAY + timedelta(hours=number % 2) for number in range(6)]

    async def booked(number: int) -> Interview:
        return await book(store, paths_[number], at[number], room=None)

    answers = await asyncio.gather(
        *(booked(number) for number in range(3)),
        is_away(store),
        *(booked(number) for number in range(3, 6)),
        return_exceptions=True,
    )
    refused = {type(one) for one in answers if isinstance(one, Exception)}
    assert refused <= {refusals.Overlap, refusals.CounsellorAway}
    quarters = [one.quarter for one in await rows_of(store, QuarterHour) if one.resource == f"counsellor:{NADIA}"]
    assert len(quarters) == len(set(quarters)) == 12
    with pytest.raises((refusals.Overlap, refusals.CounsellorAway)):
        await book(store, await other_path(store), TUESDAY, room=None)


async def ask(desk: Client, method: str, path: str, status: int = 200, **body: Any) -> Any:
    answer = await desk.request(method, f"{API}{path}", json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_a_counsellor_keeps_their_hours_over_the_api(desk: Client) -> None:
    empty = await ask(desk, "GET", f"/{NADIA}")
    assert empty["hours"] == [{"centre": LIEGE, "version": 0, "rows": [], "changes": []}]
    rows = [MORNINGS | {"except_on": ["2026-05-04"]}]
    saved = await ask(desk, "PUT", f"/{NADIA}/hours/{LIEGE}", rows=rows, version=0)
    assert saved == {"centre": LIEGE, "version": 1, "rows": rows, "changes": []}
    stale = await ask(desk, "PUT", f"/{NADIA}/hours/{LIEGE}", 409, rows=[], version=0)
    assert stale["errors"][0]["rule"] == "stale-version"
    refused = await ask(desk, "PUT", f"/{NADIA}/hours/{LIEGE}", 422, rows=[MORNINGS | {"rrule": "FREQ=DAILY"}])
    assert (refused["errors"][0]["field"], refused["errors"][0]["rule"]) == ("rrule", "rule-not-weekly")
    changed = await ask(desk, "PUT", f"/{NADIA}", languages=["nl", "fr"], areas=["find-job"], version=0)
    assert (changed["languages"], changed["areas"], changed["version"]) == (["fr", "nl"], ["find-job"], 1)
    listed = (await desk.get(API, params={"centre": LIEGE})).json()
    assert listed[0] == {"code": NADIA, "name": NAMES[NADIA], "languages": ["fr", "nl"], "areas": ["find-job"]}
    body = {"starts_at": "2026-03-03T00:00:00+01:00", "ends_at": "2026-03-07T00:00:00+01:00"}
    entered = await ask(desk, "POST", f"/{NADIA}/absences", 201, **body)
    assert (await ask(desk, "GET", f"/{NADIA}"))["absences"] == [entered]
    await ask(desk, "DELETE", f"/{NADIA}/absences/{entered['id']}", 204)
    await ask(desk, "DELETE", f"/{NADIA}/absences/{entered['id']}", 404)
    assert await rows_of(desk.store, QuarterHour) == []


async def test_only_the_counsellor_and_managers_of_the_centre_keep_them(desk: Client) -> None:
    await ask(desk, "GET", f"/{TOM}", 404)
    await ask(desk, "PUT", f"/{TOM}/hours/{LIEGE}", 404, rows=[])
    await see(desk, f"/counsellors/{TOM}", 404)
    await ask(desk, "PUT", f"/{NADIA}/hours/mons", 404, rows=[])
    desk.signed_in(OF_MONS)
    await ask(desk, "GET", f"/{NADIA}", 404)
    await ask(desk, "POST", f"/{NADIA}/absences", 404, starts_at="2026-03-03T00:00:00Z", ends_at="2026-03-04T00:00:00Z")
    desk.signed_in(OF_LIEGE)
    await ask(desk, "PUT", f"/{TOM}/hours/{LIEGE}", rows=[MORNINGS])
    await react(desk.store, [account_of(TOM, AccountStatus.INACTIVE, version=9)])
    await ask(desk, "GET", f"/{TOM}", 404)


async def test_a_counsellor_keeps_their_hours_on_their_page(desk: Client) -> None:
    answer = await desk.get("/scheduling/counsellors")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/scheduling{PAGE}")
    assert "Pas encore d’heures notées" in await see(desk, PAGE)
    typed = {"centre": LIEGE, "begins": "09:00", "ends": "12:30", "every": "2", "starts_on": "2026-03-02"}
    form: dict[str, Any] = typed | {"weekdays": ["MO", "TU"], "until": "2026-06-30", "version": "0"}
    assert "Les heures de travail sont enregistrées." in await press(desk, f"{PAGE}/hours", **form)
    shown = await see(desk, PAGE)
    for words in (
        "lundi, mardi · 09:00–12:30",
        "toutes les 2 semaines",
        "à partir du 2 mars 2026",
        "jusqu’au 30 juin 2026 inclus",
    ):
        assert words in shown
    stale = await press(desk, f"{PAGE}/hours", 422, **form)
    assert "Quelqu’un a modifié cette page entre-temps." in stale
    wrong = await press(desk, f"{PAGE}/hours", 422, **(form | {"version": "1", "ends": "08:00"}))
    assert 'id="ends-error"' in wrong
    empty = await press(desk, f"{PAGE}/hours", 422, centre=LIEGE, version="1")
    assert 'id="weekdays-error"' in empty
    row: dict[str, Any] = {"centre": LIEGE, "row": "0", "version": "1"}
    await press(desk, f"{PAGE}/hours/except", **row, day="2026-03-17")
    assert "sauf\u00a0: 17 mars 2026" in await see(desk, PAGE)
    row["version"] = "2"
    await press(desk, f"{PAGE}/hours/remove", **row)
    assert "lundi, mardi" not in await see(desk, PAGE)


async def test_what_is_booked_in_an_absence_or_outside_the_hours_is_listed(desk: Client, known: Visitor) -> None:
    booked = await book(desk.store, await take_path(desk.store, known))
    assert f"/scheduling/interviews/{booked.id}" not in await see(desk, PAGE)
    answered = await press(desk, f"{PAGE}/absences", first_day="2026-03-03", last_day="2026-03-04")
    assert "L’absence est notée." in answered
    shown = await see(desk, PAGE)
    assert "mardi 3 mars 2026 – mercredi 4 mars 2026" in shown
    assert f'href="/scheduling/interviews/{booked.id}"' in shown
    (absence,) = await rows_of(desk.store, CounsellorAbsence)
    await press(desk, f"{PAGE}/absences/{absence.id}/remove")
    assert f"/scheduling/interviews/{booked.id}" not in await see(desk, PAGE)
    await works(desk.store, "13:00", "16:00")
    assert f"/scheduling/interviews/{booked.id}" in await see(desk, PAGE)
    wrong = await press(desk, f"{PAGE}/absences", 422, first_day="2026-03-04", last_day="2026-03-02")
    assert 'id="last_day-error"' in wrong


async def test_languages_and_needs_are_chosen_on_the_page(desk: Client) -> None:
    await press(desk, f"{PAGE}/profile", languages=["de", "fr"], areas=["find-job"], version="0")
    shown = await see(desk, PAGE)
    for value in ("de", "fr", "find-job"):
        assert f'value="{value}" checked' in shown


async def test_the_languages_of_the_centre_come_first(desk: Client) -> None:
    """Those of the pages and of the centre's counsellors; all others are folded away."""
    first, _folded, rest = (await see(desk, PAGE)).partition('<details class="more"><summary>Autres langues')
    assert ['value="nl"' in first, 'value="ar"' in first, 'value="ar"' in rest] == [True, False, True]
    await ask(desk, "PUT", f"/{NADIA}", languages=["es"], areas=[], version=0)
    async with desk.store.work() as work:
        await availability.set_profile(work, TOM, ["ar"], [])
        await availability.set_profile(work, LEFT, ["tr"], [])
    first, _folded, rest = (await see(desk, PAGE)).partition('<details class="more"><summary>Autres langues')
    assert re.findall(r'name="languages" value="(\w+)"', first) == ["de", "en", "ar", "es", "fr", "nl"]
    assert 'value="tr"' in rest


async def test_a_manager_finds_the_counsellors_of_the_centre(desk: Client) -> None:
    desk.signed_in(OF_LIEGE)
    listed = await see(desk, "/counsellors")
    assert f'href="/scheduling/counsellors/{TOM}"' in listed
    await book(desk.store, await other_path(desk.store))
    await press(desk, f"{PAGE}/absences", first_day="2026-03-03", last_day="2026-03-03", last_time="11:00")
    shown = await see(desk, PAGE)
    assert "mardi 3 mars 2026, 00:00–11:00" in shown
    assert "Rendez-vous en dehors de ces heures" in shown
    assert "/scheduling/interviews/" not in shown, "a manager does not open interviews"


async def test_the_desk_is_asked_once(desk: Client, known: Visitor) -> None:
    await works(desk.store, "13:00", "16:00")
    form: dict[str, Any] = {
        "person": str(known.subject_ref),
        "date": "2026-03-03",
        "time": "10:00",
        "minutes": "60",
        "counsellor": NADIA,
    }
    asked = await press(desk, "/interviews/new", 422, **form)
    assert 'name="outside_working_hours" value="true"' in asked
    assert "Heures de ce jour-là\u00a0: 13:00–16:00" in asked
    went = await press(desk, "/interviews/new", outside_working_hours="true", **form)
    assert went.startswith("/scheduling/interviews/")
