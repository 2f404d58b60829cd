"""What a check-in may say besides the area: other needs, what to prepare, a group, an arrival recorded later."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col

from services.chassis.copies.visits import Day, in_turn, is_here
from services.chassis.refusals import AlreadyDifferent, AreaNotServed, Refused, Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.arrivals import Activity
from services.contracts.intake import Channel, VisitAreaCorrected, VisitCheckedIn
from services.contracts.roles import Role
from services.intake import domain
from services.intake.actions import interviews, visits
from services.intake.actions.corrections import correct_area
from services.intake.actions.end_of_day import end_days
from services.intake.domain import Need
from services.intake.store import Centre, TicketCounter, Visit
from services.intake.store.queue import Caller, places
from tests.givens.events import emitted_events
from tests.givens.intake import LIEGE_DESK, MONDAY

BRUSSELS = ZoneInfo("Europe/Brussels")
PREPARED: dict[str, Any] = {"interpreter_language": "ti", "needs": (Need.WHEELCHAIR, Need.QUIET_ROOM)}
VISITS = "/intake/api/v1/visits"
DESK = "/intake/desk/liege"


async def arrives(store: Store, id: UUID | None = None, **how: Any) -> Visit:
    async with store.work() as work:
        return await visits.check_in(work, visits.Arrival(id or uuid4(), "liege", **how))


async def kept(store: Store) -> list[Visit]:
    async with store.read() as session:
        return list((await session.scalars(sa.select(Visit).order_by(col(Visit.ticket), col(Visit.id)))).all())


@contextmanager
def counted(store: Store) -> Generator[list[str]]:
    """The statements that are sent meanwhile, once for each round trip."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(store.writer.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(store.writer.sync_engine, "before_cursor_execute", note)


# ---- Rules


@pytest.mark.parametrize(
    ("area", "others", "found"),
    [
        (None, (), (None, ())),
        ("find-job", (), ("find-job", ())),
        ("find-job", ("choose-path", "find-job", "choose-path"), ("find-job", ("choose-path",))),
        (None, ("choose-path", "find-job"), ("choose-path", ("find-job",))),
    ],
)
def test_of_several_needs_one_is_the_main_one(area: str | None, others: tuple[str, ...], found: object) -> None:
    assert domain.main_and_others(area, others) == found


def test_a_typed_time_is_the_centres() -> None:
    assert domain.arrival_time(None, "08:30", MONDAY, BRUSSELS) == datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
    summer = datetime(2026, 4, 1, 10, tzinfo=UTC)
    assert domain.arrival_time(date(2026, 3, 27), "08:30", summer, BRUSSELS) == datetime(2026, 3, 27, 7, 30, tzinfo=UTC)
    with pytest.raises(domain.NoSuchTime):
        domain.arrival_time(date(2026, 3, 29), "02:30", summer, BRUSSELS)


# ---- Check-in


async def test_a_check_in_says_all_that_was_asked_and_the_event_what_may_leave(store: Store) -> None:
    await arrives(store, area="find-job", other_areas=("choose-path",), **PREPARED)
    (visit,) = await kept(store)
    assert (visit.ticket, visit.other_areas, visit.needs) == ("E-001", ["choose-path"], ["quiet-room", "wheelchair"])
    (said,) = await emitted_events(store, VisitCheckedIn)
    assert (said.other_areas, said.interpreter_language) == (("choose-path",), "ti")


async def test_needs_are_in_no_event_and_no_digest(store: Store) -> None:
    id = uuid4()
    with_needs = await arrives(store, id, **PREPARED)
    assert (await arrives(store, id)).fingerprint == with_needs.fingerprint, "by trying, a digest gives few values away"
    async with store.read() as session:
        outbox = (await session.execute(store.table("outbox").select())).all()
    assert not re.search("wheelchair|quiet", repr(outbox))


