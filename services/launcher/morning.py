"""Demonstration data of a morning at the centre of Liège: `cefo up --morning`, which `make run` starts.

Created through the public JSON API, and only what is missing: visitors who wait, once a day; rooms, the counsellors'
working hours, a plan in progress and a workshop with seats, once. Names and texts say that they are invented.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx2
import orjson

from services.chassis.identity.people import Person, visitor
from services.chassis.identity.tokens import Signer
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.runtime.telemetry import log
from services.directory.demo.accounts import LIEGE_COLLEAGUE, LIEGE_COUNSELLOR, NAMUR_COUNSELLOR
from services.intake.domain.links import LinkState
from services.launcher import demo
from services.launcher.trust import tls_verify
from services.scheduling.claims import required_staff_code

CENTRE = "liege"
AREAS = ("find-job", "choose-path", "select-training", "create-business", "choose-path", "find-job")
SERVICE = str(uuid5(NAMESPACE_URL, "https://cefo.example/demo/service/ifapme/1"))
ROOMS = {
    "bureau-1": ("Bureau 1", 4, ["computers", "wheelchair-access"]),
    "bureau-2": ("Bureau 2", 3, ["computers", "video-calls"]),
    "salle-d-atelier": ("Salle d’atelier", 14, ["projector", "whiteboard", "flip-chart", "wheelchair-access"]),
    "salle-informatique": ("Salle informatique", 10, ["computers", "screen", "induction-loop"]),
}
"""By code: the name, the seats and what is in the room."""
_MORNING, _AFTERNOON = ("MO,TU,WE,TH,FR", "09:00", "12:00"), ("MO,TU,WE,TH,FR", "13:00", "16:30")
COUNSELLORS: dict[str, tuple[str, list[str], list[str], tuple[tuple[str, str, str], ...]]] = {
    LIEGE_COUNSELLOR.code: ("liege", ["de", "en", "fr"], [], (_MORNING, _AFTERNOON)),
    LIEGE_COLLEAGUE.code: (
        "liege",
        ["ar", "fr", "nl"],
        ["choose-path", "find-job", "select-training"],
        (("MO,TU,TH", "09:00", "12:00"), ("MO,WE", "13:00", "16:30")),
    ),
    NAMUR_COUNSELLOR.code: ("namur", ["fr", "nl"], [], (_MORNING, ("TU,TH", "13:00", "16:30"))),
}
"""By code: the centre, the languages, the areas (none: all), and the rows of working hours."""
AWAY = LIEGE_COLLEAGUE.code
"""Who has a day off."""
TIMEOUT = 30.0
"""Seconds that a step may wait for the events of earlier steps to be processed."""

_log = log(__name__)


async def create_morning(url: str, signer: Signer, now: datetime) -> str | None:
    """Create what is missing. Returns a new personal link to the plan in progress. Never raises.

    Empty: the link of an earlier start has a PIN. It is not ended, because someone may use it. None: a failure.
    """
    team = Team(url, signer)
    try:
        await _create_visits(team, now)
        await _create_rooms(team)
        plans: list[dict[str, Any]] = await team.request(team.counsellor, "GET", f"/plans/api/v1/plans?centre={CENTRE}")
        if not plans:
            plans = [await _create_plan(team, now)]
        link = f"/intake/api/v1/visitors/{plans[0]['subject_ref']}/link"
        usable = (await team.request(team.desk, "GET", link))["state"] == LinkState.USABLE
        address: str = "" if usable else (await team.request(team.desk, "POST", link))["link"]
        await enter_availability(team, now)
        return address
    except Exception as error:
        # The platform is usable without the demonstration data.
        _log.exception("the demonstration data is incomplete", error=repr(error))
        return None
    finally:
        await team.close()


class Team:
    """API clients of the centre's staff, each with their own rights."""

    def __init__(self, url: str, signer: Signer) -> None:
        self._client = httpx2.AsyncClient(base_url=url, trust_env=False, verify=tls_verify(url), timeout=TIMEOUT)
        self._signer = signer
        self.desk = demo.ACCOUNTS["accueil-liege"].person
        self.counsellor = demo.ACCOUNTS["conseil-liege"].person
        self.region = demo.ACCOUNTS["region"].person
        self.operator = demo.ACCOUNTS["exploitation"].person

    async def request(self, who: Person, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON response, retried until accepted. Raises `TimeoutError` after `TIMEOUT`."""
        headers = self._as(who) | {"idempotency-key": str(uuid4())}
        return (await self._request_until_accepted(method, path, headers=headers, json=body)).json()

    async def import_line(self, path: str, line: Mapping[str, Any]) -> None:
        """Import one line, retried until accepted. Raises `TimeoutError` after `TIMEOUT`."""
        kind = self._as(self.operator) | {"content-type": "application/x-ndjson"}
        await self._request_until_accepted("POST", path, _none_refused, headers=kind, content=orjson.dumps(line))

    async def exists(self, path: str) -> bool:
        """Whether this path exists."""
        return (await self._client.get(path, headers=self._as(self.desk))).is_success

    async def _request_until_accepted(
        self, method: str, path: str, accepted: Callable[[httpx2.Response], bool] = lambda _: True, **more: Any
    ) -> httpx2.Response:
        """Retry until accepted: the service may not have processed the events that the request depends on."""
        async with asyncio.timeout(TIMEOUT):
            while True:
                answer = await self._client.request(method, path, **more)
                if answer.is_success and accepted(answer):
                    return answer
                _log.debug("not yet", path=path, status=answer.status_code, response=answer.text)
                await asyncio.sleep(0.2)

    def _as(self, who: Person) -> dict[str, str]:
        return {"authorization": f"Bearer {self._signer.session(who)}"}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _none_refused(answer: httpx2.Response) -> bool:
    return orjson.loads(answer.content.splitlines()[-1])["refused"] == 0


async def _create_visits(team: Team, now: datetime) -> None:
    """Today's visitors: one is being served, one is called, the others wait."""
    today = now.astimezone(BRUSSELS).date()
    first, second, *_ = visits = [_id(today, f"visit-{number}") for number in range(len(AREAS))]
    if await team.exists(f"/intake/api/v1/visits/{first}"):
        return
    for number, (visit, area) in enumerate(zip(visits, AREAS, strict=True)):
        at = now - timedelta(minutes=3 * (len(AREAS) - number))
        body = {"centre": CENTRE, "area": area, "at": at.isoformat()}
        await team.request(team.desk, "PUT", f"/intake/api/v1/visits/{visit}", body)
    for visit, desk in ((first, "desk-1"), (second, "desk-2")):
        await team.request(team.desk, "POST", f"/intake/api/v1/visits/{visit}/call", {"desk": desk})
    await team.request(team.desk, "POST", f"/intake/api/v1/visits/{first}/serve", {})


async def _create_rooms(team: Team) -> None:
    """The rooms of the centre."""
    rooms = "/scheduling/api/v1/rooms"
    known = {room["code"] for room in await team.request(team.region, "GET", f"{rooms}?centre={CENTRE}")}
    for code, (name, capacity, equipment) in ROOMS.items():
        if code not in known:
            body = {"centre": CENTRE, "code": code, "name": name, "capacity": capacity, "equipment": equipment}
            await team.request(team.region, "POST", rooms, body)


async def enter_availability(team: Team, now: datetime) -> None:
    """Languages and working hours of the demonstration's counsellors, and a day on which one of them is away.

    Not of those whose account was deactivated: their centre does not list them.
    """
    today = now.astimezone(BRUSSELS).date()
    monday = today - timedelta(days=today.weekday())
    for code, (centre, languages, areas, week) in COUNSELLORS.items():
        at = f"/scheduling/api/v1/counsellors/{code}"
        listed = await team.request(team.region, "GET", f"/scheduling/api/v1/counsellors?centre={centre}")
        if code not in [one["code"] for one in listed]:
            continue
        known = await team.request(team.region, "GET", at)
        if not known["version"]:
            await team.request(team.region, "PUT", at, {"languages": languages, "areas": areas, "version": 0})
        if not any(hours["version"] for hours in known["hours"]):
            if code == AWAY:
                await _enter_absence(team, at, now)
            rows = [
                {"starts_on": monday.isoformat(), "rrule": f"FREQ=WEEKLY;BYDAY={days}", "begins": begins, "ends": ends}
                for days, begins, ends in week
            ]
            await team.request(team.region, "PUT", f"{at}/hours/{centre}", {"rows": rows, "version": 0})


async def _enter_absence(team: Team, at: str, now: datetime) -> None:
    """A whole day, the first working day after tomorrow."""
    day = _open_day(now, 2, []).replace(hour=0)
    whole = {"starts_at": day.isoformat(), "ends_at": (day + timedelta(days=1)).isoformat()}
    await team.request(team.region, "POST", f"{at}/absences", whole)


async def _create_plan(team: Team, now: datetime) -> dict[str, Any]:
    """A registered visitor with one guidance interview held and a second booked. Returns their plan."""
    days = await team.request(team.desk, "GET", f"/directory/api/v1/centres/{CENTRE}")
    visit = _id(now.date(), "known")
    await team.request(team.desk, "PUT", f"/intake/api/v1/visits/{visit}", {"centre": CENTRE, "area": "choose-path"})
    body = {"given_name": "Camille", "family_name": "Démonstration", "purposes": ["guidance", "plan", "referral"]}
    person = (await team.request(team.desk, "POST", f"/intake/api/v1/visits/{visit}/visitor", body))["subject_ref"]
    asked = {"subject_ref": person, "centre": CENTRE, "area": "choose-path"}
    path = (await team.request(team.counsellor, "POST", "/scheduling/api/v1/paths", asked))["id"]
    held = {
        "interview_id": str(_id(now.date(), "held")),
        "kind": "guidance",
        "centre": CENTRE,
        "area": "choose-path",
        "counsellor": required_staff_code(team.counsellor),
        "starts_at": _open_day(now, -7, days["closed_on"]).isoformat(),
        "minutes": 60,
        "status": "fulfilled",
        "path_id": path,
        "method": "individual",
        "number": 1,
        "subject_ref": person,
    }
    await team.import_line("/scheduling/api/v1/interviews/import", held)
    next_one = {"path_id": path, "starts_at": _open_day(now, 7, days["closed_on"]).isoformat(), "minutes": 60}
    await team.request(team.counsellor, "POST", "/scheduling/api/v1/interviews", next_one | {"room": "bureau-1"})
    await _create_workshop(team, _open_day(now, 14, days["closed_on"]), person)
    return await _fill_plan(team, person)


async def _create_workshop(team: Team, begins: datetime, person: str) -> None:
    sessions = [{"starts_at": (begins + timedelta(hours=4)).isoformat(), "minutes": 120}]
    body = {"centre": CENTRE, "title": "Construire son projet (démonstration)", "room": "salle-d-atelier"}
    body |= {"outside_usual_hours": True}  # whatever hours were entered by then
    workshop = await team.request(
        team.counsellor, "POST", "/scheduling/api/v1/workshops", body | {"sessions": sessions}
    )
    seats = f"/scheduling/api/v1/workshops/{workshop['id']}/seats"
    await team.request(team.counsellor, "POST", seats, {"subject_ref": person})


async def _fill_plan(team: Team, person: str) -> dict[str, Any]:
    """Fill the plan to where it is between two interviews: half of what the method asks."""
    async with asyncio.timeout(TIMEOUT):
        while not (plans := await team.request(team.counsellor, "GET", f"/plans/api/v1/plans?centre={CENTRE}")):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    own, base = visitor(UUID(person)), f"/plans/api/v1/plans/{plans[0]['id']}"
    for dimension, text in (
        ("skills", "Démonstration : je répare des vélos dans mon quartier."),
        ("motivation", "Démonstration : un métier où l’on voit le résultat de son travail."),
        ("interests", "Démonstration : l’électricité, le bois, être dehors."),
    ):
        await team.request(own, "PUT", f"{base}/assessment/{dimension}", {"text": text})
    step = await team.request(own, "POST", f"{base}/information-steps", {"what": "Visiter un centre de formation"})
    result = {"result": "Démonstration : il reste des places en janvier."}
    await team.request(own, "PUT", f"{base}/information-steps/{step['id']}/result", result)
    goal = await team.request(own, "POST", f"{base}/goals", {"text": "Devenir électricien ou électricienne"})
    track = {"goal_id": goal["id"], "title": "Se former", "area": "select-training"}
    track = await team.request(team.counsellor, "POST", f"{base}/tracks", track)
    action = {"track_id": track["id"], "title": "S’inscrire", "needs_provider": True, "service_id": SERVICE}
    await team.request(team.counsellor, "POST", f"{base}/actions", action | {"reason": "training"})
    return plans[0]


def _open_day(now: datetime, days: int, closed: list[str]) -> datetime:
    """10:00 on a day that the centre is open, `days` away or the next one further away."""
    day = now.astimezone(BRUSSELS).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=days)
    while day.weekday() > 4 or day.date().isoformat() in closed:
        day += timedelta(days=1 if days > 0 else -1)
    return day


def _id(day: date, what: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://cefo.example/demo/morning/{day}/{what}")
