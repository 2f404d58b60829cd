"""The directory's JSON API: who may do what, and how the others are refused."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import sqlalchemy as sa

from services.chassis.testing import FixedClock
from services.contracts.directory import CentrePublished, ProviderPublished
from services.directory import actions
from services.directory.demo import organization_id, service_id
from services.directory.store import ServiceViews, UnassignedReferral
from tests.directory.web import (
    ARLON,
    CITE,
    COUNSELLOR,
    MANAGER,
    OPERATOR,
    OTHER_CITE,
    OTHER_PROVIDER,
    PROVIDER,
    Site,
)
from tests.givens.directory import register
from tests.givens.events import emitted_events

APPRENTICESHIP = service_id("ifapme", 1)
CLOSED = service_id("promotion-sociale", 3)


def referral(**changed: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "subject_ref": str(uuid4()),
        "centre": "mons",
        "service_id": str(APPRENTICESHIP),
        "reason": "training",
    }
    return asked | changed


async def sent(site: Site, **changed: Any) -> dict[str, Any]:
    """A referral by a counsellor of Mons, as the API answers it."""
    asked = referral(**changed)
    await register(site.store, UUID(asked["subject_ref"]))
    answer = await site.post(COUNSELLOR, "/referrals", asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_anyone_reads_the_directory(site: Site) -> None:
    page = (await site.get(None, "/services", q="alternance", explain=1)).json()
    assert [one["id"] for one in page["contents"]] == [str(APPRENTICESHIP)]
    assert page["ranking"]["results"][0]["fields"]["name"] > 0
    assert page["total_items"] == 1
    assert (await site.get(None, f"/services/{APPRENTICESHIP}")).json()["organization"]["name"].startswith("IFAPME")
    organization = (await site.get(None, f"/organizations/{organization_id('ifapme')}")).json()
    assert len(organization["services"]) == 3
    assert len((await site.get(None, "/centres")).json()) == 12
    assert (await site.get(None, "/centres/mons")).json()["timezone"] == "Europe/Brussels"


async def test_a_town_may_be_named_by_its_centre(site: Site) -> None:
    by_centre = (await site.get(None, "/services", centre="la-louviere")).json()
    by_town = (await site.get(None, "/services", town="La Louvière")).json()
    assert by_centre["contents"] == by_town["contents"] != []


async def test_every_service_is_on_exactly_one_page(site: Site) -> None:
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = (await site.get(None, "/services", limit=5, **after)).json()
        seen += [one["id"] for one in page["contents"]]
        if page["last_page"]:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == page["total_items"] == 21


@pytest.mark.parametrize(
    ("query", "field", "rule", "known"),
    [
        ({"area": "mobility"}, "area", "unknown-area", "find-job"),
        ({"centre": "dinant"}, "centre", "unknown-centre", "mons"),
        ({"language": "xx"}, "language", "unknown-language", "sfb"),
        ({"after": "zz"}, "after", "unknown-cursor", None),
        ({"limit": 201}, "limit", "less-than-equal", None),
        ({"colour": "red"}, "colour", "extra-forbidden", None),
    ],
)
async def test_a_wrong_search_names_field_and_rule(
    site: Site, query: dict[str, Any], field: str, rule: str, known: str | None
) -> None:
    answer = await site.get(None, "/services", **query)
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert (fault["field"], fault["rule"]) == (field, rule)
    assert known is None or known in fault["known"]


async def test_a_refusal_is_said_in_the_reader_s_language(site: Site) -> None:
    for language, words in (("fr", "Ce centre n’existe pas"), ("de", "Dieses Zentrum gibt es nicht")):
        async with site.as_(None, language=language) as client:
            answer = await client.get("/directory/api/v1/centres/dinant")
        assert words in answer.json()["detail"].replace("\u00a0", " ")


CENTRE = {
    "name": "Carrefour des métiers de Mons",
    "areas": ["choose-path", "mobility"],
    "opening_hours": [{"weekdays": ["MO"], "opens_at": "08:30", "closes_at": "12:00"}],
    "closed_on": ["2026-12-24"],
    "languages": ["fr"],
}


async def test_the_region_changes_a_centre(site: Site) -> None:
    before = len(await emitted_events(site.store, CentrePublished))
    answer = await site.put(MANAGER, "/centres/mons", CENTRE | {"version": 1})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    (event,) = (await emitted_events(site.store, CentrePublished))[before:]
    assert (event.areas, event.closed_on) == (("choose-path", "mobility"), ("2026-12-24",))
    assert (await site.get(None, "/services", area="mobility")).json()["empty"] is True
    stale = await site.put(MANAGER, "/centres/mons", CENTRE | {"version": 1})
    [fault] = stale.json()["errors"]
    assert (stale.status_code, fault["rule"], fault["now"], fault["seen"]) == (409, "stale-version", 2, 1)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"opening_hours": [{"weekdays": ["MO"], "opens_at": "12:00", "closes_at": "09:00"}]}, "wrong-hours"),
        (
            {"opening_hours": [{"weekdays": ["MO"], "opens_at": "9:00", "closes_at": "12:00"}]},
            "local-time",
        ),
        ({"closed_on": ["tomorrow"]}, "day"),
        ({"languages": ["xx"]}, "unknown-language"),
        ({"areas": []}, "too-short"),
        ({"colour": "red"}, "extra-forbidden"),
    ],
)
async def test_a_wrong_centre_changes_nothing(site: Site, change: dict[str, Any], rule: str) -> None:
    before = len(await emitted_events(site.store, CentrePublished))
    answer = await site.put(MANAGER, "/centres/mons", CENTRE | change)
    assert answer.status_code == 422
    assert rule in [fault["rule"] for fault in answer.json()["errors"]]
    assert len(await emitted_events(site.store, CentrePublished)) == before


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("fr", "Mardi : 08:30–12:00 et 11:00–16:00 se chevauchent."),
        ("de", "Dienstag: 08:30–12:00 und 11:00–16:00 überschneiden sich."),
        ("nl", "Dinsdag: 08:30–12:00 en 11:00–16:00 overlappen."),
        ("en", "Tuesday: 08:30–12:00 and 11:00–16:00 overlap."),
    ],
)
async def test_hours_that_overlap_are_named_by_their_day(site: Site, language: str, message: str) -> None:
    hours = [
        {"weekdays": ["MO", "TU"], "opens_at": "08:30", "closes_at": "12:00"},
        {"weekdays": ["TU"], "opens_at": "11:00", "closes_at": "16:00"},
    ]
    async with site.as_(MANAGER, language=language) as client:
        answer = await client.put("/directory/api/v1/centres/mons", json=CENTRE | {"opening_hours": hours})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(message)


async def test_a_provider_keeps_its_own_service_and_no_other(site: Site) -> None:
    mine = await site.put(PROVIDER, f"/services/{APPRENTICESHIP}", {"places_open": 3, "assured": True, "version": 1})
    assert (mine.status_code, mine.json()["version"], mine.json()["assured_date"]) == (200, 2, "2026-03-02")
    assert len(await emitted_events(site.store, ProviderPublished)) == 10
    other = await site.put(OTHER_PROVIDER, f"/services/{APPRENTICESHIP}", {"name": "À nous"})
    assert other.status_code == 404
    beyond = await site.put(PROVIDER, f"/services/{APPRENTICESHIP}", {"places_open": 41})
    assert beyond.json()["errors"][0] == {
        "field": "places_open",
        "rule": "places-beyond-capacity",
        "message": "Places left: 41. Places in total: 40. There cannot be more places left than in total. "
        "Correct the numbers.",
    }
    assert len(await emitted_events(site.store, ProviderPublished)) == 10


async def test_the_region_brings_a_provider_into_the_directory(site: Site) -> None:
    id, service = uuid4(), uuid4()
    entry = {
        "name": "École du soir (démo)",
        "description": "Cours.",
        "services": [{"id": str(service), "name": "Apiculture", "description": "Abeilles.", "areas": ["find-job"]}],
    }
    assert (await site.put(MANAGER, f"/organizations/{id}", entry)).json()["changed"] is True
    assert (await site.put(MANAGER, f"/organizations/{id}", entry)).json()["changed"] is False
    assert (await site.get(None, "/services", q="abeille")).json()["contents"][0]["id"] == str(service)
    twice = entry | {"services": [entry["services"][0], entry["services"][0]]}
    assert (await site.put(MANAGER, f"/organizations/{id}", twice)).status_code == 422


async def test_a_referral_from_request_to_completion(site: Site) -> None:
    subject_ref = uuid4()
    asked = await sent(site, subject_ref=str(subject_ref))
    assert (asked["status"], asked["subject_ref"], asked["requested_by"]) == (
        "requested",
        str(subject_ref),
        "demo/mons",
    )
    (seen,) = (await site.get(PROVIDER, "/referrals")).json()["contents"]
    assert (seen["subject_ref"], seen["requested_by"]) == (None, None)
    assert seen["partner_ref"] == asked["partner_ref"] != str(subject_ref)
    assert str(subject_ref) not in str(seen)
    for status in ("received", "accepted", "in-progress", "completed"):
        answer = await site.post(PROVIDER, f"/referrals/{asked['id']}/progress", {"status": status})
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    history = (await site.get(COUNSELLOR, f"/referrals/{asked['id']}")).json()["history"]
    assert [step["status"] for step in history] == ["requested", "received", "accepted", "in-progress", "completed"]


@pytest.mark.parametrize(
    ("change", "status", "field", "rule"),
    [
        ({"centre": "dinant"}, 422, "centre", "unknown-centre"),
        ({"centre": "arlon"}, 403, "centre", "wrong-centre"),
        ({"area": "mobility"}, 422, "area", "unknown-area"),
        ({"reason": "curiosity"}, 422, "reason", "unknown-reason"),
        ({"service_id": str(CLOSED)}, 409, "service_id", "service-not-active"),
        ({"service_id": str(uuid4())}, 404, "service_id", "not-found"),
        ({"subject_ref": "nobody"}, 422, "subject_ref", "uuid-parsing"),
        ({"subject_ref": str(uuid4())}, 409, "subject_ref", "person-unknown"),
        ({"note": "He is tall."}, 422, "note", "extra-forbidden"),
    ],
)
async def test_a_wrong_referral_names_field_and_rule(
    site: Site, change: dict[str, Any], status: int, field: str, rule: str
) -> None:
    known = await register(site.store)
    answer = await site.post(COUNSELLOR, "/referrals", referral(subject_ref=str(known)) | change)
    assert answer.status_code == status
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [(field, rule)]
    assert (await site.get(COUNSELLOR, "/referrals")).json()["contents"] == []


async def test_a_wrong_answer_names_the_status_and_what_is_possible(site: Site) -> None:
    asked = await sent(site)
    url = f"/referrals/{asked['id']}/progress"
    no_reason = await site.post(PROVIDER, url, {"status": "rejected"})
    assert (no_reason.status_code, no_reason.json()["errors"][0]["rule"]) == (422, "unknown-reason")
    not_yours = await site.post(PROVIDER, url, {"status": "cancelled", "reason": "other"})
    assert (not_yours.status_code, not_yours.json()["errors"][0]["rule"]) == (403, "not-your-step")
    stale = await site.post(PROVIDER, url, {"status": "accepted", "version": 7})
    assert (stale.status_code, stale.json()["errors"][0]["field"]) == (409, "version")
    await site.post(COUNSELLOR, url, {"status": "cancelled", "reason": "found-elsewhere"})
    late = await site.post(PROVIDER, url, {"status": "accepted"})
    assert late.status_code == 409
    assert late.json()["detail"] == (
        "Current status of the referral: withdrawn. Reload the page. Possible now: nothing more."
    )
    assert late.json()["errors"][0]["wanted"] == "accepted"


async def test_a_second_referral_to_a_service_names_the_first(site: Site) -> None:
    asked = await sent(site)
    again = await site.post(COUNSELLOR, "/referrals", referral(subject_ref=asked["subject_ref"]))
    [fault] = again.json()["errors"]
    assert (again.status_code, fault["rule"], fault["referral_id"]) == (409, "already-referred", asked["id"])


async def test_a_referral_is_the_business_of_two_sides(site: Site) -> None:
    asked = await sent(site)
    path = f"/referrals/{asked['id']}"
    answers = {who.subject: (await site.get(who, path)).status_code for who in (COUNSELLOR, PROVIDER)}
    assert set(answers.values()) == {200}
    assert (await site.get(OTHER_PROVIDER, path)).status_code == 404
    assert (await site.get(ARLON, path)).status_code == 404
    assert (await site.get(OTHER_PROVIDER, "/referrals")).json()["contents"] == []
    assert (await site.get(ARLON, "/referrals")).json()["contents"] == []
    assert (await site.get(ARLON, "/referrals", centre="mons")).status_code == 403
    assert (await site.get(COUNSELLOR, "/referrals/" + str(uuid4()))).status_code == 404


async def test_referrals_come_in_pages(site: Site, clock: FixedClock) -> None:
    ids: list[str] = []
    for _ in range(5):
        clock.forward(minutes=1)
        ids.append((await sent(site))["id"])
    first = (await site.get(COUNSELLOR, "/referrals", limit=3)).json()
    rest = (await site.get(COUNSELLOR, "/referrals", limit=3, after=first["next"])).json()
    assert [one["id"] for one in first["contents"] + rest["contents"]] == ids[::-1]
    assert rest["next"] is None


async def test_an_operator_lets_the_unanswered_expire(site: Site, clock: FixedClock) -> None:
    await sent(site)
    assert (await site.post(OPERATOR, "/referrals/expire")).json() == {"expired": 0, "more": False}
    clock.forward(days=31)
    assert (await site.post(OPERATOR, "/referrals/expire")).json() == {"expired": 1, "more": False}


async def test_a_counsellor_directs_or_dismisses_what_waits(site: Site) -> None:
    waiting, subject_ref = [uuid4(), uuid4()], await register(site.store)
    for action in waiting:
        async with site.store.work() as work:
            await actions.refer_from_plan(
                work,
                action,
                subject_ref=subject_ref,
                centre="mons",
                area="find-job",
                service_id=None,
                reason="training",
                plan_id=uuid4(),
            )
    listed = (await site.get(COUNSELLOR, "/undirected")).json()
    assert {one["action_id"] for one in listed} == {str(action) for action in waiting}
    begin = (await site.get(COUNSELLOR, "/undirected", limit=1)).json()
    rest = (await site.get(COUNSELLOR, "/undirected", limit=1, after=begin[-1]["action_id"])).json()
    assert begin + rest == listed
    choice = {"service_id": str(APPRENTICESHIP)}
    assert (await site.post(ARLON, f"/undirected/{waiting[0]}/referral", choice)).status_code == 404
    opened = await site.post(COUNSELLOR, f"/undirected/{waiting[0]}/referral", choice)
    assert (opened.status_code, opened.json()["action_id"]) == (201, str(waiting[0]))
    async with site.as_(COUNSELLOR) as client:
        assert (await client.delete(f"/directory/api/v1/undirected/{waiting[1]}")).status_code == 204
    async with site.store.read() as session:
        assert (await session.scalars(sa.select(UnassignedReferral))).all() == []


async def test_a_cite_reads_the_feed_page_by_page(site: Site) -> None:
    subject_ref = str(uuid4())
    one = await sent(site, subject_ref=subject_ref)
    await site.post(PROVIDER, f"/referrals/{one['id']}/progress", {"status": "accepted"})
    first = (await site.get(CITE, "/referral-events", limit=1)).json()
    rest = (await site.get(CITE, "/referral-events", after=first["next"])).json()
    assert [event["data"]["status"] for event in first["events"] + rest["events"]] == ["requested", "accepted"]
    assert (first["more"], rest["more"]) == (True, False)
    none = (await site.get(CITE, "/referral-events", after=rest["next"])).json()
    assert none == {"events": [], "next": rest["next"], "more": False}
    assert subject_ref not in str(first) + str(rest)
    theirs = (await site.get(OTHER_CITE, "/referral-events", limit=1)).json()["events"][0]
    mine = first["events"][0]
    reference = (await site.get(CITE, f"/referral-events/references/{one['id']}")).json()
    assert reference == {"referral_id": one["id"], "partner_ref": mine["data"]["partner_ref"]}
    assert (await site.get(CITE, f"/referral-events/references/{uuid4()}")).status_code == 404
    assert theirs["id"] == mine["id"]
    assert theirs["data"].pop("partner_ref") != mine["data"].pop("partner_ref")
    assert theirs == mine
    wrong = await site.get(CITE, "/referral-events", after="abc")
    assert (wrong.status_code, wrong.json()["errors"][0]["rule"]) == (422, "unknown-cursor")
    assert "partner_ref" in (await site.get(CITE, "/referral-events/schema")).json()["properties"]


async def stream(
    site: Site, count: int, headers: dict[str, str], begun: asyncio.Event | None = None
) -> list[tuple[str, Any]]:
    """The first events of the stream: id and content. Tells when the first is there."""
    sent_headers = {"authorization": f"Bearer {site.process.signer.session(CITE)}"} | headers
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/directory/api/v1/referral-events/stream",
        "raw_path": b"/directory/api/v1/referral-events/stream",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent_headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("cefo.test", 80),
    }
    text, enough = "", asyncio.Event()

    async def receive() -> dict[str, Any]:
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal text
        text += message.get("body", b"").decode()
        if begun and "data: {" in text:
            begun.set()
        if text.count("data: {") >= count:
            enough.set()

    task = asyncio.create_task(site.process(scope, receive, send))
    async with asyncio.timeout(10):
        await enough.wait()
        await task
    found: list[tuple[str, Any]] = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, colon, value = line.partition(": ")
            if name and colon:
                fields[name] = value
        if "data" in fields:
            found.append((fields["id"], orjson.loads(fields["data"])))
    return found


async def test_a_cite_hears_events_as_they_come_and_goes_on_after_a_break(site: Site) -> None:
    one = await sent(site)
    begun = asyncio.Event()
    listening = asyncio.create_task(stream(site, 2, {}, begun))
    await begun.wait()
    await site.post(PROVIDER, f"/referrals/{one['id']}/progress", {"status": "accepted"})
    heard = await listening
    assert [event["data"]["status"] for _, event in heard] == ["requested", "accepted"]
    await site.post(PROVIDER, f"/referrals/{one['id']}/progress", {"status": "completed"})
    later = await stream(site, 1, {"last-event-id": heard[-1][0]})
    assert [event["data"]["status"] for _, event in later] == ["completed"]
    page = (await site.get(CITE, "/referral-events", after=heard[0][0])).json()
    assert [event["id"] for event in page["events"]] == [heard[1][1]["id"], later[0][1]["id"]]


async def test_views_are_counted_by_a_post_and_never_by_a_get(site: Site) -> None:
    async with site.as_(None, page=True) as browser:
        await browser.get(f"/directory/services/{APPRENTICESHIP}")
        async with site.store.read() as session:
            assert (await session.scalars(sa.select(ServiceViews))).all() == []
        assert (await browser.post(f"/directory/services/{APPRENTICESHIP}/views")).status_code == 204
        assert (await browser.post(f"/directory/services/{uuid4()}/views")).status_code == 404
    async with site.store.read() as session:
        (row,) = (await session.scalars(sa.select(ServiceViews))).all()
    assert (row.service_id, row.views) == (APPRENTICESHIP, 1)