async def test_a_plain_check_in_has_the_digest_of_older_versions(store: Store) -> None:
    visit = await arrives(store, UUID(int=1), area="find-job")
    assert visit.fingerprint == "92e6afbf46bbb7b36c30543bc7068b8c"


async def test_every_end_deletes_what_was_prepared(store: Store, clock: FixedClock) -> None:
    left, finished, interviewed, overnight = [(await arrives(store, **PREPARED)).id for _ in range(4)]
    interview = uuid4()
    async with store.work() as work:
        await visits.leave(work, left)
        await visits.serve(work, finished)
        await visits.finish(work, finished)
        await interviews.begin(work, interviewed, interview, work.now)
        await interviews.end(work, interviewed, interview, work.now)
    assert [bool(one.needs) for one in await kept(store) if one.id != overnight] == [False] * 3
    async with store.work() as work:
        await interviews.undo(work, interviewed, interview)
    clock.forward(hours=24)
    await end_days(store)
    assert [(one.needs, one.interpreter_language) for one in await kept(store)] == [([], None)] * 4


async def test_who_does_not_queue_needs_nothing_prepared_and_may_say_what_for(store: Store) -> None:
    visit = await arrives(store, queue=False, activity=Activity.COMPUTERS, **PREPARED)
    assert (visit.ticket, visit.activity, visit.needs, visit.interpreter_language) == (None, "computers", [], None)
    with pytest.raises(domain.ActivityWithTicket):
        await arrives(store, activity=Activity.COMPUTERS)


async def test_an_arrival_recorded_later_keeps_its_place_today_and_has_no_ticket_of_an_earlier_day(
    store: Store,
) -> None:
    await arrives(store)
    earlier = await arrives(store, at=MONDAY - timedelta(minutes=30), recorded_later=True)
    yesterday = await arrives(store, at=MONDAY - timedelta(days=1), recorded_later=True)
    assert (earlier.status, yesterday.status, yesterday.ticket) == ("waiting", "no_queue", None)
    async with store.work() as work:
        assert (await visits.call_next(work, "liege", Caller("desk-1"))).id == earlier.id
    marked = [one.recorded_later for one in await emitted_events(store, VisitCheckedIn)]
    assert marked == [False, True, True]
    with pytest.raises(domain.TimeMissing):
        await arrives(store, recorded_later=True)


async def group_of(store: Store, people: int, id: UUID, **how: Any) -> list[Visit]:
    async with store.work() as work:
        return (await visits.check_in_groups(work, [visits.Arrival(id, "liege", group=people, **how)]))[0]


async def test_a_group_comes_in_one_gesture_and_costs_as_many_statements_as_one_person(store: Store) -> None:
    with counted(store) as for_one:
        await arrives(store)
    id = uuid4()
    with counted(store) as for_twenty:
        given = await group_of(store, 20, id, area="find-job")
    assert len(for_twenty) == len(for_one)
    assert [visit.ticket for visit in given] == [f"E-{n:03}" for n in range(2, 22)]
    assert given[0].id == id
    again = await group_of(store, 20, id, area="find-job")
    assert [visit.id for visit in again] == [visit.id for visit in given]
    assert len(await emitted_events(store, VisitCheckedIn)) == 21
    with pytest.raises(AlreadyDifferent):
        await group_of(store, 22, id, area="find-job")
    assert len(await kept(store)) == 21, "no group is there in part"


async def test_a_group_waits_and_is_called_in_the_order_of_its_tickets(store: Store, clock: FixedClock) -> None:
    """All of it came at the same instant; the ids are in no order, and the longer number is the later one."""
    async with store.work() as work:
        work.add(TicketCounter(centre="liege", day=clock.now.date(), given=990))
    given = [visit.ticket for visit in await group_of(store, 20, uuid4(), area="find-job")]
    assert (given[0], given[-1]) == ("E-991", "E-80010")
    async with store.read() as read:
        day = Day.of(await read.get_one(Centre, "liege"), clock.now)
        waiting = await in_turn(read, Visit, is_here(Visit, day), 12)
        rest = await in_turn(read, Visit, is_here(Visit, day), 12, after=waiting[-1].id)
        before = await places(read, day)
    assert [visit.ticket for visit in (*waiting, *rest)] == given
    assert [one.ticket for one in sorted(before.values(), key=lambda one: one.before)] == given
    called: list[str | None] = []
    for number in range(20):
        async with store.work() as work:
            called.append((await visits.call_next(work, "liege", Caller(f"desk-{number + 1}"))).ticket)
    assert called == given


