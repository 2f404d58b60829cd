import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from services.chassis import i18n
from services.chassis.identity.people import Claim
from services.chassis.testing import Client, FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.scheduling import InterviewBooked, InterviewHeld, InterviewMoved, PathOpened
from services.scheduling.claims import STAFF_CODE
from services.scheduling.pages.desk import length_word
from services.scheduling.store import GuidancePath, Interview, Seat, Workshop
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import (
    COUNSELLOR,
    ELSEWHERE,
    LEFT,
    LIEGE,
    NADIA,
    TOM,
    VISITOR,
    Visitor,
    account_of,
    liege,
    react,
)

HTML = {"accept": "text/html"}
Form = dict[str, Any]
BOOKING: Form = {
    "centre": LIEGE,
    "date": "2026-03-03",
    "time": "10:00",
    "minutes": "60",
    "counsellor": "liege-c01",
}


def booking(**changed: Any) -> Form:
    """The form of a booking, with something else in it."""
    return BOOKING | changed


async def see(desk: Client, path: str, status: int = 200) -> str:
    answer = await desk.get(f"/scheduling{path}", headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text


async def press(desk: Client, path: str, status: int = 303, **form: Any) -> str:
    """Send a form; answers where it leads with what it says, or the page it comes back as."""
    answer = await desk.post(f"/scheduling{path}", data=form, headers=HTML)
    assert answer.status_code == status, answer.text
    if status != 303:
        return answer.text
    desk.cookies.delete("cefo-flash")
    return f"{answer.headers['location']} {desk.flash(answer)}"


async def one(desk: Client, table: type[Any]) -> Any:
    async with desk.store.read() as session:
        return (await session.scalars(sa.select(table))).one()


async def test_an_empty_board_says_so(desk: Client) -> None:
    html = await see(desk, "/")
    assert "Aucune personne en attente" in html
    assert "/scheduling/board/stream?centre=liege" in html
    assert 'href="/intake/people"' in html, "counsellors find persons from their queue"


async def test_the_board_shows_who_waits_and_starts_with_one_click(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    html = await see(desk, "/")
    assert "E-007" in html
    assert f"/scheduling/visits/{known.visit_id}/start" in html
    assert "E-007" in await press(desk, f"/visits/{known.visit_id}/start")
    interview = await one(desk, Interview)
    running = await see(desk, "/")
    assert f"/scheduling/interviews/{interview.id}/finish" in running
    clock.forward(minutes=5)
    assert "Durée\u00a0: 5\u00a0minutes." in await press(desk, f"/interviews/{interview.id}/finish", version=1)
    (held,) = await emitted_events(desk.store, InterviewHeld)
    assert held.minutes == 5


async def test_an_interview_of_yesterday_stands_apart_and_is_ended_on_the_board(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    await press(desk, f"/visits/{known.visit_id}/start")
    interview = await one(desk, Interview)
    clock.forward(days=1)
    html = await see(desk, "/")
    assert "Entretiens non terminés des jours passés" in html
    assert "2 mars 2026, 09:00" in html
    done = await press(desk, f"/interviews/{interview.id}/finish", version=1)
    assert "Durée jusqu’à la fermeture du centre\u00a0: 7\u00a0h\u00a030." in done
    assert f"running-{interview.id}" not in await see(desk, "/")


async def test_a_start_by_mistake_is_undone_on_the_board(desk: Client, known: Visitor) -> None:
    await press(desk, f"/visits/{known.visit_id}/start")
    interview = await one(desk, Interview)
    await press(desk, f"/interviews/{interview.id}/undo", version=1)
    assert f"/scheduling/visits/{known.visit_id}/start" in await see(desk, "/")


async def test_who_is_faster_is_said_in_a_flash(desk: Client, known: Visitor) -> None:
    await press(desk, f"/visits/{known.visit_id}/start")
    desk.signed_in(COUNSELLOR.model_copy(update={"claims": frozenset({Claim(STAFF_CODE, "liege-c02")})}))
    assert "error:" in await press(desk, f"/visits/{known.visit_id}/start")
    html = await see(desk, "/")
    assert "Avec <bdi>Nadia Lambert</bdi>" in html
    assert "liege-c01" not in html


async def test_a_counsellor_of_two_centres_chooses_and_one_of_none_is_refused(desk: Client) -> None:
    await react(desk.store, [liege(code="mons")])
    desk.signed_in(COUNSELLOR.model_copy(update={"centres": frozenset({LIEGE, "mons"})}))
    assert 'href="/scheduling/?centre=mons"' in await see(desk, "/")
    desk.signed_in(ELSEWHERE)
    await see(desk, f"/?centre={LIEGE}", 403)
    desk.signed_in(VISITOR)
    await see(desk, "/", 403)


async def test_a_free_time_is_taken_over_with_everything_that_was_chosen(desk: Client, known: Visitor) -> None:
    chosen = f"person={known.subject_ref}&date=2026-03-04&minutes=120&counsellor=liege-c02&room=salle-2"
    form = await see(desk, f"/interviews/new?{chosen}&time=09:30&free=10:00")
    for name, value in (("date", "2026-03-04"), ("time", "10:00")):
        assert re.search(rf'<input[^>]*name="{name}"[^>]*value="{value}"', form), name
    assert '<option value="liege-c02" selected>Tom Peeters</option>' in form
    assert '<option value="salle-2" selected>Local salle-2 (20 places)</option>' in form
    assert "<bdi>Tom Peeters</bdi> · " in form
    assert 'class="secondary" name="free" value="10:00"' in form
    assert 'value="11:00">' not in form  # two hours from then would not end before noon
    assert await emitted_events(desk.store) == []
    of_today = await see(desk, f"/interviews/new?person={known.subject_ref}&free=10:00")
    assert 'value="2026-03-02"' in of_today


async def test_booking_opens_a_path_and_leads_to_the_interview(desk: Client, known: Visitor) -> None:
    form = await see(desk, f"/interviews/new?person={known.subject_ref}&date=2026-03-03")
    assert f"/intake/fragments/visitors/{known.subject_ref}" in form
    assert 'name="free" value="09:00"' in form
    went = await press(desk, "/interviews/new", person=str(known.subject_ref), room="salle-1", **BOOKING)
    interview = await one(desk, Interview)
    assert went.startswith(f"/scheduling/interviews/{interview.id} ")
    assert [type(event) for event in await emitted_events(desk.store)] == [PathOpened, InterviewBooked]
    html = await see(desk, f"/interviews/{interview.id}")
    assert "<bdi>Local salle-1</bdi>" in html
    again = await press(desk, "/interviews/new", person=str(known.subject_ref), **booking(time="11:00", sooner="true"))
    assert again.startswith("/scheduling/interviews/")
    assert len(await emitted_events(desk.store, PathOpened)) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"minutes": "90"}, "minutes"),
        ({"time": "10:05"}, "starts_at"),
        ({"time": "20:00"}, "starts_at"),
        ({"date": "2026-03-01"}, "starts_at"),
        ({"date": "2026-03-29", "time": "02:30"}, "time"),
        ({"date": ""}, "date"),
        ({"area": "gardening"}, "area"),
        ({"room": "Salle bleue"}, "room"),
        ({"room": "salle-9"}, "room"),
        ({"room": "la grande salle " * 5}, "room"),
        ({"minutes": "une heure"}, "minutes"),
    ],
)
async def test_a_refused_booking_comes_back_as_typed_and_changes_nothing(
    desk: Client, known: Visitor, changed: dict[str, Any], field: str
) -> None:
    html = await press(desk, "/interviews/new", 422, person=str(known.subject_ref), **booking(**changed))
    assert f'href="#{field}"' in html
    assert '<option value="liege-c01" selected>' in html
    assert await emitted_events(desk.store) == []


