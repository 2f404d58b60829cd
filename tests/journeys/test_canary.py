"""A person with a canary in every field about them is erased: nothing that the platform keeps or shows has it again.

On SQLite with the embedded broker, and on PostgreSQL, Apache Kafka and Redis with a process per service.
"""

import base64
import hashlib
import json
import re
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from confluent_kafka import Producer

from services.launcher.catalogue import NAMES, SERVICES
from tests.journeys.adult import IFAPME_SERVICE, PIN, THEMES, Centre, by_link, ok, settled, signed_in
from tests.journeys.canaries import CANARY, Canaries, hits, text_fields, values
from tests.journeys.restorable import Restorable, cefo, embedded_one, real_parts
from tests.journeys.stacks import Stack, eventually

pytestmark = pytest.mark.timeout(600)
HOLDING = tuple(text_fields())
BY_A_DESK = re.compile(r"/cefo\.desk\.check-ins\.liege-\d+/[^/]+: (of a desk|not readable), plain$")
"""What `from_a_desk` wrote on the topic of its centre."""
BY_STAFF, BY_CENTRE = "who recorded it, never the person", "the name of a centre"
PUBLIC = "published by a provider"
NOT_TYPED = {
    **dict.fromkeys(
        (
            "HeldAccess.person",
            "HeldCode.room",
            "HeldConsent.recorded_by",
            "HeldConsent.withdrawn_by",
            "HeldLink.created_by",
            "HeldMerge.by",
            "HeldVisit.desk",
            "HeldVisit.for_desk",
            "HeldVisit.for_counsellor",
            "HeldVisit.transferred_by",
            "HeldInterview.room",
        ),
        BY_STAFF,
    ),
    **dict.fromkeys(
        {name for fields in text_fields().values() for name in fields if name.endswith(".centre")}, BY_CENTRE
    ),
    **dict.fromkeys(
        {
            name
            for fields in text_fields().values()
            for name in fields
            if name.endswith((".provider", ".service", ".provider_name", ".service_name"))
        },
        PUBLIC,
    ),
    "HeldCode.code": "made at random",
    "HeldVisit.ticket": "a number",
    "HeldVisit.ticket_in_hand": "a number",
    "HeldSeat.workshop": "the title of a workshop, for everyone in it",
    "HeldChange.item": "a code or an id",
    "HeldCalendar.language": "a code",
    "HeldMessage.error": "the number that the mail server answered, or a code",
}
"""Texts of what is held about a person that neither they nor anybody else typed about them, and what they are."""


@pytest.fixture(params=["embedded", pytest.param("real", marks=[pytest.mark.kafka, pytest.mark.postgres])])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Restorable]:
    with embedded_one(tmp_path) if request.param == "embedded" else real_parts(tmp_path) as running:
        yield running


def test_the_search_finds_every_form(tmp_path: Path) -> None:
    """Otherwise the journey could not fail."""
    canaries = Canaries()
    text = canaries("name").encode()
    forms = {
        "plain": text,
        "capitals": text.upper(),
        "UTF-16": text.decode().encode("utf-16-le"),
        "base64": base64.b64encode(b"x" + text),
        "base64 of an address": base64.urlsafe_b64encode(b"xy" + text + b"z"),
        "hexadecimal": text.hex().encode(),
        "digest": hashlib.sha256(text).digest(),
        "digest in hexadecimal": hashlib.md5(text).hexdigest().encode(),
    }
    kept = tmp_path / "kept"
    kept.mkdir()
    for name, form in (forms | {"another text": b"somebody else"}).items():
        (kept / name).write_bytes(b"\0\n\xff" + form + b"\n\0")
    found = hits(canaries.needles(), [kept], tmp_path)
    assert {Path(one.split(": ")[0]).name for one in found} == forms.keys()


def test_what_was_typed_about_an_erased_person_is_nowhere(platform: Restorable, tmp_path: Path) -> None:
    canaries, stack = Canaries(), platform.stack
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    settled(stack)  # the centres are known
    liege = Centre(stack)
    kept = liege.agrees_to_be_known(liege.walks_in("find-job"))["subject_ref"]
    person = lives_through_everything(liege, canaries)
    from_a_desk(stack, canaries)
    settled(stack)
    assert without_canary(stack, person, scratch) == set()
    assert shown(stack, canaries), "what shows it before the erasure"
    backup = platform.back_up(scratch)
    assert hits(canaries.needles(), platform.places(), scratch), "what has it before the erasure"
    assert held(stack, person) == set(HOLDING)

    erase(stack, person)
    assert left(platform, canaries, scratch) == set()
    assert shown(stack, canaries) == set()
    replay(stack)
    assert left(platform, canaries, scratch) == set()
    platform.restore(backup)
    assert held(platform.stack, person) == set()
    assert shown(platform.stack, canaries) == set()
    assert left(platform, canaries, scratch) == set()
    desk = signed_in(platform.stack, "accueil-liege")
    assert "Démonstration" in desk.get(f"/intake/fragments/visitors/{kept}").text, "who was not erased is still there"


