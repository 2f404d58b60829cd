import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import httpx2
import orjson
import pytest

from services.chassis.identity.people import Claim
from services.chassis.testing import Client, FixedClock
from services.chassis.web.imports import importing
from services.contracts.directory import DayOpening, SpecialDay
from services.contracts.scheduling import FinalisingSessionDue, InterviewHeld, InterviewStarted, SeatTaken
from services.scheduling.api.waiting import WaitingChanges
from tests.givens.events import emitted_events
from tests.givens.rows import count
from tests.givens.scheduling import (
    COLLEAGUE,
    COUNSELLOR,
    ELSEWHERE,
    LIEGE,
    MONDAY,
    OPERATOR,
    VISITOR,
    Visitor,
    liege,
    react,
)
from tests.parts.served import served
from tests.scheduling.test_imports import information, workshop

API = "/scheduling/api/v1"
TUESDAY = "2026-03-03T10:00:00+01:00"


async def post(desk: Client, path: str, status: int = 200, **body: Any) -> Any:
    answer = await desk.post(f"{API}/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def booked(desk: Client, known: Visitor, starts_at: str = TUESDAY) -> dict[str, Any]:
    path = await post(desk, "paths", 201, subject_ref=str(known.subject_ref), centre=LIEGE)
    return await post(desk, "interviews", 201, path_id=path["id"], starts_at=starts_at, minutes=60)


async def test_who_waits_is_listed_with_the_place_from_which_the_stream_goes_on(desk: Client, known: Visitor) -> None:
    answer = (await desk.get(f"{API}/waiting", params={"centre": LIEGE})).json()
    assert answer["seq"] == 2
    (visit,) = answer["visits"]
    assert (visit["visit_id"], visit["ticket"], visit["status"]) == (str(known.visit_id), "E-007", "waiting")
    assert visit["subject_ref"] == str(known.subject_ref)


async def test_the_stream_tells_each_change_once_and_goes_on_where_it_broke_off(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    other = Visitor()
    read = WaitingChanges(LIEGE, clock)

    async def new(since: Any, last: str | None) -> list[tuple[str, str, Any]]:
        async with desk.store.read() as session:
            return [(one.id, one.data["kind"], one.data.get("status")) for one in await since(session, last)]

    assert await new(read, None) == [("2", "waiting", "waiting")]
    assert await new(read, "2") == []
    await react(desk.store, [other.checks_in(), known.is_called(), other.leaves()])
    assert await new(read, "2") == [("4", "waiting", "called"), ("5", "waiting", "left")]
    assert await new(read, "5") == []
    assert await new(WaitingChanges(LIEGE, clock), "4") == [("5", "waiting", "left")]
    assert await new(WaitingChanges(LIEGE, clock), "99") == [("0", "reset", None), ("4", "waiting", "called")]
    assert await new(WaitingChanges(LIEGE, clock), None) == [("4", "waiting", "called")]


async def test_whoever_comes_back_after_days_begins_anew(desk: Client, known: Visitor, clock: FixedClock) -> None:
    clock.forward(days=3)
    fresh = Visitor()
    await react(desk.store, [fresh.checks_in(clock.now)])
    async with desk.store.read() as session:
        changes = await WaitingChanges(LIEGE, clock)(session, "1")
    assert [(one.data["kind"], one.id) for one in cast(Any, changes)] == [("reset", "0"), ("waiting", "3")]


async def test_of_an_earlier_day_the_stream_sends_only_the_end(desk: Client, clock: FixedClock) -> None:
    read, late, gone, fresh = WaitingChanges(LIEGE, clock), Visitor(), Visitor(), Visitor()
    yesterday = clock.now
    clock.forward(days=1)
    async with desk.store.read() as session:
        assert await read(session, None) == []
    await react(
        desk.store, [late.checks_in(yesterday), gone.checks_in(yesterday), gone.leaves(), fresh.checks_in(clock.now)]
    )
    async with desk.store.read() as session:
        changes = cast(Any, await read(session, None))
    listed = (await desk.get(f"{API}/waiting", params={"centre": LIEGE})).json()["visits"]
    sent = [(one.data["visit_id"], one.data["status"]) for one in changes]
    assert sent == [(str(gone.visit_id), "left"), (str(fresh.visit_id), "waiting")]
    assert [one["visit_id"] for one in listed] == [str(fresh.visit_id)]


async def test_the_streams_first_event_is_sent_over_http(desk: Client, known: Visitor) -> None:
    lines: list[str] = []
    async with (
        asyncio.timeout(10),
        served(desk.process) as url,
        httpx2.AsyncClient(base_url=url, cookies=dict(desk.cookies), trust_env=False) as watching,
        watching.stream("GET", f"{API}/waiting/stream", params={"centre": LIEGE}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            lines.append(line)
            if line.startswith("data:"):
                desk.process.live.close()
    assert not any(line.startswith("event:") for line in lines), "a plain EventSource gets only events without a name"
    data = orjson.loads(next(line for line in lines if line.startswith("data:")).removeprefix("data:"))
    assert (data["kind"], data["visit_id"]) == ("waiting", str(known.visit_id))


async def test_an_information_interview_from_start_to_finish(desk: Client, known: Visitor, clock: FixedClock) -> None:
    started = await post(desk, "interviews/information", 201, visit_id=str(known.visit_id))
    desk.signed_in(COLLEAGUE)
    refused = await post(desk, "interviews/information", 409, visit_id=str(known.visit_id))
    assert refused["errors"][0]["rule"] == "already-in-interview"
    desk.signed_in(COUNSELLOR)
    clock.forward(minutes=8, seconds=30)
    held = await post(desk, f"interviews/{started['id']}/hold", version=1)
    assert (held["status"], held["minutes"]) == ("fulfilled", 9)
    assert [type(event) for event in await emitted_events(desk.store)] == [InterviewStarted, InterviewHeld]


async def test_a_guidance_interview_is_booked_moved_read_and_cancelled(desk: Client, known: Visitor) -> None:
    interview = await booked(desk, known)
    url = f"interviews/{interview['id']}"
    moved = await post(desk, f"{url}/move", minutes=120, room="salle-3", version=1)
    assert (moved["minutes"], moved["room"]) == (120, "salle-3")
    assert datetime.fromisoformat(moved["starts_at"]) == datetime.fromisoformat(TUESDAY)
    answer = await desk.get(f"{API}/interviews", params={"centre": LIEGE, "date": "2026-03-03"})
    assert [one["id"] for one in answer.json()] == [interview["id"]]
    path = (await desk.get(f"{API}/paths/{interview['path_id']}")).json()
    assert [one["id"] for one in path["interviews"]] == [interview["id"]]
    cancelled = await post(desk, f"{url}/cancel", cancelled_by="visitor", reason="transport")
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "transport")
    stale = await post(desk, f"{url}/hold", 409, version=1)
    assert stale["errors"][0]["rule"] == "stale-version"


@pytest.mark.parametrize(
    ("changed", "status", "field", "rule"),
    [
        ({"minutes": 90, "starts_at": "2026-03-03T11:00:00+01:00"}, 422, "minutes", "wrong-length"),
        ({"starts_at": "2026-03-03T10:05:00+01:00"}, 422, "starts_at", "not-on-quarter-hour"),
        ({"starts_at": "2026-03-03T10:00:00"}, 422, "starts_at", "moment"),
        ({"starts_at": "2026-03-01T10:00:00+01:00"}, 422, "starts_at", "not-in-future"),
        ({"starts_at": "2026-03-03T20:00:00+01:00"}, 422, "starts_at", "outside-opening-hours"),
        ({"starts_at": TUESDAY}, 409, "starts_at", "already-booked"),
        ({"counsellor": "liege-c02"}, 409, "starts_at", "overlap"),
        ({"unknown": 1}, 422, "unknown", "extra-forbidden"),
        ({"counsellor": "liege-c09"}, 422, "counsellor", "unknown-counsellor"),
        ({"counsellor": "Nadia B"}, 422, "counsellor", "staff-code"),
    ],
)
async def test_bad_bookings_name_field_and_rule_and_change_nothing(
    desk: Client, known: Visitor, changed: dict[str, Any], status: int, field: str, rule: str
) -> None:
    interview = await booked(desk, known)
    before = len(await emitted_events(desk.store))
    body = {"path_id": interview["path_id"], "starts_at": TUESDAY, "minutes": 60} | changed
    answer = await post(desk, "interviews", status, **body)
    (fault,) = answer["errors"]
    assert (fault["field"], fault["rule"]) == (field, rule)
    assert len(await emitted_events(desk.store)) == before


async def test_wrong_centre_wrong_role_and_nobody(desk: Client, known: Visitor) -> None:
    interview = await booked(desk, known)
    desk.signed_in(ELSEWHERE)
    for path, body, status, slug in (
        (f"interviews/{interview['id']}/hold", {}, 404, "not-found"),
        ("interviews/information", {"visit_id": str(known.visit_id)}, 404, "not-found"),
        ("paths", {"subject_ref": str(known.subject_ref), "centre": LIEGE}, 403, "wrong-centre"),
    ):
        refused = await post(desk, path, status, **body)
        assert refused["type"] == f"/problems/{slug}"
    assert (await desk.get(f"{API}/interviews/{interview['id']}")).status_code == 404
    for stranger, status in ((VISITOR, 403), (OPERATOR, 403), (None, 401)):
        desk.signed_in(stranger)
        assert (await desk.get(f"{API}/waiting", params={"centre": LIEGE})).status_code == status
        await post(desk, f"interviews/{interview['id']}/hold", status)


async def test_an_account_without_a_code_holds_no_interviews(desk: Client, known: Visitor) -> None:
    desk.signed_in(COUNSELLOR.model_copy(update={"claims": frozenset[Claim]()}))
    refused = await post(desk, "interviews/information", 403, visit_id=str(known.visit_id))
    assert refused["type"] == "/problems/no-staff-code"


async def test_a_workshop_from_announcement_to_the_finalising_session(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    made = await post(
        desk,
        "workshops",
        201,
        centre=LIEGE,
        title="Changer de voie",
        seats=1,
        sessions=[{"starts_at": TUESDAY, "minutes": 120}],
    )
    url = f"workshops/{made['id']}"
    seat = await post(desk, f"{url}/seats", 201, subject_ref=str(known.subject_ref))
    for wish, rule in (({}, "double-seat"), ({"version": 7}, "stale-version")):
        refused = await post(desk, f"{url}/seats", 409, subject_ref=str(known.subject_ref), **wish)
        assert refused["errors"][0]["rule"] == rule
    other = Visitor()
    await react(desk.store, [other.registered()])
    full = await post(desk, f"{url}/seats", 409, subject_ref=str(other.subject_ref))
    assert full["errors"][0]["rule"] == "workshop-full"
    waits = await post(desk, f"{url}/seats", 201, subject_ref=str(other.subject_ref), waitlist=True)
    assert waits["status"] == "waitlisted"
    clock.now = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    session_id = made["sessions"][0]["id"]
    ended = await post(desk, f"{url}/sessions/{session_id}/attendance", came=[seat["id"]])
    assert (ended["status"], ended["sessions"][0]["came"]) == ("finished", [seat["id"]])
    (due,) = await emitted_events(desk.store, FinalisingSessionDue)
    assert due.path_id == (await emitted_events(desk.store, SeatTaken))[0].path_id
    starts_at = (clock.now + timedelta(days=1)).isoformat()
    await post(desk, "interviews", 201, path_id=str(due.path_id), starts_at=starts_at, minutes=60)
    listed = (await desk.get(f"{API}/workshops", params={"centre": LIEGE})).json()
    assert [one["id"] for one in listed] == [made["id"]]


async def test_releasing_and_cancelling_a_workshop(desk: Client, known: Visitor) -> None:
    session = {"starts_at": TUESDAY, "minutes": 120}
    made = await post(desk, "workshops", 201, centre=LIEGE, title="Cap", seats=3, sessions=[session])
    seat = await post(desk, f"workshops/{made['id']}/seats", 201, subject_ref=str(known.subject_ref))
    released = await post(desk, f"workshops/{made['id']}/seats/{seat['id']}/release", cancelled_by="visitor")
    assert released["status"] == "released"
    cancelled = await post(desk, f"workshops/{made['id']}/cancel", reason="too-few-participants")
    assert cancelled["status"] == "cancelled"
    full = (await desk.get(f"{API}/workshops/{made['id']}")).json()
    assert full["participants"] == []


async def test_changing_and_publishing_a_workshop(desk: Client) -> None:
    session = {"starts_at": TUESDAY, "minutes": 120}
    facts: dict[str, Any] = {"title": "Cap", "seats": 3, "facilitators": ["liege-c02", "liege-c01"]}
    made = await post(desk, "workshops", 201, centre=LIEGE, published=False, sessions=[session], **facts)
    assert (made["counsellor"], made["facilitators"]) == ("liege-c02", ["liege-c02", "liege-c01"])
    assert (made["published"], made["informed"]) == (False, 0)
    kept = {name: made["sessions"][0][name] for name in ("id", "starts_at", "minutes")}
    saturday = {"starts_at": "2026-03-14T18:00:00+01:00", "minutes": 120}
    url = f"{API}/workshops/{made['id']}"
    body = facts | {"sessions": [kept, saturday], "version": made["version"]}
    refused = await desk.put(url, json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["field"] == "outside_usual_hours"
    changed = await desk.put(url, json=body | {"outside_usual_hours": True})
    assert changed.status_code == 200, changed.text
    assert [one["id"] == kept["id"] for one in changed.json()["sessions"]] == [True, False]
    assert not changed.json()["published"], "what is left out stays as it is"
    assert (await desk.put(url, json=body | {"outside_usual_hours": True})).status_code == 409
    shown = await post(desk, f"workshops/{made['id']}/publication", published=True)
    assert shown["published"]


async def test_what_a_changed_workshop_leaves_out_stays_as_it_is(desk: Client) -> None:
    session = {"starts_at": TUESDAY, "minutes": 120}
    facts = {"area": "choose-path", "room": "salle-2", "seats": 3, "facilitators": ["liege-c02", "liege-c01"]}
    made = await post(desk, "workshops", 201, centre=LIEGE, title="Cap", published=False, sessions=[session], **facts)
    names = ("area", "room", "seats", "counsellor", "facilitators", "published")
    url = f"{API}/workshops/{made['id']}"
    sessions = [{name: made["sessions"][0][name] for name in ("id", "starts_at", "minutes")}]

    async def put(**facts: Any) -> dict[str, Any]:
        answer = await desk.put(url, json={"title": "Cap", "sessions": sessions} | facts)
        assert answer.status_code == 200, answer.text
        return answer.json()

    changed = await put(title="Autre")
    assert (changed["title"], [changed[name] for name in names]) == ("Autre", [made[name] for name in names])
    assert (await put(counsellor="liege-c01"))["facilitators"] == ["liege-c01"]
    assert (await put(facilitators=[]))["facilitators"] == ["liege-c01"]
    assert (await put(facilitators=["liege-c02"]))["facilitators"] == ["liege-c02"]
    cleared = await put(area=None, room=None, seats=5, published=True)
    assert [cleared[name] for name in names] == [None, None, 5, "liege-c02", ["liege-c02"], True]
    twice = await desk.put(url, json={"title": "Cap", "sessions": [*sessions, *sessions]})
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "sessions")


async def test_files_of_the_past_are_taken_in_once(desk: Client) -> None:
    desk.signed_in(OPERATOR)
    wrong = b'{"interview_id": 1}'
    lines = [line.model_dump_json(exclude_none=True).encode() for line in (information(), information())]
    body = b"\n".join([*lines, wrong])
    first = await desk.post(f"{API}/interviews/import", content=body)
    bad, summary = (orjson.loads(line) for line in first.text.splitlines()[-2:])
    assert (bad["line"], summary) == (3, {"lines": 3, "accepted": 2, "unchanged": 0, "refused": 1})
    again = await desk.post(f"{API}/interviews/import", content=body)
    assert orjson.loads(again.text.splitlines()[-1]) == {"lines": 3, "accepted": 0, "unchanged": 2, "refused": 1}
    imported = await desk.post(f"{API}/workshops/import", content=workshop().model_dump_json().encode())
    assert orjson.loads(imported.text) == {"lines": 1, "accepted": 1, "unchanged": 0, "refused": 0}
    assert await count(desk.store, "interviews") == 2


async def test_workshops_come_in_twenty_at_a_time(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.signed_in(OPERATOR)
    together: list[int] = []
    recorded = importing.record_batch

    async def watched(store: Any, batch: Any, *more: Any) -> Any:
        together.append(len(batch))
        return await recorded(store, batch, *more)

    monkeypatch.setattr(importing, "record_batch", watched)
    body = b"\n".join(workshop().model_dump_json().encode() for _ in range(45))
    for new in (45, 0):
        imported = await desk.post(f"{API}/workshops/import", content=body)
        summary = {"lines": 45, "accepted": new, "unchanged": 45 - new, "refused": 0}
        assert orjson.loads(imported.text) == summary
    assert together == [20, 20, 5] * 2
    assert await count(desk.store, "workshops") == 45


async def test_interviews_come_as_csv_too(desk: Client) -> None:
    desk.signed_in(OPERATOR)
    rows = [
        "interview_id,kind,centre,area,counsellor,starts_at,minutes,status,path_id,method,subject_ref,number",
        f"{uuid4()},information,liege,find-job,liege-c01,2017-03-27T09:05:00+02:00,17,fulfilled,,,,",
        f"{uuid4()},guidance,liege,,liege-c01,2017-03-27T10:15:00+02:00,60,fulfilled,{uuid4()},individual,{uuid4()},1",
        f"{uuid4()},guidance,liege,,liege-c01,2017-03-27T10:15:00+02:00,90,fulfilled,{uuid4()},individual,{uuid4()},1",
    ]
    answer = await desk.post(
        f"{API}/interviews/import", content="\n".join(rows), headers={"content-type": "text/csv; charset=utf-8"}
    )
    bad, summary = (orjson.loads(line) for line in answer.text.splitlines())
    assert (bad["line"], bad["field"], bad["rule"]) == (4, "minutes", "wrong-length")
    assert summary == {"lines": 3, "accepted": 2, "unchanged": 0, "refused": 1}


async def test_only_operators_import_and_read_the_schema(desk: Client) -> None:
    assert (await desk.post(f"{API}/interviews/import", content=b"")).status_code == 403
    desk.signed_in(OPERATOR)
    schema = (await desk.get(f"{API}/interviews/import/schema")).json()
    assert set(schema["required"]) >= {"interview_id", "kind", "centre", "counsellor", "starts_at", "minutes", "status"}
    assert schema["additionalProperties"] is False
    assert (await desk.get(f"{API}/workshops/import/schema")).status_code == 200


async def test_the_agenda_is_read_in_pages(desk: Client) -> None:
    desk.signed_in(OPERATOR)
    lines = [information(starts_at=MONDAY - timedelta(minutes=number)) for number in range(5)]
    await desk.post(f"{API}/interviews/import", content=b"\n".join(one.model_dump_json().encode() for one in lines))
    desk.signed_in(COUNSELLOR)
    seen: list[str] = []
    while True:
        query = {"centre": LIEGE, "date": "2026-03-02", "limit": "2"} | ({"after": seen[-1]} if seen else {})
        found = (await desk.get(f"{API}/interviews", params=query)).json()
        seen += [one["id"] for one in found]
        if len(found) < 2:
            break
    assert seen == [str(line.interview_id) for line in reversed(lines)]


async def test_a_refusal_is_told_in_the_readers_language(desk: Client, known: Visitor) -> None:
    interview = await booked(desk, known)
    wish = {"path_id": interview["path_id"], "starts_at": "2026-03-03T11:00:00+01:00", "minutes": 90}
    for lang, words in (("fr", "dure une ou deux heures"), ("de", "dauert eine oder zwei Stunden")):
        desk.headers["accept-language"] = lang
        refused = await post(desk, "interviews", 422, **wish)
        assert words in refused["errors"][0]["message"]


async def test_anybody_reads_which_centres_are_known_here(desk: Client) -> None:
    desk.signed_in(None)
    (centre,) = (await desk.get(f"{API}/centres")).json()
    assert (centre["code"], centre["timezone"]) == (LIEGE, "Europe/Brussels")
    assert "find-job" in centre["areas"]
    assert centre["special_days"] == []
    morning = SpecialDay(day="2026-12-24", openings=(DayOpening(opens_at="09:00", closes_at="12:00"),))
    await react(desk.store, [liege(closed_on=("2026-12-24",)).model_copy(update={"special_days": (morning,)})])
    (centre,) = (await desk.get(f"{API}/centres")).json()
    assert centre["special_days"] == [{"day": "2026-12-24", "openings": [{"opens_at": "09:00", "closes_at": "12:00"}]}]