async def test_a_booking_needs_a_person(desk: Client, known: Visitor) -> None:
    html = await press(desk, "/interviews/new", 422, **BOOKING)
    assert 'href="#person"' in html
    assert f'value="{known.subject_ref}"' in html


async def test_a_form_that_is_sent_again_is_answered_by_the_appointment_that_it_booked(
    desk: Client, known: Visitor
) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **BOOKING)
    (id,) = [one.id for one in await rows_of(desk.store, Interview)]
    html = await press(desk, "/interviews/new", 422, person=str(known.subject_ref), **BOOKING)
    assert (
        "Ce rendez-vous est déjà fixé\u00a0: même personne, même conseiller ou conseillère, 03/03/2026, 10:00." in html
    )
    assert f'id="booked" href="/scheduling/interviews/{id}"' in html
    assert "Prochaines heures libres" not in html, "nothing else is to be chosen"
    later = BOOKING | {"time": "10:15"}
    html = await press(desk, "/interviews/new", 422, person=str(known.subject_ref), **later)
    assert 'id="booked"' not in html
    assert len(await rows_of(desk.store, Interview)) == 1
    path = (await rows_of(desk.store, GuidancePath))[0].id
    body = {"path_id": str(path), "counsellor": NADIA, "starts_at": "2026-03-03T09:00:00Z", "minutes": 60}
    answer = (await desk.post("/scheduling/api/v1/interviews", json=body)).json()
    assert answer["type"].endswith("already-booked")
    assert answer["errors"][0]["interview_id"] == str(id)