# ---- Corrections


async def test_a_need_is_corrected_and_corrected_again_and_the_ticket_stays(store: Store) -> None:
    visit = await arrives(store, area="find-job")
    for area, others in (("choose-path", ["find-job"]), ("choose-path", ["find-job"]), ("find-job", [])):
        async with store.work() as work:
            await correct_area(work, visit.id, area, others)
    corrected = await emitted_events(store, VisitAreaCorrected)
    common: dict[str, Any] = {"visit_id": visit.id, "centre": "liege", "at": MONDAY, "checked_in_at": MONDAY}
    assert corrected == [
        VisitAreaCorrected(**common, area_before="find-job", area="choose-path", other_areas=("find-job",)),
        VisitAreaCorrected(**common, area_before="choose-path", area="find-job"),
    ]
    (now,) = await kept(store)
    assert (now.area, now.other_areas, now.ticket) == ("find-job", [], "E-001")


async def test_a_correction_knows_the_version_the_centre_and_when_it_is_too_late(
    store: Store, clock: FixedClock
) -> None:
    visit = await arrives(store, area="find-job")
    clock.forward(days=31)
    refusals: list[type[Refused]] = [Stale, AreaNotServed, domain.TooLateToCorrect]
    for refusal, area, version in zip(refusals, ("choose-path", "gardening", "choose-path"), (7, 1, 1), strict=True):
        with pytest.raises(refusal):
            async with store.work() as work:
                await correct_area(work, visit.id, area, (), version)
    assert [one.area for one in await kept(store)] == ["find-job"]


# ---- API


async def test_the_team_sees_what_it_prepares_and_a_kiosk_does_not(client: Client) -> None:
    body: dict[str, object] = {"centre": "liege", "needs": ["wheelchair"], "interpreter_language": "ar"}
    visit = f"{VISITS}/{uuid4()}"
    assert "needs" not in (await client.put(visit, json=body)).json()
    shown = (await client.get(visit)).json()
    assert (shown["needs"], shown["interpreter_language"]) == (["wheelchair"], "ar")
    assert "wheelchair" not in (await client.get("/intake/waiting-room/liege")).text
    client.signed_in(LIEGE_DESK.model_copy(update={"roles": frozenset({Role.KIOSK})}))
    assert (await client.get(visit)).status_code == 403


async def test_a_group_over_the_api_is_one_by_its_key(client: Client) -> None:
    body = {"centre": "liege", "people": 3, "queue": False, "channel": "online"}
    first, again = [
        await client.post(f"{VISITS}/groups", json=body, headers={"Idempotency-Key": "school"}) for _ in range(2)
    ]
    assert first.status_code == 201
    assert [(one["ticket"], one["channel"]) for one in first.json()] == [(None, "online")] * 3
    assert first.json() == again.json()
    refused = await client.post(f"{VISITS}/groups", json=body | {"people": 61}, headers={"Idempotency-Key": "fair"})
    assert refused.status_code == 422


async def test_a_correction_over_the_api(client: Client) -> None:
    visit = (await client.post(VISITS, json={"centre": "liege"}, headers={"Idempotency-Key": "one"})).json()
    answer = await client.post(f"{VISITS}/{visit['id']}/area", json={"area": "find-job", "version": visit["version"]})
    assert (answer.json()["area"], answer.json()["ticket"]) == ("find-job", visit["ticket"])
    again = await client.post(f"{VISITS}/{visit['id']}/area", json={"version": visit["version"]})
    assert again.status_code == 409


