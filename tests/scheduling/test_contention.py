"""Many who want the same few times at once, over the API, on both stores."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.contracts.scheduling import InterviewBooked, Method
from services.scheduling.app import SERVICE
from services.scheduling.store import GuidancePath
from tests.givens.events import emitted_events
from tests.givens.rows import count
from tests.givens.scheduling import COUNSELLOR, LIEGE, MONDAY, NADIA, TOM, Visitor, liege, liege_team, react
from tests.parts.stores import BOTH
from tests.scheduling.test_api import API

ATTEMPTS, AT_ONCE = 1_000, 50
TUESDAY = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
WANTED = [(counsellor, TUESDAY + timedelta(hours=hour)) for counsellor in (NADIA, TOM) for hour in (0, 1, 2, 4, 5)]
"""Ten slots of an hour: three before noon and two after it, with two counsellors."""


@pytest.fixture(params=BOTH)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Client]:
    settings = quiet_settings(tmp_path)
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        await server.create_database("cefo_scheduling")
        settings = quiet_settings(tmp_path, store=server.url("").rstrip("/"))
    async with client_of(SERVICE, tmp_path, person=COUNSELLOR, clock=FixedClock(MONDAY), settings=settings) as client:
        await react(client.store, [liege(), *liege_team()])
        yield client


async def open_paths(desk: Client) -> list[UUID]:
    """An individual path for each attempt, each of another person."""
    people = [Visitor() for _ in range(ATTEMPTS)]
    await react(desk.store, [one.registered() for one in people], in_one_batch=True)
    ids = [uuid4() for _ in people]
    async with desk.store.work() as work:
        for id, person in zip(ids, people, strict=True):
            work.add(
                GuidancePath(
                    id=id,
                    correlation_id=uuid4(),
                    subject_ref=person.subject_ref,
                    centre=LIEGE,
                    method=Method.INDIVIDUAL.value,
                    opened_at=MONDAY,
                )
            )
    return ids


async def test_a_thousand_attempts_on_ten_slots_give_ten_bookings_and_clear_answers(desk: Client) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def attempt(number: int, path: UUID) -> tuple[int, Any]:
        counsellor, starts_at = WANTED[number % len(WANTED)]
        body = {"path_id": str(path), "counsellor": counsellor, "starts_at": starts_at.isoformat(), "minutes": 60}
        async with places:
            for _ in range(20):  # on a busy machine, too many wait for a connection; the answer says to try again
                answer = await desk.post(f"{API}/interviews", json=body)
                if answer.status_code != 503:
                    return answer.status_code, answer.json()
        raise AssertionError("twenty times the store had no connection")

    paths = await open_paths(desk)
    answers = await asyncio.gather(*(attempt(number, path) for number, path in enumerate(paths)))
    won = [body for status, body in answers if status == 201]
    assert sorted((one["counsellor"], datetime.fromisoformat(one["starts_at"])) for one in won) == WANTED
    assert await count(desk.store, "interviews") == len(WANTED)
    assert await count(desk.store, "quarter_hours") == len(WANTED) * 4 * 2
    assert len(await emitted_events(desk.store, InterviewBooked)) == len(WANTED)
    for number, (status, body) in enumerate(answers):
        if status == 201:
            continue
        (fault,) = body["errors"]
        assert (status, fault["rule"]) == (409, "overlap"), body
        counsellor, starts_at = WANTED[number % len(WANTED)]
        offered = [(one["counsellor"], datetime.fromisoformat(one["starts_at"])) for one in fault["next_free"]]
        assert [one for one, _at in offered] == [counsellor] * 3
        assert starts_at < offered[0][1] < offered[1][1] < offered[2][1]
    # What the last ones were offered is free.
    offer = answers[-1][1]["errors"][0]["next_free"][0]
    status, made = await attempt_of(desk, paths[-1], offer)
    assert (status, made["counsellor"]) == (201, offer["counsellor"])


async def attempt_of(desk: Client, path: UUID, offer: dict[str, Any]) -> tuple[int, Any]:
    body = {"path_id": str(path), "counsellor": offer["counsellor"], "starts_at": offer["starts_at"], "minutes": 60}
    answer = await desk.post(f"{API}/interviews", json=body)
    return answer.status_code, answer.json()
