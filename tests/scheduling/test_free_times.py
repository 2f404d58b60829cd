"""The team's page of free times: one press holds a time and leads to its booking. And the choices of the move form."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

from services.chassis.testing import ORIGIN, Client, FixedClock
from services.contracts.roles import Role
from services.scheduling.actions import availability
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.holds import HOLD
from services.scheduling.store import Interview, SlotHold
from tests.givens.rows import rows_of
from tests.givens.scheduling import COLLEAGUE, COUNSELLOR, LIEGE, NADIA, TOM, Visitor, account_of, liege, react
from tests.scheduling.test_guidance import TUESDAY, book, other_path, take_path

BRUSSELS = ZoneInfo("Europe/Brussels")
PAGE = "/scheduling/free-times"
TUESDAYS = f"{PAGE}?day=2026-03-03"
DESK = COUNSELLOR.model_copy(
    update={"subject": "demo/accueil", "roles": frozenset({Role.FRONT_DESK}), "claims": frozenset()}
)


async def see(desk: Client, path: str, status: int = 200) -> str:
    answer = await desk.get(path, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def press(desk: Client, at: datetime = TUESDAY, counsellor: str = NADIA, **more: str) -> str:
    """Choose a time. Returns where it leads."""
    form = {"centre": LIEGE, "counsellor": counsellor, "starts_at": at.isoformat(), "minutes": "60"}
    answer = await desk.post(PAGE, data=form | more, headers={"accept": "text/html", "referer": f"{ORIGIN}{PAGE}"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def works(desk: Client, code: str, weekday: str, begins: str = "09:00", ends: str = "12:00") -> None:
    rule = f"FREQ=WEEKLY;BYDAY={weekday}"
    async with desk.store.work() as work:
        hours = WorkingHours(date(2026, 1, 1), rule, begins, ends, frozenset(), BRUSSELS)
        await availability.set_hours(work, code, LIEGE, [hours])


def times_of(html: str, counsellor: str) -> list[str]:
    """The times that the page offers of a counsellor."""
    card = next(one for one in html.split('<li class="card">') if f'value="{counsellor}"' in one)
    return re.findall(r'name="starts_at" value="([^"]+)"', card)


async def test_the_counsellor_who_is_free_first_is_first(desk: Client) -> None:
    html = await see(desk, PAGE)
    assert "Personne n’a encore indiqué d’heures de travail dans ce centre" in html
    assert 'href="/scheduling/counsellors"' in html
    await works(desk, NADIA, "WE")
    await works(desk, TOM, "TU")
    html = await see(desk, PAGE)
    assert "Personne n’a encore indiqué" not in html
    assert html.index("Tom Peeters") < html.index("Nadia Lambert")
    assert times_of(html, TOM)[:4] == [
        "2026-03-03T08:00:00+00:00",
        "2026-03-03T09:00:00+00:00",
        "2026-03-03T10:00:00+00:00",
        "2026-03-10T08:00:00+00:00",
    ]
    two_hours = times_of(await see(desk, f"{PAGE}?minutes=120"), TOM)
    assert two_hours[:2] == ["2026-03-03T08:00:00+00:00", "2026-03-10T08:00:00+00:00"]
    assert times_of(await see(desk, f"{PAGE}?day=2026-03-04"), TOM)[0] == "2026-03-10T08:00:00+00:00"


async def test_the_search_is_by_area_and_language(desk: Client) -> None:
    async with desk.store.work() as work:
        await availability.set_profile(work, NADIA, ["fr"], ["find-job"])
        await availability.set_profile(work, TOM, ["de"], ["create-business"])
    assert "Tom Peeters" not in await see(desk, f"{PAGE}?area=find-job")
    german = await see(desk, f"{PAGE}?language=de")
    assert "Tom Peeters" in german
    assert "Nadia Lambert" not in german
    none = await see(desk, f"{PAGE}?language=de&area=find-job")
    assert "Pas d’heure libre" in none
    await see(desk, f"{PAGE}?day=2028-01-01", 422)
    await see(desk, f"{PAGE}?centre=mons", 403)


async def test_a_centre_without_counsellors_says_so(desk: Client) -> None:
    await react(desk.store, [account_of(NADIA, version=2, centres=()), account_of(TOM, version=2, centres=())])
    assert "Aucun compte de ce centre n’a encore de code pour les entretiens" in await see(desk, PAGE)


async def test_one_press_holds_the_time_and_fills_the_booking_form(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    form = await press(desk, person=str(known.subject_ref), area="find-job")
    html = await see(desk, form)
    assert 'name="date" type="date" value="2026-03-03"' in html
    assert 'name="time" type="time" value="10:00"' in html
    assert "Cette heure est gardée pour vous jusqu’à 09:05." in html
    assert f'name="person" value="{known.subject_ref}"' in html
    assert TUESDAY.isoformat() in times_of(await see(desk, TUESDAYS), NADIA), "their own hold"
    desk.signed_in(COLLEAGUE)
    assert TUESDAY.isoformat() not in times_of(await see(desk, TUESDAYS), NADIA)
    assert "gardée pour vous" not in await see(desk, form)
    assert (await press(desk)) == PAGE
    desk.signed_in(COUNSELLOR)
    wanted = {"centre": LIEGE, "person": str(known.subject_ref), "date": "2026-03-03", "time": "10:00"}
    answer = await desk.post("/scheduling/interviews/new", data=wanted | {"minutes": "60", "counsellor": NADIA})
    assert answer.headers["location"].startswith("/scheduling/interviews/"), answer.text
    assert await rows_of(desk.store, SlotHold) == []
    (interview,) = await rows_of(desk.store, Interview)
    assert (interview.starts_at, interview.counsellor) == (TUESDAY, NADIA)


async def test_a_refused_booking_keeps_the_hold(desk: Client, known: Visitor, clock: FixedClock) -> None:
    await press(desk)
    wanted = {"centre": LIEGE, "person": str(known.subject_ref), "date": "2026-03-01", "time": "10:00"}
    answer = await desk.post("/scheduling/interviews/new", data=wanted | {"minutes": "60", "counsellor": NADIA})
    assert answer.status_code == 422
    assert len(await rows_of(desk.store, SlotHold)) == 1
    clock.now += HOLD
    desk.signed_in(COLLEAGUE)
    assert TUESDAY.isoformat() in times_of(await see(desk, TUESDAYS), NADIA)


async def test_the_front_desk_moves_and_cancels_and_sees_no_guidance(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    interview = await book(desk.store, path, room=None)
    later = await book(desk.store, path, TUESDAY + timedelta(days=7), room=None)
    page = f"/scheduling/interviews/{interview.id}"
    desk.signed_in(DESK)
    html = await see(desk, page)
    for hidden in ("/scheduling/paths/", f"{page}/hold", f"{page}/missed", "10 mars"):
        assert hidden not in html
    of_later = f"/scheduling/interviews/{later.id}"
    answer = await desk.post(f"{of_later}/earlier", data={"half": "", "language": ""})
    assert answer.headers["location"] == f"{of_later}#earlier", answer.text
    assert "La personne est sur la liste" in await see(desk, of_later)
    moved = {"date": "2026-03-03", "time": "11:00", "minutes": "60", "counsellor": NADIA, "version": "1"}
    answer = await desk.post(f"{page}/move", data=moved)
    assert answer.headers["location"] == page, answer.text
    cancelled = {"cancelled_by": "visitor", "reason": "other", "version": "2"}
    answer = await desk.post(f"{page}/cancel", data=cancelled)
    assert answer.headers["location"] == page, answer.text
    row = next(one for one in await rows_of(desk.store, Interview) if one.id == interview.id)
    assert (row.status, row.starts_at, row.moved_by) == ("cancelled", TUESDAY + timedelta(hours=1), "centre")
    assert "Déplacer l’entretien" not in await see(desk, page)
    for refused in ("hold", "missed", "undo-missed"):
        assert (await desk.post(f"{page}/{refused}", data={"version": "3"})).status_code == 403


async def test_the_times_are_free_in_the_calendar_of_the_person_too(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path, counsellor=TOM, room=None)
    for whom in (f"person={known.subject_ref}", f"path={path}"):
        assert TUESDAY.isoformat() not in times_of(await see(desk, f"{TUESDAYS}&{whom}"), NADIA)
    assert TUESDAY.isoformat() in times_of(await see(desk, TUESDAYS), NADIA)


async def test_the_front_desk_books_and_goes_on_with_the_code(desk: Client, known: Visitor) -> None:
    desk.signed_in(DESK)
    html = await see(desk, PAGE)
    assert 'href="/scheduling/counsellors"' not in html
    form = await see(desk, await press(desk, person=str(known.subject_ref)))
    assert 'href="/scheduling/?centre' not in form
    wanted = {"centre": LIEGE, "person": str(known.subject_ref), "date": "2026-03-03", "time": "10:00"}
    answer = await desk.post("/scheduling/interviews/new", data=wanted | {"minutes": "60", "counsellor": NADIA})
    assert answer.headers["location"] == f"/intake/visitors/{known.subject_ref}/appointments"


async def test_the_move_form_offers_the_next_free_times(desk: Client, known: Visitor) -> None:
    interview = await book(desk.store, await take_path(desk.store, known), room=None)
    await book(desk.store, await other_path(desk.store), TUESDAY + timedelta(hours=1), room=None)
    page = f"/scheduling/interviews/{interview.id}"

    def offered(html: str) -> list[str]:
        return re.findall(r"\?date=([0-9-]+)&time=(\d\d)%3A(\d\d)&counsellor=([a-z0-9-]+)#move", html)

    choices = offered(await see(desk, page))
    first: Callable[[int], str] = lambda number: " ".join(choices[number])  # noqa: E731
    assert [choice[3] for choice in choices] == [NADIA] * 3 + [TOM] * 2
    assert first(0) == f"2026-03-02 09 15 {NADIA}"
    assert all((day, hour) != ("2026-03-03", "10") for day, hour, _minute, who in choices if who == NADIA)
    filled = await see(desk, f"{page}?date=2026-03-04&time=14%3A15&counsellor={TOM}")
    assert 'name="date" type="date" value="2026-03-04"' in filled
    assert re.search(rf'value="{TOM}" selected', filled)
    form = {"version": interview.version, "date": "2026-03-03", "time": "11:00", "minutes": 60, "counsellor": NADIA}
    answer = await desk.post(f"{page}/move", data=form)
    assert answer.status_code == 422
    instead = offered(unescape(answer.text))
    assert instead[0][:3] == ("2026-03-03", "13", "00")


async def test_another_centre_is_refused(desk: Client) -> None:
    await react(desk.store, [liege(code="mons")])
    form = {"centre": "mons", "counsellor": NADIA, "starts_at": TUESDAY.isoformat(), "minutes": "60"}
    assert (await desk.post(PAGE, data=form)).status_code == 403
    assert await rows_of(desk.store, SlotHold) == []


async def test_a_day_that_is_too_far_ahead_is_refused_once(desk: Client, known: Visitor) -> None:
    form = {"person": str(known.subject_ref), "date": "2029-12-13", "time": "10:00", "minutes": "60"}
    page = "/scheduling/interviews/new"
    answer = await desk.post(page, data=form | {"counsellor": NADIA}, headers={"accept": "text/html"})
    assert answer.status_code == 422
    assert re.findall(r'href="#(date|starts_at)"', answer.text) == ["date"]
    assert answer.text.count("trop lointaine") == 2, "in the summary and beside the field"