# ---- Page


@pytest.fixture
def browser(client: Client) -> Client:
    client.headers.update({"accept": "text/html", "accept-language": "fr"})
    return client


async def sent(browser: Client, *, scripted: bool = False, **form: object) -> tuple[int, str]:
    """Send the form as the page does; `scripted`: by its script."""
    headers = {"hx-request": "true"} if scripted else {}
    answer = await browser.post(f"{DESK}/visits", data={"visit_id": str(uuid4()), **form}, headers=headers)
    return answer.status_code, unescape(answer.text) if answer.status_code != 303 else browser.flash(answer)


async def test_the_script_gets_the_new_ticket_and_a_fresh_form_alone(browser: Client) -> None:
    id = uuid4()
    status, html = await sent(browser, scripted=True, visit_id=str(id), area="find-job")
    assert status == 200
    assert html.lstrip().startswith('<section id="arrival"')
    assert '<strong class="ticket">E-001</strong>' in html
    assert f'value="{id}"' not in html
    assert 'id="board"' not in html


@pytest.mark.parametrize(("form", "shown"), [({"people": "2"}, "A-001 – A-002"), ({"queue": "no"}, "sans ticket")])
async def test_the_script_also_shows_several_tickets_and_none(
    browser: Client, form: dict[str, Any], shown: str
) -> None:
    status, html = await sent(browser, scripted=True, **form)
    assert (status, shown in html) == (200, True)


async def test_what_is_refused_is_said_at_its_field_and_what_was_typed_stays(browser: Client) -> None:
    for scripted in (True, False):
        status, html = await sent(browser, scripted=scripted, people="61", time="08:00", other_areas=["choose-path"])
        assert status == 422
        assert 'id="people-error"' in html
        assert 'value="08:00"' in html
        assert re.search(r'name="other_areas" value="choose-path" checked', html)
    assert (await sent(browser, day="2026-03-01"))[0] == 422
    assert (await sent(browser, time="23:59"))[0] == 422
    assert await kept(browser.store) == []


@pytest.mark.parametrize(
    ("form", "said", "is_kept"),
    [
        ({"people": "3"}, "Tickets A-001 à A-003\u00a0: à donner au groupe.", ("desk", None, "waiting", False)),
        ({"channel": "phone"}, "Passage noté, sans ticket.", (Channel.PHONE, None, "no_queue", False)),
        ({"activity": "computers"}, "Passage noté, sans ticket.", ("desk", "computers", "no_queue", False)),
        ({"time": "08:30"}, "Ticket A-001\u00a0: à donner à la personne.", ("desk", None, "waiting", True)),
        ({"time": "08:30", "day": "2026-02-27"}, "Passage noté, sans ticket.", ("desk", None, "no_queue", True)),
        ({"people": "2", "queue": "no"}, "2\u00a0passages notés, sans ticket.", ("desk", None, "no_queue", False)),
    ],
)
async def test_what_is_asked_rarely(browser: Client, form: dict[str, Any], said: str, is_kept: object) -> None:
    assert await sent(browser, **form) == (303, f"done:{said}")
    first = (await kept(browser.store))[0]
    assert (first.channel, first.activity, first.status, first.recorded_later) == is_kept


async def test_the_need_is_corrected_on_the_visits_page(browser: Client) -> None:
    await sent(browser, area="find-job", needs=["wheelchair"])
    (visit,) = await kept(browser.store)
    page = f"/intake/visits/{visit.id}"
    assert "Accès en fauteuil roulant" in (await browser.get(page)).text
    form = {"area": "choose-path", "other_areas": ["find-job"], "version": str(visit.version)}
    answer = await browser.post(f"{page}/area", data=form)
    assert browser.flash(answer) == "done:Le besoin est corrigé."
    assert "S’orienter, Trouver un emploi" in unescape((await browser.get(page)).text)
