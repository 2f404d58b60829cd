"""People at the desks of a few centres, all at once: everything they ask is written down before it is asked.

Whoever gets no answer asks again, as a careful client does; every request of the platform is made so that this is safe
(an id or a key of the client's own, the version that was seen, a rule that refuses the second).
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import httpx2
import orjson

from tests.faults.evidence import NO_TLS
from tests.faults.history import Answer, Fate, Headers, History
from tests.faults.topics import Publisher

CENTRES = ("liege", "namur", "charleroi")
AREAS = ("choose-path", "select-training", "find-job", "create-business", None)
IFAPME_SERVICE = str(uuid5(NAMESPACE_URL, "https://cefo.example/demo/service/ifapme/1"))
BRUSSELS = ZoneInfo("Europe/Brussels")
PATIENCE = 0.25
"""Seconds before somebody who got no answer, or a refusal that may pass, asks again."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Bearer tokens of the people who ask."""

    team: str
    """Front desk and counsellor, of every centre of the load."""
    provider: str
    """IFAPME, of the demo data."""


class Load:
    """Generates requests until it is told to stop. The same seed makes the same choices."""

    def __init__(
        self, url: str, tokens: Tokens, history: History, seed: int, publisher: Publisher | None = None
    ) -> None:
        self._history = history
        self._dice = random.Random(seed)
        self._client = httpx2.AsyncClient(base_url=url, timeout=10, trust_env=False, verify=NO_TLS)
        self._tokens = tokens
        self._publisher = publisher
        self._stopping = asyncio.Event()
        self._last = datetime.now(UTC)
        self.lives = 0
        """How many people came to their end."""

    @asynccontextmanager
    async def running(self, people: int = 6) -> AsyncGenerator["Load"]:
        """So many people at once, one after the other, until the block ends; then each ends what they began."""
        tasks = [asyncio.create_task(self._come_and_go()) for _ in range(people)]
        try:
            yield self
        finally:
            self._stopping.set()
            try:
                await asyncio.gather(*tasks)
            finally:
                await self._client.aclose()
                if self._publisher is not None:
                    await self._publisher.close()

    async def until(self, lives: int, seconds: float = 60) -> None:
        """Until so many more people came to their end. Raises `TimeoutError`."""
        wanted = self.lives + lives
        async with asyncio.timeout(seconds):
            while self.lives < wanted:  # noqa: ASYNC110 - there is nobody to set an event
                await asyncio.sleep(0.05)

    async def _come_and_go(self) -> None:
        while not self._stopping.is_set():
            live = self._dice.choices(
                (self._visit, self._guidance, self._mistakes, self._desk_software), weights=(6, 2, 1, 2)
            )[0]
            with contextlib.suppress(GaveUp):
                await live(self._dice.choice(CENTRES))
            self.lives += 1

    # What people do

    async def _visit(self, centre: str) -> None:
        """Somebody comes, waits, talks to a counsellor or goes."""
        visit = await self._check_in(centre)
        if visit is None or visit["ticket"] is None:
            return
        id, lot = visit["id"], self._dice.random()
        if lot < 0.1:
            return  # still waits
        if lot < 0.25:
            await self._ask("leave", "cefo.intake.visit-left.v1", {"visit_id": id}, f"/intake/api/v1/visits/{id}/leave")
            return
        await self._call(visit)
        if self._dice.random() < 0.5:
            await self._interview(id)
            return
        steps = (("serve", "cefo.intake.visit-being-served.v1"), ("finish", "cefo.intake.visit-served.v1"))
        for step, event in steps:
            await self._ask(step, event, {"visit_id": id}, f"/intake/api/v1/visits/{id}/{step}")

    async def _interview(self, visit: str) -> None:
        """An information interview, as soon as scheduling has heard of the visitor."""
        started = await self._ask(
            "start an interview",
            "cefo.scheduling.interview-started.v1",
            {"visit_id": visit},
            "/scheduling/api/v1/interviews/information",
            {"visit_id": visit},
            until_granted=True,
        )
        await self._hold(started["id"])

    async def _guidance(self, centre: str) -> None:
        """Somebody agrees to be known, takes a path, has a guidance interview, writes a plan and is referred."""
        visit = await self._check_in(centre)
        if visit is None:
            return
        told = {"given_name": "Prénom", "family_name": "Démonstration", "purposes": ["guidance", "plan"]}
        known = await self._ask(
            "register",
            "cefo.intake.visit-identified.v1",
            {"visit_id": visit["id"]},
            f"/intake/api/v1/visits/{visit['id']}/visitor",
            told,
        )
        person = known["subject_ref"]
        path = await self._ask(
            "open a path",
            "cefo.scheduling.path-opened.v1",
            {"subject_ref": person},
            "/scheduling/api/v1/paths",
            {"subject_ref": person, "centre": centre, "area": self._dice.choice(AREAS)},
            until_granted=True,
        )
        await self._hold((await self._book(path["id"], centre))["id"])
        await self._plan(await self._plan_of(centre, person))

    async def _book(self, path: str, centre: str) -> dict[str, Any]:
        """An hour with a counsellor; with a busy one it is refused, and then another one has time."""
        booking = {"path_id": path, "starts_at": next_working_day().isoformat(), "minutes": 60}
        for counsellor in (self._dice.choice([f"{centre}-c01", self._code("c")]), self._code("c")):
            room = self._code("r")
            with contextlib.suppress(GaveUp):
                return await self._ask(
                    "book",
                    "cefo.scheduling.interview-booked.v1",
                    {"room": room},
                    "/scheduling/api/v1/interviews",
                    booking | {"counsellor": counsellor, "room": room},
                )
        raise GaveUp

    async def _hold(self, interview: str) -> None:
        await self._ask(
            "hold",
            "cefo.scheduling.interview-held.v1",
            {"interview_id": interview},
            f"/scheduling/api/v1/interviews/{interview}/hold",
        )

    async def _plan_of(self, centre: str, person: str) -> dict[str, Any]:
        """The plan of a person, once plans has heard that their first interview was held."""

        async def look() -> dict[str, Any] | None:
            lines: list[dict[str, Any]] = await self._see(f"/plans/api/v1/plans?centre={centre}&limit=200") or []
            theirs = (line["id"] for line in lines if line["subject_ref"] == person)
            return await self._see(f"/plans/api/v1/plans/{id}") if (id := next(theirs, None)) else None

        return await self._patiently(look)

    async def _plan(self, plan: dict[str, Any]) -> None:
        """A goal, a track towards it, an action that needs a provider; then the provider answers the referral."""
        base, id = f"/plans/api/v1/plans/{plan['id']}", plan["id"]
        event = "cefo.plans.{}.v1".format
        goal = {"text": "Démonstration", "version": plan["version"]}
        made = await self._ask("set a goal", event("goal-set"), {"plan_id": id}, f"{base}/goals", goal)
        track = {"goal_id": made["id"], "title": "Se former", "version": plan["version"] + 1}
        made = await self._ask("open a track", event("action-track-opened"), {"plan_id": id}, f"{base}/tracks", track)
        action = {
            "track_id": made["id"],
            "title": "S'inscrire",
            "needs_provider": True,
            "service_id": IFAPME_SERVICE,
            "reason": "training",
            "version": plan["version"] + 2,
        }
        await self._ask("plan an action", event("action-planned"), {"plan_id": id}, f"{base}/actions", action)
        await self._be_referred(plan)

    async def _be_referred(self, plan: dict[str, Any]) -> None:
        centre, person = plan["centre"], plan["subject_ref"]

        async def look() -> str | None:
            page: dict[str, Any] = await self._see(f"/directory/api/v1/referrals?centre={centre}&limit=200") or {}
            referrals: list[dict[str, Any]] = page.get("contents", [])
            return next((one["id"] for one in referrals if one["subject_ref"] == person), None)

        referral = await self._patiently(look)
        for status in ("received", "accepted", "in-progress", "completed"):
            await self._ask(
                f"referral {status}",
                "cefo.directory.referral-progressed.v1",
                {"referral_id": referral, "status": status},
                f"/directory/api/v1/referrals/{referral}/progress",
                {"status": status},
                token=self._tokens.provider,
            )

    async def _mistakes(self, centre: str) -> None:
        """What must be refused, and must leave no trace."""
        visit = await self._check_in(centre)
        if visit is None:
            return
        other: dict[str, Any] = {"centre": centre, "at": self._moment(), "queue": False}
        id = visit["id"]
        asked = ("cefo.intake.visit-checked-in.v1", {"at": other["at"]}, f"/intake/api/v1/visits/{id}")
        with contextlib.suppress(GaveUp):
            await self._ask("check in otherwise under the same id", *asked, other, method="PUT")
        nowhere: dict[str, Any] = {"centre": "atlantis", "at": self._moment()}
        asked = ("cefo.intake.visit-checked-in.v1", {"at": nowhere["at"]}, f"/intake/api/v1/visits/{uuid4()}")
        with contextlib.suppress(GaveUp):
            await self._ask("check in at an unknown centre", *asked, nowhere, method="PUT")
        finish = ("cefo.intake.visit-served.v1", {"visit_id": id}, f"/intake/api/v1/visits/{id}/finish")
        with contextlib.suppress(GaveUp):
            await self._ask("finish what never began", *finish)

    async def _desk_software(self, centre: str) -> None:
        """A front desk's own software says on Kafka that somebody came; sometimes it says so twice."""
        if self._publisher is None:
            return
        visit, at = str(self._uuid()), self._moment()
        said = {"visit_id": visit, "centre": centre, "area": None, "channel": "desk", "at": at, "queue": True}
        event = desk_check_in(said, id=str(self._uuid()), source=f"/desk/{centre}")
        for _ in range(1 + (self._dice.random() < 0.3)):
            number = self._history.ask("check in by Kafka", "cefo.intake.visit-checked-in.v1", {"visit_id": visit})
            arrived = await self._publisher.publish("cefo.desk.check-ins", visit.encode(), *event, fate=Fate.EVENT)
            self._history.answer(number, Answer.OK if arrived else Answer.UNKNOWN)

    async def _check_in(self, centre: str) -> dict[str, Any] | None:
        """Somebody walks in: under an id of the desk's, or with an idempotency key."""
        body: dict[str, Any] = {"centre": centre, "area": self._dice.choice(AREAS), "at": self._moment()}
        body["queue"] = self._dice.random() < 0.9
        asked = ("check in", "cefo.intake.visit-checked-in.v1", {"at": body["at"]})
        if self._dice.random() < 0.5:
            return await self._ask(*asked, f"/intake/api/v1/visits/{self._uuid()}", body, method="PUT")
        return await self._ask(*asked, "/intake/api/v1/visits", body, key=str(self._uuid()))

    async def _call(self, visit: dict[str, Any]) -> None:
        desk = self._code("desk")
        await self._ask(
            "call",
            "cefo.intake.visit-called.v1",
            {"desk": desk},
            f"/intake/api/v1/visits/{visit['id']}/call",
            {"desk": desk, "version": visit["version"]},
        )

    # How they ask

    async def _ask(
        self,
        what: str,
        event: str,
        match: Mapping[str, str],
        path: str,
        body: dict[str, Any] | None = None,
        *,
        method: str = "POST",
        key: str | None = None,
        token: str | None = None,
        until_granted: bool = False,
    ) -> dict[str, Any]:
        """Ask, again when no answer comes. Answers the JSON of what was granted; raises `GaveUp` otherwise.

        `until_granted`: what this service has not heard of yet is refused at first, and asked again.
        """
        headers = {"Authorization": f"Bearer {token or self._tokens.team}"} | ({"Idempotency-Key": key} if key else {})
        for _ in range(80 if until_granted else 12):
            number = self._history.ask(what, event, match)
            try:
                answer = await self._client.request(method, path, json=body or {}, headers=headers)
            except httpx2.HTTPError:
                self._history.answer(number, Answer.UNKNOWN)
            else:
                said = _answer(answer.status_code)
                self._history.answer(number, said, answer.status_code)
                if said is Answer.OK:
                    return answer.json()
                if said is Answer.REFUSED and not until_granted:
                    raise GaveUp
            await asyncio.sleep(PATIENCE)
        raise GaveUp

    async def _see(self, path: str) -> Any:
        """What there is to see; None when nobody answers."""
        headers = {"Authorization": f"Bearer {self._tokens.team}"}
        with contextlib.suppress(httpx2.HTTPError):
            answer = await self._client.get(path, headers=headers)
            return answer.json() if answer.status_code == 200 else None
        return None

    async def _patiently(self, look: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(80):
            if found := await look():
                return found
            await asyncio.sleep(PATIENCE)
        raise GaveUp

    def _moment(self) -> str:
        """A moment of the last hour that no other request has: by it the effect of this one is known."""
        self._last = max(self._last + timedelta(microseconds=1), datetime.now(UTC))
        return (self._last - timedelta(hours=1)).isoformat()

    def _uuid(self) -> UUID:
        return UUID(int=self._dice.getrandbits(128), version=4)

    def _code(self, kind: str) -> str:
        return f"{kind}-{self._dice.getrandbits(48):012x}"


class GaveUp(Exception):
    """It was refused, or nobody answered for too long: this person goes home."""


def _answer(status: int) -> Answer:
    if status < 300:
        return Answer.OK
    return Answer.REFUSED if 400 <= status < 500 else Answer.UNKNOWN


def next_working_day() -> datetime:
    """Ten o'clock at least a week from now, on a Tuesday to Thursday that is no holiday in Belgium."""
    day = (datetime.now(BRUSSELS) + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
    while day.weekday() not in (1, 2, 3) or (day.month, day.day) in HOLIDAYS or day.isoformat()[:10] in MOVABLE:
        day += timedelta(days=1)
    return day


HOLIDAYS = {(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)}
MOVABLE = {"2026-05-14", "2027-05-06", "2028-05-25", "2029-05-10", "2030-05-30"}
"""Ascension Day; Easter and Whit Monday are no Tuesdays."""


def desk_check_in(said: dict[str, Any], *, id: str, source: str) -> tuple[Headers, bytes]:
    """Headers and value of a check-in as a front desk's own software says it: CloudEvents 1.0, binary mode."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": id,
        "ce_source": source,
        "ce_type": "cefo.desk.check-in.v1",
        "ce_subject": said["visit_id"],
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in attributes.items()], orjson.dumps(said)