def left(platform: Restorable, canaries: Canaries, scratch: Path) -> set[str]:
    """What is still in the files, some seconds after an erasure; of a desk's topic what its own software wrote is not.

    For seven days nobody can take that back. What people typed in cefo is on no topic of a desk.
    """
    settled(platform.stack)
    end = time.monotonic() + 30
    while found := {hit for hit in hits(canaries.needles(), platform.places(), scratch) if not BY_A_DESK.search(hit)}:
        if time.monotonic() > end:
            break
        time.sleep(1)
    return found


def held(stack: Stack, person: str) -> set[str]:
    """The services that hold something about the person."""
    operator = signed_in(stack, "exploitation")
    answers = {name: operator.post(f"/{name}/api/v1/people/{person}/export") for name in HOLDING}
    return {name for name, answer in answers.items() if ok(answer)["data"] is not None}


def erase(stack: Stack, person: str) -> None:
    """Erase the person, and wait until every service has confirmed it."""
    operator = signed_in(stack, "exploitation")
    assert operator.delete(f"/intake/api/v1/visitors/{person}").status_code == 204
    unconfirmed = "/intake/api/v1/erasures?unconfirmed=true"
    eventually(lambda: ok(operator.get(unconfirmed)), lambda found: found == [])


def replay(stack: Stack) -> None:
    """Send every event again, and rebuild the figures from them."""
    operator = signed_in(stack, "exploitation")
    for name in NAMES:
        ok(operator.post(f"/{name}/api/v1/republish"))
    settled(stack)
    answer = operator.post("/impact/api/v1/rebuild", json={})
    assert answer.status_code == 202, answer.text
    eventually(lambda: ok(operator.get("/impact/api/v1/rebuild")), lambda progress: progress["completed_at"])


def lives_through_everything(liege: Centre, canaries: Canaries) -> str:
    """The person registers, is found again, writes a plan, is referred, changes their mind. Returns the reference."""
    visit = liege.walks_in("choose-path")
    canaries.typed["contact"] = f"{CANARY}@contact.example"
    form = {name: canaries(name) for name in ("given_name", "family_name", "contact")}
    form |= {"language": "fr", "purposes": ["guidance", "plan", "reminders", "referral"]}
    page = liege.desk.post(f"/intake/visits/{visit}", data=form)
    assert page.status_code == 200, page.text
    link = re.search(r"https?://[^\s<\"]+/intake/l/[a-z0-9-]+", page.text)
    assert link is not None
    canaries.typed["secret of the link"] = link[0].rsplit("/", 1)[1]
    again = liege.walks_in("find-job")
    found = liege.desk.post(f"/intake/visits/{again}/search", data={"name": canaries("family_name")})
    assert canaries("given_name") in found.text
    person = ok(liege.desk.get(f"/intake/api/v1/visits/{visit}"))["subject_ref"]
    assert liege.desk.post(f"/intake/visits/{again}/person", data={"subject_ref": person}).status_code == 303
    path = opened_path(liege, person)
    liege.interview(path)
    visitor = by_link(liege.stack, link[0])
    write_the_plan(liege, visitor, liege.plan_of(person), canaries)
    subscribe(visitor, canaries)
    for change in ("withdrawals", "consents"):
        assert visitor.post(f"/intake/mine/{change}", data={"purpose": "reminders"}).status_code == 303
    assert liege.stack.browse().post(link[0], data={"pin": PIN[::-1]}).status_code == 422
    return person


def subscribe(visitor: httpx2.Client, canaries: Canaries) -> None:
    """A calendar program of theirs reads their appointments."""
    made = visitor.post("/scheduling/mine/calendar", data={"id": str(uuid4())})
    address = re.search(r"/scheduling/ics/([\w-]+)\.ics", made.text)
    assert address is not None, made.text
    assert visitor.get(address[0]).headers["content-type"].startswith("text/calendar")
    canaries.typed["secret of the calendar"] = address[1]


def opened_path(liege: Centre, person: str) -> str:
    taken = {"subject_ref": person, "centre": "liege", "area": "choose-path"}
    opened = eventually(
        lambda: liege.counsellor.post("/scheduling/api/v1/paths", json=taken), lambda answer: answer.status_code == 201
    )
    return ok(opened)["id"]