async def test_an_overlap_is_told_on_the_form(desk: Client, known: Visitor) -> None:
    other = Visitor()
    await react(desk.store, [other.registered()])
    await press(desk, "/interviews/new", person=str(other.subject_ref), **BOOKING)
    html = await press(desk, "/interviews/new", 422, person=str(known.subject_ref), **BOOKING)
    assert "À ce moment (03/03/2026, 10:00), la personne qui conseille n’est pas libre." in html
    assert "Prochaines heures libres" in html
    offered = re.findall(r'href="(/scheduling/interviews/new\?[^"]+)">([^<]+)</a> · <bdi>([^<]+)</bdi>', html)
    assert [(when, who) for _to, when, who in offered] == [
        ("Mardi 3 mars 2026, 11:00", "Nadia Lambert"),
        ("Mardi 3 mars 2026, 13:00", "Nadia Lambert"),
        ("Mardi 3 mars 2026, 13:15", "Nadia Lambert"),
    ]
    form = await see(desk, unescape(offered[1][0]).removeprefix("/scheduling"))
    assert 'name="date" type="date" value="2026-03-03"' in form
    assert 'name="time" type="time" value="13:00"' in form
    assert "Premières heures libres de l’équipe" in form


async def test_the_first_free_times_of_the_team_lead_to_the_form_filled_in(desk: Client, known: Visitor) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **booking(time="09:00"))
    other = Visitor()
    await react(desk.store, [other.registered()])
    html = await see(desk, f"/interviews/new?person={other.subject_ref}&date=2026-03-03&minutes=120&area=find-job")
    offered = re.findall(r'href="(/scheduling/interviews/new\?[^"]+)">([^<]+)</a> · <bdi>([^<]+)</bdi>', html)
    assert [(when, who) for _to, when, who in offered] == [
        ("Mardi 3 mars 2026, 09:00", "Tom Peeters"),
        ("Mardi 3 mars 2026, 10:00", "Nadia Lambert"),
    ]
    form = await see(desk, unescape(offered[0][0]).removeprefix("/scheduling"))
    for filled in (
        f'name="person" value="{other.subject_ref}"',
        'name="date" type="date" value="2026-03-03"',
        'name="time" type="time" value="09:00"',
        '<option value="liege-c02" selected>',
        '<option value="find-job" selected>',
    ):
        assert filled in form


async def test_an_interview_is_moved_missed_and_cancelled_on_its_page(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **BOOKING)
    page = f"/interviews/{(await one(desk, Interview)).id}"
    move: Form = {
        "date": "2026-03-04",
        "time": "13:00",
        "minutes": "120",
        "counsellor": "liege-c02",
        "version": 1,
    }
    await press(desk, f"{page}/move", **move)
    assert len(await emitted_events(desk.store, InterviewMoved)) == 1
    assert "03/03" not in await press(desk, f"{page}/move", 422, **(move | {"minutes": "90", "version": 2}))
    stale = await press(desk, f"{page}/move", 422, **move)
    assert "Quelqu’un a modifié cette page entre-temps." in stale
    assert 'href="#version"' not in stale
    long = await press(desk, f"{page}/move", 422, **(move | {"version": 2, "room": "la grande salle " * 5}))
    assert 'id="room-error"' in long
    assert "error:" in await press(desk, f"{page}/missed", version=2)
    await press(desk, f"{page}/cancel", version=2, cancelled_by="centre", reason="counsellor-away")
    assert "Absence dans l’équipe" in await see(desk, page)


