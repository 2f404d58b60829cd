"""Load: concurrent users of a few centres. Every request is recorded in the history before it is sent.

A client without an answer retries. All requests of the platform are safe to retry: they carry an id or key of the
client, or the version that was read, or a rule refuses the second one.
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
from tests.faults.history import Answer, Headers, History, Outcome
from tests.faults.topics import Publisher

CENTRES = ("liege", "namur", "charleroi")
AREAS = ("choose-path", "select-training", "find-job", "create-business", None)
IFAPME_SERVICE = str(uuid5(NAMESPACE_URL, "https://cefo.example/demo/service/ifapme/1"))
BRUSSELS = ZoneInfo("Europe/Brussels")
COUNSELLORS = tuple(f"fault-c{number:03}" for number in range(400))
"""The codes of the counsellors with whom the load books: so many that few are taken at the same hour."""
RETRY_DELAY = 0.25
"""Seconds before a request without an answer, or with a temporary refusal, is retried."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The bearer tokens of the requests."""

    team: str
    """Front desk and counsellor, of every centre of the load."""
    provider: str
    """IFAPME, of the demo data."""


class Load:
    """Sends requests until it is stopped. The same seed makes the same choices."""

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        history: History,
        seed: int,
        prepare: Callable[[], Awaitable[None]],
        publisher: Publisher | None = None,
    ) -> None:
        """`prepare`: makes the accounts of `COUNSELLORS`."""
        self._history = history
        self._dice = random.Random(seed)
        self._client = httpx2.AsyncClient(base_url=url, timeout=10, trust_env=False, verify=NO_TLS)
        self._tokens = tokens
        self._publisher = publisher
        self._prepare = prepare
        self._stopping = asyncio.Event()
        self._last = datetime.now(UTC)
        self.sessions = 0
        """How many client sessions have ended."""

    @asynccontextmanager
    async def running(self, clients: int = 6) -> AsyncGenerator["Load"]:
        """Run so many clients at once until the block ends; each completes its current session."""
        await self._prepare()
        tasks = [asyncio.create_task(self._run_sessions()) for _ in range(clients)]
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

    async def until(self, sessions: int, seconds: float = 60) -> None:
        """Wait until so many more sessions have ended. Raises `TimeoutError`."""
        wanted = self.sessions + sessions
        async with asyncio.timeout(seconds):
            while self.sessions < wanted:  # noqa: ASYNC110 - no task sets an event
                await asyncio.sleep(0.05)

    async def _run_sessions(self) -> None:
        while not self._stopping.is_set():
            session = self._dice.choices(
                (self._visit, self._guidance, self._invalid_requests, self._desk_software), weights=(6, 2, 1, 2)
            )[0]
            with contextlib.suppress(GaveUp):
                await session(self._dice.choice(CENTRES))
            self.sessions += 1

    # The sessions

    async def _visit(self, centre: str) -> None:
        """A visit: check in, wait, then an interview, a desk, or leaving."""
        visit = await self._check_in(centre)
        if visit is None or visit["ticket"] is None:
            return
        id, chance = visit["id"], self._dice.random()
        if chance < 0.1:
            return  # stays in the queue
        if chance < 0.25:
            await self._request(
                "leave", "cefo.intake.visit-left.v1", {"visit_id": id}, f"/intake/api/v1/visits/{id}/leave"
            )
            return
        await self._call(visit)
        if self._dice.random() < 0.5:
            await self._interview(id)
            return
        steps = (("serve", "cefo.intake.visit-being-served.v1"), ("finish", "cefo.intake.visit-served.v1"))
        for step, event in steps:
            await self._request(step, event, {"visit_id": id}, f"/intake/api/v1/visits/{id}/{step}")

    async def _interview(self, visit: str) -> None:
        """An information interview, once scheduling has processed the check-in."""
        started = await self._request(
            "start an interview",
            "cefo.scheduling.interview-started.v1",
            {"visit_id": visit},
            "/scheduling/api/v1/interviews/information",
            {"visit_id": visit},
            until_granted=True,
        )
        await self._hold(started["id"])

    async def _guidance(self, centre: str) -> None:
        """Guidance: registration, path, guidance interview, plan and referral."""
        visit = await self._check_in(centre)
        if visit is None:
            return
        details = {
            "given_name": "Prénom",
            "family_name": f"Démonstration {uuid4().hex}",
            "purposes": ["guidance", "plan", "referral"],
        }
        registered = await self._request(
            "register",
            "cefo.intake.visit-identified.v1",
            {"visit_id": visit["id"]},
            f"/intake/api/v1/visits/{visit['id']}/visitor",
            details,
        )
        person = registered["subject_ref"]
        path = await self._request(
            "open a path",
            "cefo.scheduling.path-opened.v1",
            {"subject_ref": person},
            "/scheduling/api/v1/paths",
            {"subject_ref": person, "centre": centre, "area": self._dice.choice(AREAS)},
            until_granted=True,
        )
        await self._hold((await self._book(path["id"]))["id"])
        await self._plan(await self._plan_of(centre, person))

    async def _book(self, path: str) -> dict[str, Any]:
        """Book an hour with a counsellor; if that is refused, with another one."""
        booking = {"path_id": path, "starts_at": next_working_day().isoformat(), "minutes": 60}
        for counsellor in self._dice.sample(COUNSELLORS, 2):
            with contextlib.suppress(GaveUp):
                return await self._request(
                    "book",
                    "cefo.scheduling.interview-booked.v1",
                    {"path_id": path, "counsellor": counsellor},
                    "/scheduling/api/v1/interviews",
                    booking | {"counsellor": counsellor},
                )
        raise GaveUp

    async def _hold(self, interview: str) -> None:
        await self._request(
            "hold",
            "cefo.scheduling.interview-held.v1",
            {"interview_id": interview},
            f"/scheduling/api/v1/interviews/{interview}/hold",
        )

    async def _plan_of(self, centre: str, person: str) -> dict[str, Any]:
        """A person's plan, once plans has processed the event of their first held interview."""

        async def look() -> dict[str, Any] | None:
            lines: list[dict[str, Any]] = await self._get(f"/plans/api/v1/plans?centre={centre}&limit=200") or []
            theirs = (line["id"] for line in lines if line["subject_ref"] == person)
            return await self._get(f"/plans/api/v1/plans/{id}") if (id := next(theirs, None)) else None

        return await self._poll(look)

    async def _plan(self, plan: dict[str, Any]) -> None:
        """A goal, a track, an action that needs a provider; then the provider completes the referral."""
        base, id = f"/plans/api/v1/plans/{plan['id']}", plan["id"]
        event = "cefo.plans.{}.v1".format
        goal = {"text": "Démonstration", "version": plan["version"]}
        made = await self._request("set a goal", event("goal-set"), {"plan_id": id}, f"{base}/goals", goal)
        track = {"goal_id": made["id"], "title": "Se former", "version": plan["version"] + 1}
        made = await self._request(
            "open a track", event("action-track-opened"), {"plan_id": id}, f"{base}/tracks", track
        )
        action = {
            "track_id": made["id"],
            "title": "S'inscrire",
            "needs_provider": True,
            "service_id": IFAPME_SERVICE,
            "reason": "training",
            "version": plan["version"] + 2,
        }
        await self._request("plan an action", event("action-planned"), {"plan_id": id}, f"{base}/actions", action)
        await self._complete_referral(plan)

    async def _complete_referral(self, plan: dict[str, Any]) -> None:
        centre, person = plan["centre"], plan["subject_ref"]

        async def look() -> str | None:
            page: dict[str, Any] = await self._get(f"/directory/api/v1/referrals?centre={centre}&limit=200") or {}
            referrals: list[dict[str, Any]] = page.get("contents", [])
            return next((one["id"] for one in referrals if one["subject_ref"] == person), None)

        referral = await self._poll(look)
        for status in ("received", "accepted", "in-progress", "completed"):
            await self._request(
                f"referral {status}",
                "cefo.directory.referral-progressed.v1",
                {"referral_id": referral, "status": status},
                f"/directory/api/v1/referrals/{referral}/progress",
                {"status": status},
                token=self._tokens.provider,
            )

    async def _invalid_requests(self, centre: str) -> None:
        """Requests that must be refused and have no effect."""
        visit = await self._check_in(centre)
        if visit is None:
            return
        other: dict[str, Any] = {"centre": centre, "at": self._unique_time(), "queue": False}
        id = visit["id"]
        request = ("cefo.intake.visit-checked-in.v1", {"at": other["at"]}, f"/intake/api/v1/visits/{id}")
        with contextlib.suppress(GaveUp):
            await self._request("check in otherwise under the same id", *request, other, method="PUT")
        nowhere: dict[str, Any] = {"centre": "atlantis", "at": self._unique_time()}
        request = ("cefo.intake.visit-checked-in.v1", {"at": nowhere["at"]}, f"/intake/api/v1/visits/{uuid4()}")
        with contextlib.suppress(GaveUp):
            await self._request("check in at an unknown centre", *request, nowhere, method="PUT")
        finish = ("cefo.intake.visit-served.v1", {"visit_id": id}, f"/intake/api/v1/visits/{id}/finish")
        with contextlib.suppress(GaveUp):
            await self._request("finish what never began", *finish)

    async def _desk_software(self, centre: str) -> None:
        """A front desk's own software publishes a check-in on Kafka; sometimes it publishes it twice."""
        if self._publisher is None:
            return
        visit, at = str(self._uuid()), self._unique_time()
        check_in = {"visit_id": visit, "centre": centre, "area": None, "channel": "desk", "at": at, "queue": True}
        event = desk_check_in(check_in, id=str(self._uuid()), source=f"/desk/{centre}")
        for _ in range(1 + (self._dice.random() < 0.3)):
            number = self._history.record_request(
                "check in by Kafka", "cefo.intake.visit-checked-in.v1", {"visit_id": visit}
            )
            arrived = await self._publisher.publish(
                "cefo.desk.check-ins", visit.encode(), *event, outcome=Outcome.EVENT
            )
            self._history.record_answer(number, Answer.OK if arrived else Answer.UNKNOWN)

    async def _check_in(self, centre: str) -> dict[str, Any] | None:
        """A check-in with an id of the desk, or with an idempotency key."""
        body: dict[str, Any] = {"centre": centre, "area": self._dice.choice(AREAS), "at": self._unique_time()}
        body["queue"] = self._dice.random() < 0.9
        request = ("check in", "cefo.intake.visit-checked-in.v1", {"at": body["at"]})
        if self._dice.random() < 0.5:
            return await self._request(*request, f"/intake/api/v1/visits/{self._uuid()}", body, method="PUT")
        return await self._request(*request, "/intake/api/v1/visits", body, key=str(self._uuid()))

    async def _call(self, visit: dict[str, Any]) -> None:
        await self._request(
            "call",
            "cefo.intake.visit-called.v1",
            {"visit_id": visit["id"]},
            f"/intake/api/v1/visits/{visit['id']}/call",
            {"desk": "desk-1", "version": visit["version"]},
        )

    # The requests

    async def _request(
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
        """Send a request, retrying without an answer. Returns the JSON of a granted one; raises `GaveUp` otherwise.

        `until_granted`: retry refusals too, until the service has processed the events that the request depends on.
        """
        headers = {"Authorization": f"Bearer {token or self._tokens.team}"} | ({"Idempotency-Key": key} if key else {})
        for _ in range(80 if until_granted else 12):
            number = self._history.record_request(what, event, match)
            try:
                answer = await self._client.request(method, path, json=body or {}, headers=headers)
            except httpx2.HTTPError:
                self._history.record_answer(number, Answer.UNKNOWN)
            else:
                outcome = _answer(answer.status_code)
                self._history.record_answer(number, outcome, answer.status_code)
                if outcome is Answer.OK:
                    return answer.json()
                if outcome is Answer.REFUSED and not until_granted:
                    raise GaveUp
            await asyncio.sleep(RETRY_DELAY)
        raise GaveUp

    async def _get(self, path: str) -> Any:
        """The JSON of a page; None without an answer or if refused."""
        headers = {"Authorization": f"Bearer {self._tokens.team}"}
        with contextlib.suppress(httpx2.HTTPError):
            answer = await self._client.get(path, headers=headers)
            return answer.json() if answer.status_code == 200 else None
        return None

    async def _poll(self, look: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(80):
            if found := await look():
                return found
            await asyncio.sleep(RETRY_DELAY)
        raise GaveUp

    def _unique_time(self) -> str:
        """A time a minute ago that no other request has: it identifies the effect of this one."""
        self._last = max(self._last + timedelta(microseconds=1), datetime.now(UTC))
        return (self._last - timedelta(minutes=1)).isoformat()

    def _uuid(self) -> UUID:
        return UUID(int=self._dice.getrandbits(128), version=4)


class GaveUp(Exception):
    """A request was refused, or was not answered for too long: the session ends."""


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


def desk_check_in(check_in: dict[str, Any], *, id: str, source: str) -> tuple[Headers, bytes]:
    """Headers and value of a check-in as a front desk's own software publishes it: CloudEvents 1.0, binary mode."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": id,
        "ce_source": source,
        "ce_type": "cefo.desk.check-in.v1",
        "ce_subject": check_in["visit_id"],
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in attributes.items()], orjson.dumps(check_in)
