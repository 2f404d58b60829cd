"""One adult, as the teams of the centre and the provider see them, over HTTP and through the sign-in page."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5
from zoneinfo import ZoneInfo

import httpx2

from services.launcher.catalogue import SERVICES
from tests.journeys.stacks import Stack, eventually

BRUSSELS = ZoneInfo("Europe/Brussels")
THEMES = {
    "skills": "Je répare des vélos et de petits appareils.",
    "motivation": "J’aime voir le résultat de mon travail.",
    "values": "L’équipe et la sécurité comptent pour moi.",
    "interests": "L’électricité, le bois, être dehors.",
    "obstacles": "Je n’ai pas de voiture.",
    "information": "Il y a une formation près de chez moi.",
}
"""What the adult writes about each theme; the help pages' pictures show it."""
IFAPME_SERVICE = str(uuid5(NAMESPACE_URL, "https://cefo.example/demo/service/ifapme/1"))


ROOMS = {"liege-r1": ("Bureau 1", 4), "liege-r2": ("Salle d’atelier", 14)}
"""The rooms of Liège: their names and seats, by code."""
EARLIEST, LATEST = 4, 18
"""The hours between which a story may begin."""
LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""A name has no digits."""


def signed_in(stack: Stack, account: str) -> httpx2.Client:
    """A browser's client, signed in as a demo account."""
    client = stack.browse()
    answer = client.post("/sign-in", data={"account": account})
    assert answer.status_code == 303, answer.text
    return client


PIN = "839517"