async def test_the_agenda_of_a_day(desk: Client, known: Visitor) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **BOOKING)
    assert "Entretien d’orientation" in await see(desk, "/agenda?date=2026-03-03")
    assert "Aucun rendez-vous" in await see(desk, "/agenda?date=2026-03-04")
    assert "Entretien d’orientation" in await see(desk, "/agenda?date=2026-03-03&counsellor=*")
    assert "fermé" in await see(desk, "/agenda?date=2026-03-07")


async def test_everyone_sees_the_next_workshops_and_nobody_in_them(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    public = f"/centres/{LIEGE}/workshops"
    assert "Aucun atelier" in await see(desk, public)
    form: Form = {**BOOKING, "title": "Changer de voie", "sessions": "2", "seats": "1", "minutes": "120"}
    await press(desk, "/workshops/new", **form)
    workshop = await one(desk, Workshop)
    assert "Aucun atelier" in await see(desk, public), "it is not published"
    page = f"/workshops/{workshop.id}"
    await press(desk, f"{page}/publish", version=workshop.version, published="true")
    shown = await see(desk, public)
    assert "Changer de voie" in shown
    assert "mardi 3 mars 2026 – mardi 10 mars 2026, première séance à 10:00" in shown
    assert "1 place libre" in shown
    assert "<li>mardi 10 mars 2026, 10:00, 2" in shown
    assert not any(private in shown for private in ("liege-c01", NADIA, str(workshop.id)))
    await press(desk, f"/workshops/{workshop.id}/seats", person=str(known.subject_ref))
    assert "Complet." in await see(desk, public)
    await see(desk, "/centres/dinant/workshops", 404)
    one_day: Form = {**form, "sessions": "1", "date": "2026-03-12", "published": "true"}
    await press(desk, "/workshops/new", **one_day)
    assert "jeudi 12 mars 2026, 10:00–12:00" in await see(desk, public)
    clock.forward(days=2)
    assert "première séance" not in await see(desk, public)


async def test_a_workshop_page_from_announcement_to_finalising(desk: Client, known: Visitor, clock: FixedClock) -> None:
    assert "Aucun atelier" in await see(desk, "/workshops")
    form: Form = {
        **BOOKING,
        "title": "Changer de voie",
        "sessions": "2",
        "every": "7",
        "seats": "1",
        "minutes": "120",
    }
    assert 'href="#title"' in await press(desk, "/workshops/new", 422, **(form | {"title": ""}))
    await press(desk, "/workshops/new", **form)
    workshop = await one(desk, Workshop)
    page = f"/workshops/{workshop.id}"
    assert "Changer de voie" in await see(desk, "/workshops")
    assert 'href="#person"' in await press(desk, f"{page}/seats", 422)
    await press(desk, f"{page}/seats", person=str(known.subject_ref))
    seat = await one(desk, Seat)
    html = await see(desk, page)
    assert "Personne 1" in html
    assert "1 sur 1" in html
    assert f"/intake/fragments/visitors/{known.subject_ref}" in html
    other = Visitor()
    await react(desk.store, [other.registered()])
    full = await press(desk, f"{page}/seats", 422, person=str(other.subject_ref))
    assert "liste d’attente" in full
    await press(desk, f"{page}/seats", person=str(other.subject_ref), waitlist="yes")
    assert "depuis le 2 mars 2026" in await see(desk, page)
    clock.forward(days=9)
    async with desk.store.read() as session:
        meetings = (await session.execute(sa.text("select id from workshop_sessions order by ordinal"))).scalars().all()
    for meeting in meetings:
        await press(desk, f"{page}/sessions/{meeting}", came=str(seat.id))
    ended = await see(desk, page)
    book = f"/interviews/new?centre={LIEGE}&amp;path={seat.path_id}"
    assert book in ended
    assert book in await see(desk, f"/interviews/new?person={known.subject_ref}")
    form = booking(date="2026-03-12", path=str(seat.path_id))
    assert (await desk.post("/scheduling/interviews/new", data=form, headers=HTML)).status_code == 303
    final = await one(desk, Interview)
    booked = await see(desk, page)
    assert book not in booked
    assert f"/scheduling/interviews/{final.id}" in booked
    assert book not in await see(desk, f"/interviews/{final.id}")
    assert book not in await see(desk, f"/interviews/new?person={known.subject_ref}")
    assert "Aucun autre rendez-vous" in await see(desk, f"/interviews/new?path={seat.path_id}")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": "Changer de voie " * 10}, "title"),
        ({"seats": "beaucoup"}, "seats"),
        ({"sessions": "40"}, "sessions"),
        ({"every": "0"}, "every"),
        ({"area": "gardening"}, "area"),
        ({"room": "la grande salle " * 5}, "room"),
        ({"room": "salle-2", "seats": "21"}, "seats"),
        ({"seats": ""}, "seats"),
        ({"date": "2020-03-03"}, "sessions"),
    ],
)
async def test_a_refused_workshop_comes_back_as_typed_and_changes_nothing(
    desk: Client, changed: dict[str, str], field: str
) -> None:
    form = {**booking(minutes="120"), "title": "Changer de voie", "sessions": "2", "every": "7", "seats": "9"} | changed
    html = await press(desk, "/workshops/new", 422, **form)
    assert f'id="{field}-error"' in html
    for name in ("title", "seats", "sessions", "date", "time", "counsellor"):
        assert f'value="{form[name]}"' in html
    assert await emitted_events(desk.store) == []


