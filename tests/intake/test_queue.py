"""The queue at the desk: nobody is lost, called twice, or overtaken against the rule that the page states."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.copies.accounts import copy_account
from services.chassis.identity.people import Claim
from services.chassis.testing import Client, emitted
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.intake import (
    VisitLeft,
    VisitReturned,
    VisitServed,
)
from services.contracts.queue import VisitInterpreterChanged, VisitPrioritised, VisitPutOnHold, VisitTransferred
from services.contracts.roles import Role
from services.intake.actions import interviews
from services.intake.store import Account
from tests.givens.intake import COUNSELLOR

API = "/intake/api/v1/visits"
NADIA = COUNSELLOR.model_copy(update={"claims": frozenset({Claim("staff_code", "nadia")})})
PAGE = {"accept": "text/html", "accept-language": "en"}
ENGLISH = {"accept-language": "en"}


@pytest.fixture
async def desk(client: Client) -> Client:
    """Liège has two desks and a counsellor, Nadia."""
    accounts = [
        (AccountKind.DEVICE, "liege-desk-1", Role.FRONT_DESK, None),
        (AccountKind.DEVICE, "liege-desk-2", Role.FRONT_DESK, None),
        (AccountKind.STAFF, "nadia", Role.COUNSELLOR, "Nadia Benali"),
    ]
    async with client.store.work() as work:
        for kind, code, role, name in accounts:
            published = AccountPublished(
                account_ref=uuid4(),
                version=1,
                kind=kind,
                status=AccountStatus.ACTIVE,
                roles=(role,),
                centres=("liege",),
                code=code,
                display_name=name,
            )
            await copy_account(work, Account, published)
    return client


async def arrives(desk: Client, area: str | None = None) -> str:
    visit = str(uuid4())
    body = {"centre": "liege"} | ({"area": area} if area else {})
    assert (await desk.put(f"{API}/{visit}", json=body)).status_code == 200
    desk.store.clock.forward(minutes=1)  # type: ignore[attr-defined]
    return visit


async def does(desk: Client, visit: str, step: str, /, **body: Any) -> Any:
    answer = await desk.post(f"{API}/{visit}/{step}", json=body)
    return answer.json() if answer.status_code == 200 else answer.json()["errors"][0]["rule"]


async def next_at(desk: Client, number: int = 1, **body: Any) -> str | None:
    """Whom this desk calls next, and receives."""
    answer = await desk.post(f"{API}/call-next", json={"centre": "liege", "desk": f"desk-{number}"} | body)
    if answer.status_code != 200:
        return None
    await does(desk, answer.json()["id"], "serve")
    return answer.json()["id"]


async def test_on_hold_one_is_passed_over_and_keeps_the_place(desk: Client) -> None:
    first, second, third = [await arrives(desk) for _ in range(3)]
    assert (await does(desk, first, "hold"))["held_at"]
    assert await next_at(desk) == second
    await does(desk, first, "return")
    assert await next_at(desk) == first
    await does(desk, first, "hold")
    assert await next_at(desk) == third
    assert (await does(desk, first, "call", desk="desk-1"))["held_at"] is None
    assert len(await emitted(desk.store, VisitPutOnHold)) == 2


async def test_a_departure_recorded_by_mistake_is_taken_back_on_the_same_day(desk: Client) -> None:
    first, second = [await arrives(desk) for _ in range(2)]
    left = await does(desk, first, "leave")
    back = await does(desk, first, "return", version=left["version"])
    assert (back["status"], back["ended_at"]) == ("waiting", None)
    assert await next_at(desk) == first
    await does(desk, second, "leave")
    desk.store.clock.forward(days=1)  # type: ignore[attr-defined]
    assert await does(desk, second, "return") == "from-earlier-day"
    assert [one.event.status for one in await emitted(desk.store, VisitReturned)] == ["waiting"]  # type: ignore[union-attr]


async def test_an_end_recorded_by_mistake_is_taken_back_while_it_is_listed(desk: Client) -> None:
    visit, later = [await arrives(desk) for _ in range(2)]
    for one in (visit, later):
        for step, body in (("call", {"desk": "desk-2"}), ("serve", {}), ("finish", {})):
            await does(desk, one, step, **body)
    page = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert re.search(rf'href="/intake/visits/{visit}/queue">.*?Put back at the desk', page)
    back = await does(desk, visit, "return")
    assert (back["status"], back["desk"], back["ended_at"]) == ("being_served", "desk-2", None)
    assert (await does(desk, visit, "finish"))["status"] == "served"
    desk.store.clock.forward(minutes=30)  # type: ignore[attr-defined]
    assert await does(desk, later, "return") == "wrong-step"
    page = (await desk.get(f"/intake/visits/{later}/queue", headers=PAGE)).text
    assert f'action="/intake/visits/{later}/return"' not in page
    returned = await emitted(desk.store, VisitReturned)
    assert [one.event.status for one in returned] == ["being_served"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("steps", "back"), [(("leave",), "queue"), (("serve", "finish"), "desk")])
async def test_who_is_back_after_a_mistake_has_a_form_for_what_the_end_deleted(
    desk: Client, steps: tuple[str, ...], back: str
) -> None:
    visit = await arrives(desk)
    path = f"/intake/visits/{visit}"
    wanted: dict[str, Any] = {"interpreter_language": "ar", "needs": ["wheelchair"]}
    ended = saved = await does(desk, visit, "needs", **wanted)
    assert {name: saved[name] for name in wanted} == wanted
    for step in steps:
        ended = await does(desk, visit, step)
    assert await does(desk, visit, "needs", **wanted) == "wrong-step"
    answer = await desk.post(f"{path}/return", data={"version": ended["version"]}, headers=PAGE)
    assert answer.headers["location"] == f"{path}/queue"
    assert desk.flash(answer).startswith(f"done:Ticket {ended['ticket']} is ")
    assert back in desk.flash(answer)
    assert "enter it again below" in desk.flash(answer)
    shown = (await desk.get(f"{path}/queue", headers=PAGE)).text
    assert f'action="{path}/needs"' in shown
    assert "checked" not in shown.partition('id="needs-card"')[2].partition("</form>")[0], "health data is gone"
    form = wanted | {"version": ended["version"] + 1}
    assert desk.flash(await desk.post(f"{path}/needs", data=form, headers=PAGE)).startswith("done:")
    assert (await desk.get(f"{API}/{visit}")).json()["needs"] == ["wheelchair"]
    assert "Interpreter: Arabic" in (await desk.get("/intake/desk/liege", headers=PAGE)).text
    events = await emitted(desk.store, VisitInterpreterChanged)
    assert [one.event.interpreter_language for one in events] == ["ar", "ar"]  # type: ignore[union-attr]
    assert "wheelchair" not in str([one.event for one in await emitted(desk.store)])
    desk.store.clock.forward(days=1)  # type: ignore[attr-defined]
    assert await does(desk, visit, "needs") == "from-earlier-day"


async def test_who_is_back_has_the_old_place_until_the_priority_is_taken_away(desk: Client) -> None:
    first, second = [await arrives(desk) for _ in range(2)]
    await does(desk, second, "priority", priority="pregnancy")
    await does(desk, second, "leave")
    await does(desk, second, "return")
    assert await next_at(desk) == second
    await does(desk, second, "transfer")
    assert isinstance(await does(desk, second, "priority", priority=None), dict)
    assert await next_at(desk) == first
    events = [one.event.priority for one in await emitted(desk.store, VisitPrioritised)]  # type: ignore[union-attr]
    assert events == [True, False]


async def test_an_interview_that_is_undone_gives_the_hold_back(desk: Client) -> None:
    held, interview = await arrives(desk), uuid4()
    await does(desk, held, "hold")
    async with desk.store.work() as work:
        await interviews.begin(work, UUID(held), interview, work.now)
    assert (await desk.get(f"{API}/{held}")).json()["held_at"] is None
    async with desk.store.work() as work:
        await interviews.end(work, UUID(held), interview, work.now)
    async with desk.store.work() as work:
        await interviews.undo(work, UUID(held), interview)
    assert await next_at(desk) is None
    assert len(await emitted(desk.store, VisitPutOnHold)) == 2


async def test_a_transfer_leads_to_its_area_its_desk_or_its_counsellor_alone(desk: Client) -> None:
    area, number, nadia, anyone = [await arrives(desk, "find-job") for _ in range(4)]
    assert await next_at(desk) == area
    moved = await does(desk, area, "transfer", area="select-training")
    assert (moved["status"], moved["area"], moved["for_area"]) == ("waiting", "find-job", "select-training")
    await does(desk, number, "transfer", desk="desk-2")
    await does(desk, nadia, "transfer", counsellor="nadia")
    assert await next_at(desk, area="find-job") == anyone
    assert await next_at(desk) is None
    assert await next_at(desk, 2) == area
    assert await next_at(desk.signed_in(NADIA), 2) == number
    assert await next_at(desk, 2) == nadia
    assert await does(desk, nadia, "transfer", desk="desk-9") == "not-of-this-centre"
    assert await does(desk, nadia, "transfer", counsellor="nobody") == "not-of-this-centre"
    path = f"{API}/{nadia}/transfer"
    asked = [{"desk": "desk-9"}, {"counsellor": "nobody"}, {"area": "gardening"}]
    [at_desk], [with_counsellor], [about] = [
        (await desk.post(path, json=one, headers=ENGLISH)).json()["errors"] for one in asked
    ]
    assert (at_desk["known"], at_desk["message"].partition("Choose one of these: ")[2]) == (
        ["desk-1", "desk-2"],
        "1, 2.",
    )
    assert "Nadia" in with_counsellor["message"]
    assert "find-job" not in about["message"]
    assert "Find" in about["message"]
    assert len(await emitted(desk.store, VisitTransferred)) == 3


async def press(desk: Client, step: str, /, **form: Any) -> str:
    """A button of the pages. Returns what the next page says."""
    return desk.flash(await desk.post(f"/intake/{step}", data=form, headers=PAGE))


async def test_a_desk_that_transfers_to_an_area_leaves_the_person_to_the_others(desk: Client) -> None:
    """Also the desk of a browser that serves that area, or all."""
    moved, silent = await arrives(desk, "find-job"), await arrives(desk)
    await press(desk, "desk/liege/here", number=1, areas=["choose-path", "select-training"])
    assert (await does(desk, moved, "call", desk="desk-1"))["version"] == 2
    await press(desk, f"visits/{moved}/transfer", area="select-training", desk="", counsellor="", version=2)
    page = (await desk.get(f"/intake/visits/{moved}/queue", headers=PAGE)).text
    assert "After a transfer to another need, another desk calls them next." in page
    assert "A-002 has been called: Desk 1." in await press(desk, "desk/liege/call-next")
    assert "nobody is waiting for this desk" in await press(desk, "desk/liege/call-next", called=silent)
    await press(desk, "desk/liege/here", number=2, areas="create-business")
    assert "nobody is waiting for this desk" in await press(desk, "desk/liege/call-next")
    await press(desk, "desk/liege/here", number=2, areas="select-training")
    assert "E-001 has been called: Desk 2." in await press(desk, "desk/liege/call-next")
    assert "· Find training" in (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert (await press(desk, "desk/liege/here", number=2, areas="gardening")).startswith("error:")


async def test_a_browser_that_has_no_desk_yet_is_asked_for_it_and_calls_with_the_answer(desk: Client) -> None:
    _, _ = await arrives(desk), await arrives(desk)
    page = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "You are at desk" not in page
    assert re.findall(r'<button type="submit" name="number" value="(\d)"', page) == ["1", "2"]
    asked = re.findall(r'<button type="submit" name="at" value="(\d)"[^>]*>(Desk \d)<', page)
    assert asked == [("1", "Desk 1"), ("2", "Desk 2")]
    assert '<summary id="call-next"' in page
    assert "error:Choose your desk first" in await press(desk, "desk/liege/call-next")
    assert "A-001 has been called: Desk 2." in await press(desk, "desk/liege/call-next", at=2)
    page = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "You are at desk 2" in page
    assert '<button class="large" id="call-next"' in page


async def test_calling_again_keeps_the_desk_and_taking_over_is_another_button(desk: Client) -> None:
    visit = await arrives(desk)
    await does(desk, visit, "call", desk="desk-1")
    await press(desk, "desk/liege/here", number=2)
    page = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "Call to my desk" in page
    await desk.post(f"/intake/visits/{visit}/call", data={"version": 2}, headers=PAGE)
    assert (await desk.get(f"{API}/{visit}")).json()["desk"] == "desk-1"
    await desk.post(f"/intake/visits/{visit}/call", data={"version": 3, "desk": "desk-2"}, headers=PAGE)
    assert (await desk.get(f"{API}/{visit}")).json()["desk"] == "desk-2"
    assert "Call to my desk" not in (await desk.get("/intake/desk/liege/people/called", headers=PAGE)).text


async def test_a_row_is_called_to_a_chosen_desk_alone(desk: Client) -> None:
    """A browser that has none is asked for it, and cannot take over whom another desk called."""
    visit, called = await arrives(desk), await arrives(desk)
    await does(desk, called, "call", desk="desk-1")
    lists = ("/intake/desk/liege", "/intake/desk/liege/people/called")
    assert "error:Choose your desk first" in await press(desk, f"visits/{visit}/call", version=1)
    assert ["Call to my desk" in (await desk.get(one, headers=PAGE)).text for one in lists] == [False, False]
    assert (await desk.get(f"{API}/{visit}")).json()["status"] == "waiting"
    await press(desk, "desk/liege/here", number=2)
    await desk.post(f"/intake/visits/{visit}/call", data={"version": 1}, headers=PAGE)
    assert (await desk.get(f"{API}/{visit}")).json()["desk"] == "desk-2"
    assert ["Call to my desk" in (await desk.get(one, headers=PAGE)).text for one in lists] == [True, True]
    assert "error:Someone changed this page" in await press(desk, f"visits/{visit}/call", version=1)
    await press(desk, "desk/liege/here", number=1)
    assert "has just been called to desk 2" in await press(desk, f"visits/{visit}/call", version=1)


async def test_a_centre_without_a_known_desk_has_desks_by_number_alone(client: Client) -> None:
    visit = await arrives(client)
    for code in ("nimporte.quoi", "desk-0", "desk-1000", "desk-01", "liege-desk-1"):
        for path, body in ((f"{visit}/call", {}), ("call-next", {"centre": "liege"}), (f"{visit}/transfer", {})):
            answer = await client.post(f"{API}/{path}", json=body | {"desk": code}, headers=ENGLISH)
            [fault] = answer.json()["errors"]
            assert (answer.status_code, fault["rule"], fault["field"]) == (422, "unknown-desk", "desk"), (code, path)
            assert "from 1 to 999" in fault["message"]
    assert (await does(client, visit, "call", desk="desk-999"))["status"] == "called"


async def test_a_call_names_a_desk_that_the_centre_has(desk: Client) -> None:
    visit = await arrives(desk, "find-job")
    for path, body in (
        ("call-next", {"centre": "liege", "desk": "desk-9"}),
        (f"{visit}/call", {"desk": "liege-desk-1"}),
        (f"{visit}/transfer", {"area": "select-training", "from_desk": "desk-9"}),
    ):
        answer = await desk.post(f"{API}/{path}", json=body)
        [fault] = answer.json()["errors"]
        field = "from_desk" if "from_desk" in body else "desk"
        assert (answer.status_code, fault["rule"], fault["field"]) == (422, "unknown-desk", field)
        assert fault["known"] == ["desk-1", "desk-2"]
        assert fault["message"].endswith(": 1, 2.")
    assert (await desk.get(f"{API}/{visit}")).json()["status"] == "waiting"


async def test_the_reason_of_a_priority_is_in_no_event_and_ends_with_the_visit(desk: Client) -> None:
    first, second = [await arrives(desk) for _ in range(2)]
    await does(desk, second, "priority", priority="pregnancy")
    page = (await desk.get(f"/intake/visits/{second}/queue", headers=PAGE)).text
    assert "People with priority come first, then those who arrived first." in page
    assert await next_at(desk) == second
    assert await does(desk, second, "priority", priority=None) == "wrong-step"
    assert "priority" not in await does(desk, second, "finish")
    assert (await desk.get(f"{API}/{second}")).json()["priority"] is None
    await does(desk, first, "priority", priority="small-child")
    await does(desk, first, "priority", priority=None)
    events = [one.event.priority for one in await emitted(desk.store, VisitPrioritised)]  # type: ignore[union-attr]
    assert events == [True, True, False]
    outbox = desk.store.table("outbox")
    async with desk.store.read() as session:
        values = (await session.scalars(sa.select(outbox.c.value))).all()
    assert not [value for value in values if b"pregnancy" in value or b"small-child" in value]


async def test_who_is_in_an_interview_is_neither_held_nor_transferred_nor_brought_back(desk: Client) -> None:
    here, gone = [await arrives(desk) for _ in range(2)]
    await does(desk, gone, "leave")
    for visit in (here, gone):
        async with desk.store.work() as work:
            await interviews.begin(work, UUID(visit), uuid4(), work.now)
    assert await does(desk, here, "hold") == "in-an-interview"
    assert await does(desk, here, "transfer", desk="desk-2") == "in-an-interview"
    assert await does(desk, gone, "return") == "in-an-interview"
    page = (await desk.get(f"/intake/visits/{here}/queue", headers=PAGE)).text
    assert "/hold" not in page
    assert "/transfer" not in page
    assert "/return" not in (await desk.get(f"/intake/visits/{gone}/queue", headers=PAGE)).text


async def test_the_day_is_closed_by_one_press_that_asks_first(desk: Client) -> None:
    waits, served = [await arrives(desk) for _ in range(2)]
    await does(desk, served, "serve")
    page = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "Yes, close the day" in page
    answer = await desk.post("/intake/desk/liege/close-today", headers=PAGE)
    assert desk.flash(answer).endswith("2 visits closed.")
    found: list[Any] = [one.event for one in await emitted(desk.store, VisitLeft, VisitServed)]
    ends = {event.visit_id: event for event in found}
    assert isinstance(ends[UUID(waits)], VisitLeft)
    assert isinstance(ends[UUID(served)], VisitServed)
    assert {event.closed_by for event in ends.values()} == {"end-of-day"}
    assert "Yes, close the day" not in (await desk.get("/intake/desk/liege", headers=PAGE)).text


async def test_a_day_that_was_closed_too_early_is_put_back_from_lists_that_have_everybody(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("views", "desk"):
        monkeypatch.setattr(f"services.intake.pages.{module}.SHOWN", 2)
    waits, served = [[await arrives(desk) for _ in range(5)] for _ in range(2)]
    for visit in served:
        await does(desk, visit, "serve")
    await desk.post("/intake/desk/liege/close-today", headers=PAGE)
    board = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    for which, visits in (("left", waits), ("served", served)):
        shown = sorted(visits)[:2]
        assert set(visits) & set(re.findall(r"/intake/visits/([0-9a-f-]{36})", board)) == set(shown)
        path, found = f"/intake/desk/liege/people/{which}", list[str]()
        more = re.search(rf'"{path}(\?after=[^"]+)".*?Show (\d+) more', board)
        assert more is not None
        assert more[2] == "3"
        query: str | None = more[1]
        while query is not None:
            page = (await desk.get(path + query, headers=PAGE)).text
            found += re.findall(r'id="visit-([^"]+)"', page)
            assert page.count({"left": "/return", "served": "Put back at the desk"}[which]) == page.count('id="visit-')
            onward = re.search(r'href="(\?[^"]*after=[^"]+)"', page)
            query = onward[1] if onward else None
        assert shown + found == sorted(visits)


async def closes_the_day(desk: Client) -> str:
    answer = await desk.post(f"{API}/close-today", json={"centre": "liege"})
    desk.store.clock.forward(minutes=29)  # type: ignore[attr-defined]
    return answer.json()["closed_at"]


async def reopens(desk: Client, closed_at: str) -> Any:
    answer = await desk.post(f"{API}/reopen-today", json={"centre": "liege", "closed_at": closed_at})
    return answer.json() if answer.status_code == 200 else answer.json()["errors"][0]["rule"]


async def test_a_day_closed_by_mistake_is_reopened_by_one_press_with_everybody_at_their_place(desk: Client) -> None:
    waits, held, called, served = [await arrives(desk) for _ in range(4)]
    await does(desk, waits, "transfer", desk="desk-2")
    await does(desk, held, "hold")
    await does(desk, called, "call", desk="desk-2")
    await does(desk, served, "serve")
    day = "/intake/day/liege"
    figures = (await desk.get(day, headers=PAGE)).text
    before = {one["id"]: one for one in (await desk.get(API, params={"centre": "liege"})).json()}
    gone = await arrives(desk)
    await does(desk, gone, "leave")
    await closes_the_day(desk)
    board = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "The day was closed at" in board
    closed_at = re.search(r'name="closed_at" value="([^"]+)"', board)
    assert closed_at is not None
    answer = await desk.post("/intake/desk/liege/reopen-today", data={"closed_at": closed_at[1]}, headers=PAGE)
    assert desk.flash(answer) == "done:4 visits reopened."
    after = {one["id"]: one for one in (await desk.get(API, params={"centre": "liege"})).json()}
    changes = {"held_at", "version"}
    assert list(after) == list(before)
    for id, one in after.items():
        assert {name for name in one if one[name] != before[id][name]} - changes == set()
        assert (one["held_at"] is None) == (id != held)
    assert (await desk.get(f"{API}/{gone}")).json()["status"] == "left"
    events = [(str(one.event.visit_id), type(one.event)) for one in await emitted(desk.store, VisitReturned)]  # type: ignore[union-attr]
    assert sorted(events) == sorted((id, VisitReturned) for id in before)
    board = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "The day was closed at" not in board
    assert "Closed at the end of the day" not in (await desk.get(day, headers=PAGE)).text
    assert "Closed at the end of the day" not in figures
    assert await reopens(desk, closed_at[1]) == {"reopened": [], "changed": []}


async def test_a_reopened_day_leaves_what_changed_after_its_closing(desk: Client) -> None:
    registered, back, closed_before, quiet = [await arrives(desk) for _ in range(4)]
    await does(desk, closed_before, "leave")
    closed_at = await closes_the_day(desk)
    later = await arrives(desk)
    second = (await desk.post(f"{API}/close-today", json={"centre": "liege"})).json()
    assert second["closed"] == 1
    person = {"given_name": "Amélie", "family_name": "Dupré", "purposes": ["plan"], "language": "fr"}
    answer = await desk.post(f"{API}/{registered}/visitor", json=person)
    assert answer.status_code in (200, 201), answer.text
    await does(desk, back, "return")
    await does(desk, back, "leave")
    assert await reopens(desk, closed_at) == "day-not-just-closed", "half an hour later"
    desk.store.clock.forward(seconds=-90)  # type: ignore[attr-defined]
    assert await reopens(desk, closed_at) == {"reopened": [quiet], "changed": [registered]}
    states = [(await desk.get(f"{API}/{one}")).json()["status"] for one in (registered, back, closed_before, later)]
    assert states == ["left"] * 4
    assert await reopens(desk, closed_at) == {"reopened": [], "changed": []}


async def test_a_visit_that_was_closed_in_an_interview_goes_back_into_it_unless_it_is_over(desk: Client) -> None:
    running, over = [(await arrives(desk), uuid4()) for _ in range(2)]
    async with desk.store.work() as work:
        for visit, interview in (running, over):
            await interviews.begin(work, UUID(visit), interview, work.now)
    closed_at = await closes_the_day(desk)
    async with desk.store.work() as work:
        await interviews.end(work, UUID(over[0]), over[1], work.now)
    assert await reopens(desk, closed_at) == {"reopened": [running[0]], "changed": []}
    assert await does(desk, running[0], "hold") == "in-an-interview"
    async with desk.store.work() as work:
        await interviews.end(work, UUID(running[0]), running[1], work.now)
    assert (await desk.get(f"{API}/{running[0]}")).json()["closed_by"] is None


async def test_the_forms_of_the_page_do_what_they_say(desk: Client) -> None:
    visit = await arrives(desk, "find-job")
    path = f"/intake/visits/{visit}"
    page = (await desk.get(f"{path}/queue", headers=PAGE)).text
    assert "Nadia Benali" in page
    form = {"area": "", "desk": "desk-2", "counsellor": "", "version": 1}
    assert desk.flash(await desk.post(f"{path}/transfer", data=form, headers=PAGE)).startswith("done:")
    again = desk.flash(await desk.post(f"{path}/transfer", data=form | {"version": 2}, headers=PAGE))
    assert again.startswith("error:Nothing has been changed.")
    await desk.post(f"{path}/priority", data={"priority": "appointment", "version": 2}, headers=PAGE)
    await desk.post(f"{path}/hold", data={"version": 3}, headers=PAGE)
    shown = (await desk.get(f"/intake/visits/{visit}/queue", headers=PAGE)).text
    assert [word for word in ("For desk 2", "Priority", "On hold") if word not in shown] == []
    await desk.post(f"{path}/priority", data={"priority": "", "version": 4}, headers=PAGE)
    assert "<span>Priority</span>" not in (await desk.get("/intake/desk/liege", headers=PAGE)).text