def by_link(stack: Stack, link: str) -> httpx2.Client:
    """The visitor opens their personal link for the first time, and chooses a PIN."""
    client, path = stack.browse(), urlsplit(link).path
    assert client.get(path).status_code == 200
    answer = client.post(path, data={"pin": PIN, "pin_again": PIN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/intake/mine"), answer.text
    return client


def past_visits(month: str, number: int) -> bytes:
    """Lines of an import: so many people who passed through two centres in this month (`2019-03`)."""
    visits = (
        {
            "visit_id": str(uuid4()),
            "centre": "huy" if one % 3 else "arlon",
            "area": "find-job",
            "checked_in_at": f"{month}-{1 + one % 28:02}T09:00:00+01:00",
            "channel": "desk",
            "status": "no_queue",
        }
        for one in range(number)
    )
    return b"".join(json.dumps(visit).encode() + b"\n" for visit in visits)


def ok(answer: httpx2.Response) -> Any:
    """The JSON of an answer that must be a success."""
    assert answer.status_code in (200, 201), f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json()


@dataclass
class Centre:
    """The team of Liège in a rehearsal: its clock can be put forward."""

    stack: Stack
    forward: timedelta = timedelta()

    def __post_init__(self) -> None:
        clock = self.stack.data / "clock"
        if clock.exists():
            self.forward = timedelta(seconds=float(clock.read_text()))
        else:
            self.until(self.morning())
        self.desk = signed_in(self.stack, "accueil-liege")
        self.counsellor = signed_in(self.stack, "conseil-liege")
        self.region = signed_in(self.stack, "region")

    def has_rooms(self) -> None:
        """The list of rooms of Liège, which the region keeps. Once they are there, this changes nothing."""
        api = "/scheduling/api/v1/rooms"
        ready = eventually(lambda: self.region.get(f"{api}?centre=liege"), lambda answer: answer.status_code == 200)
        for code, (name, capacity) in ROOMS.items():
            if code not in {room["code"] for room in ok(ready)}:
                body = {"centre": "liege", "code": code, "name": name, "capacity": capacity}
                eventually(lambda body=body: self.region.post(api, json=body), lambda answer: answer.status_code == 201)

    def now(self) -> datetime:
        """What the platform's clock says."""
        return datetime.now(BRUSSELS) + self.forward

    def morning(self) -> datetime:
        """Now, or eight o'clock of the next morning when little is left of the day: a story lasts some hours.

        At three in the night yesterday's visits are closed.
        """
        now = self.now()
        day = now if now.hour < EARLIEST else now + timedelta(days=1)
        return now if EARLIEST <= now.hour < LATEST else day.replace(hour=8, minute=0, second=0, microsecond=0)

    def until(self, moment: datetime) -> None:
        """Put the rehearsal's clock forward to this moment."""
        self.forward += moment - self.now()
        (self.stack.data / "clock").write_text(str(self.forward.total_seconds()))

    def next_working_day(self) -> datetime:
        """Ten o'clock on the next day that the centre is open."""
        day = (self.now() + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
        closed = ok(self.desk.get("/directory/api/v1/centres/liege"))["closed_on"]
        while day.weekday() > 4 or day.date().isoformat() in closed:
            day += timedelta(days=1)
        return day

    def walks_in(self, area: str) -> str:
        """A visitor walks in, anonymously. Returns the visit."""
        visit = str(uuid4())
        ok(self.desk.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege", "area": area}))
        return visit

    def talks(self, visit: str) -> None:
        """An information interview, from call to its end, with which the visit ends."""
        ok(self.desk.post(f"/intake/api/v1/visits/{visit}/call", json={"desk": "desk-1"}))
        waiting = "/scheduling/api/v1/waiting?centre=liege"
        eventually(lambda: self.counsellor.get(waiting).text, lambda text: visit in text)
        interview = ok(self.counsellor.post("/scheduling/api/v1/interviews/information", json={"visit_id": visit}))
        seen_by_the_desk = f"/intake/api/v1/visits/{visit}"
        eventually(lambda: ok(self.desk.get(seen_by_the_desk)), lambda seen: seen["status"] == "being_served")
        self.until(self.now() + timedelta(minutes=20))
        ok(self.counsellor.post(f"/scheduling/api/v1/interviews/{interview['id']}/hold", json={}))
        eventually(lambda: ok(self.desk.get(seen_by_the_desk)), lambda seen: seen["status"] == "served")

    def agrees_to_be_known(self, visit: str, **more: Any) -> dict[str, Any]:
        """The person agrees; returns the reference and their personal link. `more`: what else they say."""
        told = {
            "given_name": "Prénom",
            "family_name": f"Démonstration {uuid4().hex[:12].translate(LETTERS)}",
            "purposes": ["guidance", "plan", "referral"],
        }
        return ok(self.desk.post(f"/intake/api/v1/visits/{visit}/visitor", json=told | more))

    def interview(self, path: str) -> str:
        """Book a guidance interview of an hour, let its time come, hold it. Returns the interview."""
        self.has_rooms()
        begins = self.next_working_day()
        booking = {"path_id": path, "starts_at": begins.isoformat(), "minutes": 60, "room": "liege-r1", "sooner": True}
        booked = ok(
            eventually(
                lambda: self.counsellor.post("/scheduling/api/v1/interviews", json=booking),
                lambda answer: answer.status_code == 201,
            )
        )
        self.until(begins + timedelta(minutes=60))
        ok(self.counsellor.post(f"/scheduling/api/v1/interviews/{booked['id']}/hold", json={}))
        return booked["id"]

    def plan_of(self, subject_ref: str) -> str:
        """The person's plan, once it is open."""
        plans = eventually(
            lambda: [p for p in self.plans() if p["subject_ref"] == subject_ref], lambda found: len(found) == 1
        )
        return plans[0]["id"]

    def plans(self) -> list[dict[str, Any]]:
        """The centre's plans."""
        return ok(self.counsellor.get("/plans/api/v1/plans?centre=liege"))

    def build_plan(self, plan: str, visitor: httpx2.Client) -> str:
        """Visitor and counsellor write the plan together; returns the action that needs a provider."""
        base = f"/plans/api/v1/plans/{plan}"
        for dimension, text in THEMES.items():
            ok(visitor.put(f"{base}/assessment/{dimension}", json={"text": text}))
        step = ok(visitor.post(f"{base}/information-steps", json={"what": "Visiter un centre de formation"}))
        ok(visitor.put(f"{base}/information-steps/{step['id']}/result", json={"result": "Places en janvier."}))
        ok(visitor.post(f"{base}/reflections", json={"moment": "between-sessions", "text": "Cela me plaît."}))
        goal = ok(visitor.post(f"{base}/goals", json={"text": "Travailler dans l’électricité"}))
        track = {"goal_id": goal["id"], "title": "Se former", "area": "select-training"}
        track = ok(self.counsellor.post(f"{base}/tracks", json=track))
        action = {
            "track_id": track["id"],
            "title": "S’inscrire",
            "needs_provider": True,
            "service_id": IFAPME_SERVICE,
            "reason": "training",
        }
        return ok(self.counsellor.post(f"{base}/actions", json=action))["id"]

    def confirm(self, plan: str) -> httpx2.Response:
        """Try to confirm the plan."""
        return self.counsellor.post(f"/plans/api/v1/plans/{plan}/confirm", json={})

    def figures(self) -> dict[str, int]:
        """What impact counted at Liège, a year around the rehearsal's days."""
        since, until = (self.now() - timedelta(days=200)).date(), (self.now() + timedelta(days=200)).date()
        return ok(self.region.get(f"/impact/api/v1/figures/exact?from={since}&to={until}&centre=liege"))


def settled(stack: Stack) -> None:
    """Wait until every service has consumed what was emitted so far: no event of another journey counts here."""
    operator = signed_in(stack, "exploitation")

    def under_way() -> int:
        answers = [operator.get(f"/{name}/api/v1/backlog") for name in SERVICES]
        if any(answer.status_code == 503 for answer in answers):
            return 1  # the broker is away for a moment
        return sum(answer["unsent"] + answer["unread"] for answer in map(ok, answers))

    eventually(lambda: under_way() + under_way(), lambda left: left == 0)