async def test_weekly_sessions_keep_their_local_hour_when_the_clocks_change(desk: Client) -> None:
    form: Form = {
        **BOOKING,
        "title": "Cap",
        "sessions": "2",
        "every": "7",
        "date": "2026-03-24",
        "minutes": "60",
        "room": "salle-2",
    }
    await press(desk, "/workshops/new", **form)
    async with desk.store.read() as session:
        starts = (await session.execute(sa.text("select starts_at from workshop_sessions order by 1"))).scalars().all()
    assert [str(start)[11:16] for start in starts] == ["09:00", "08:00"]


async def test_a_seat_is_given_back_and_a_workshop_cancelled(desk: Client, known: Visitor) -> None:
    form: Form = {**BOOKING, "title": "Cap", "sessions": "1", "minutes": "60", "seats": "8"}
    await press(desk, "/workshops/new", **form)
    page = f"/workshops/{(await one(desk, Workshop)).id}"
    await press(desk, f"{page}/seats", person=str(known.subject_ref))
    seat = await one(desk, Seat)
    await press(desk, f"{page}/seats/{seat.id}/release", cancelled_by="visitor")
    assert "error:" in await press(desk, f"{page}/seats/{seat.id}/release", cancelled_by="visitor")
    version = (await one(desk, Workshop)).version
    await press(desk, f"{page}/cancel", version=version, reason="too-few-participants")
    assert "Trop peu d’inscriptions" in await see(desk, page)


@pytest.mark.parametrize("counsellor", [LEFT, "liege-c09"])
async def test_free_times_need_a_counsellor_of_the_list(desk: Client, known: Visitor, counsellor: str) -> None:
    form = f"/interviews/new?person={known.subject_ref}&date=2026-03-03"
    without = await see(desk, f"{form}&counsellor={counsellor}")
    assert "pour voir les heures libres" in without
    assert "Aucune heure libre" not in without
    assert '<option value="">Choisir dans la liste</option>' in without
    assert "Eva Maes" not in without


async def test_counsellors_are_chosen_by_name(desk: Client, known: Visitor) -> None:
    namesake = account_of("liege-c07", display_name="Tom Peeters")
    front_desk = account_of("liege-a01", roles=("front-desk",), display_name="Ada Front")
    waits = account_of("liege-c08", AccountStatus.PENDING, display_name="Pia Attend")
    of_mons = account_of("m-c01", centres=("mons",))
    await react(desk.store, [namesake, front_desk, waits, of_mons])
    for path in (f"/interviews/new?person={known.subject_ref}", "/workshops/new", "/agenda"):
        html = await see(desk, path)
        (choices,) = re.findall(r'<select id="counsellor".*?</select>', html, re.DOTALL)
        assert [name for name in re.findall(r">([^<]+)</option>", choices) if name != "Toute l’équipe"] == [
            "Nadia Lambert",
            "Tom Peeters (liege-c02)",
            "Tom Peeters (liege-c07)",
        ]