def write_the_plan(liege: Centre, visitor: httpx2.Client, plan: str, canaries: Canaries) -> None:
    """Every text of a plan, written and written again, and an action that is referred to a provider."""
    base = f"/plans/api/v1/plans/{plan}"
    for dimension in THEMES:
        for version, which in enumerate(("first", "last")):
            body = {"text": canaries(f"{dimension}, {which}"), "version": version}
            ok(visitor.put(f"{base}/assessment/{dimension}", json=body))
    step = {"what": canaries("what to find out"), "whom": canaries("from whom")}
    step = ok(visitor.post(f"{base}/information-steps", json=step))
    ok(visitor.put(f"{base}/information-steps/{step['id']}/result", json={"result": canaries("the result")}))
    ok(visitor.post(f"{base}/reflections", json={"moment": "between-sessions", "text": canaries("a reflection")}))
    goal = ok(visitor.post(f"{base}/goals", json={"text": canaries("the goal")}))
    track = {"goal_id": goal["id"], "title": canaries("the way"), "area": "select-training"}
    track = ok(liege.counsellor.post(f"{base}/tracks", json=track))
    action = {"track_id": track["id"], "title": canaries("the action"), "needs_provider": True}
    action |= {"reason": "training", "service_id": IFAPME_SERVICE}
    ok(liege.counsellor.post(f"{base}/actions", json=action))


def from_a_desk(stack: Stack, canaries: Canaries) -> None:
    """A desk's own software sends a name that nobody asked for, and bytes that nobody can read."""
    sender = Producer({"bootstrap.servers": stack.kafka})
    visit = str(uuid4())
    event = {"visit_id": visit, "centre": "liege", "at": "2026-03-02T09:00:00+01:00", "name": canaries("of a desk")}
    headers = {
        "ce_specversion": "1.0",
        "ce_id": visit,
        "ce_source": "/desk/liege",
        "ce_type": "cefo.desk.check-in.v1",
        "ce_subject": visit,
        "content-type": "application/json",
    }
    for value in (json.dumps(event), canaries("not readable")):
        sender.produce("cefo.desk.check-ins.liege", value, visit, headers=list(headers.items()))
    assert sender.flush(30) == 0
    operator = signed_in(stack, "exploitation")
    letters = "/intake/api/v1/dead-letters"
    eventually(lambda: ok(operator.get(letters)), lambda found: len(found) == 2)


def without_canary(stack: Stack, person: str, scratch: Path) -> set[str]:
    """The texts of what is held about a person that no canary is in."""
    file, missing = scratch / "person.json", set[str]()
    cefo(stack, "export-person", person, "--out", str(file))
    exported = json.loads(file.read_text())
    for service in HOLDING:
        data = SERVICES[service].personal_data
        assert data is not None
        document = data.document.model_validate(exported[service])
        having = {name for name, value in values(document.data) if CANARY in str(value)}
        missing |= text_fields()[service] - having
    return missing - NOT_TYPED.keys()


def shown(stack: Stack, canaries: Canaries) -> set[str]:
    """The pages that show a text of the person, to the team, the region, operators and partners."""
    found = {path for who, paths in PAGES.items() for path in told(signed_in(stack, who), paths, canaries)}
    desk = signed_in(stack, "accueil-liege")
    visit = Centre(stack).walks_in("find-job")
    answer = desk.post(f"/intake/visits/{visit}/search", data={"name": CANARY})
    return found | ({"search"} if canaries("given_name") in answer.text else set())


PAGES = {
    "accueil-liege": ("/intake/desk/liege", "/intake/retention"),
    "conseil-liege": (
        "/scheduling/agenda",
        "/plans/api/v1/plans?centre=liege",
        "/directory/referrals?centre=liege",
        "/directory/api/v1/undirected?centre=liege",
    ),
    "region": ("/impact/exact", "/directory/referral-events", "/intake/exports", "/intake/erasures"),
    "exploitation": tuple(f"/{name}/dead-letters" for name in NAMES),
}


def told(client: httpx2.Client, paths: tuple[str, ...], canaries: Canaries) -> Iterator[str]:
    """Those of these pages, and of the plans and dead letters on them, that have a canary."""
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        inner = re.findall(r"/[a-z]+/dead-letters/[0-9a-f-]{36}(?=\")", answer.text)
        if path.startswith("/plans/api"):
            inner += [f"/plans/api/v1/plans/{plan['id']}" for plan in answer.json()]
        texts = {path: answer.text} | {one: client.get(one).text for one in inner}
        yield from (one for one, text in texts.items() if CANARY in text)