async def test_without_a_counsellor_the_field_says_whom_to_ask(desk: Client, known: Visitor) -> None:
    inactive = [account_of(code, AccountStatus.INACTIVE, version=2) for code in (NADIA, TOM)]
    await react(desk.store, inactive)
    assert "Adressez-vous aux personnes qui gèrent les comptes" in await see(desk, "/workshops/new")
    refused = await press(desk, "/interviews/new", 422, person=str(known.subject_ref), **BOOKING)
    assert "Aucun rendez-vous n’est possible avec cette personne dans ce centre." in refused
    assert 'href="#counsellor"' in refused


async def test_names_stay_when_a_counsellor_leaves_and_moving_asks_for_another(desk: Client, known: Visitor) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **BOOKING)
    await react(desk.store, [account_of(NADIA, AccountStatus.INACTIVE, version=2)])
    page = f"/interviews/{(await one(desk, Interview)).id}"
    html = await see(desk, page)
    assert "<dd><bdi>Nadia Lambert</bdi></dd>" in html
    assert '<option value="">Choisir dans la liste</option>' in html
    assert "Nadia Lambert" in await see(desk, "/agenda?date=2026-03-03&counsellor=*")
    again: Form = {"version": 1, "date": "2026-03-04", "time": "10:00", "minutes": 60}
    assert "Choisissez un autre nom dans la liste." in await press(desk, f"{page}/move", 422, **again)
    await press(desk, f"{page}/move", **again, counsellor=TOM)
    (moved,) = await emitted_events(desk.store, InterviewMoved)
    assert moved.counsellor == TOM


async def test_the_agenda_of_a_colleague_is_chosen_from_the_list(desk: Client, known: Visitor) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **booking(counsellor=TOM))
    assert "Aucun rendez-vous" in await see(desk, "/agenda?date=2026-03-03")
    html = await see(desk, f"/agenda?date=2026-03-03&counsellor={TOM}")
    assert "Entretien d’orientation" in html
    assert '<option value="liege-c02" selected>Tom Peeters</option>' in html
    assert 'aria-current="page"><bdi>Tom Peeters</bdi></a>' in html
    former = await see(desk, "/agenda?date=2026-03-03&counsellor=liege-c99")
    assert '<option value="liege-c99" selected>liege-c99</option>' in former


async def test_a_reason_that_nobody_chose_has_words(desk: Client, known: Visitor) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **BOOKING)
    await react(desk.store, [known.erased()])
    html = await see(desk, f"/interviews/{(await one(desk, Interview)).id}")
    assert "Accord retiré (La personne)" in html
    assert "consent-ended" not in html


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", ["1 minute", "45 minutes", "1 h", "2 h", "1 h 30", "1 h 05"]),
        ("de", ["1 Minute", "45 Minuten", "1 Stunde", "2 Stunden", "1 Stunde 30 Min.", "1 Stunde 05 Min."]),
        ("nl", ["1 minuut", "45 minuten", "1 uur", "2 uur", "1 uur 30 min", "1 uur 05 min"]),
        ("en", ["1 minute", "45 minutes", "1 hour", "2 hours", "1 hour 30 min", "1 hour 05 min"]),
    ],
)
def test_a_length_is_in_minutes_or_hours(lang: str, words: list[str]) -> None:
    token = i18n.language.set(lang)
    try:
        assert [length_word(minutes).replace("\u00a0", " ") for minutes in (1, 45, 60, 120, 90, 65)] == words
    finally:
        i18n.language.reset(token)


@pytest.mark.parametrize("lang", ["fr", "de", "nl", "en"])
async def test_every_page_is_there_in_every_language(desk: Client, known: Visitor, lang: str) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **BOOKING)
    await press(desk, "/workshops/new", title="Cap", sessions="1", seats="8", **booking(date="2026-03-05"))
    ids = {"interview": (await one(desk, Interview)).id, "workshop": (await one(desk, Workshop)).id}
    for path in (
        "/",
        "/agenda",
        "/interviews/new",
        f"/interviews/{ids['interview']}",
        "/workshops",
        "/workshops/new",
        f"/workshops/{ids['workshop']}",
    ):
        html = await see(desk, f"{path}?lang={lang}")
        assert f'<html lang="{lang}">' in html
