"""A background job: again and again, whatever goes wrong, until its service stops."""

import asyncio
from dataclasses import replace
from pathlib import Path

from services.chassis.brokers import broker_of
from services.chassis.runtime.live import Live
from services.chassis.service.definition import Runtime
from services.chassis.service.jobs import Job
from services.chassis.testing import FixedClock, quiet_settings
from tests.chassis import sample_service


class Pauses:
    """Pauses that end at once, and cancel after so many."""

    def __init__(self, enough: int) -> None:
        self.taken: list[float] = []
        self._enough = enough

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        if len(self.taken) == self._enough:
            raise asyncio.CancelledError


async def test_a_round_continues_while_there_is_more_and_then_pauses() -> None:
    left = [True, True, False, False]
    rounds: list[str] = []

    async def act() -> bool:
        rounds.append("acted")
        return left.pop(0)

    pauses = Pauses(enough=2)
    await asyncio.gather(Job("tidy", act, 60).run("notes", pauses), return_exceptions=True)
    assert len(rounds) == 4
    assert pauses.taken == [60, 60]


async def test_a_round_that_fails_is_tried_again_after_the_pause() -> None:
    rounds: list[str] = []

    async def act() -> bool:
        rounds.append("tried")
        if len(rounds) == 1:
            raise ZeroDivisionError("a fault of ours")
        if len(rounds) == 2:
            raise ConnectionRefusedError("the store is away")
        return False

    pauses = Pauses(enough=3)
    await asyncio.gather(Job("tidy", act, 7).run("notes", pauses), return_exceptions=True)
    assert len(rounds) == 3
    assert pauses.taken == [7, 7, 7]


async def test_a_job_begins_with_its_service_and_ends_with_it(tmp_path: Path) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def act() -> bool:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return False

    def jobs(_: Runtime) -> list[Job]:
        return [Job("tidy", act, 60)]

    settings = quiet_settings(tmp_path)
    service = replace(sample_service.service(tmp_path), jobs=jobs)
    running = Runtime(service, settings, broker_of(settings), Live(None), FixedClock())
    (tmp_path / "stores").mkdir(exist_ok=True)
    await running.start()
    async with asyncio.timeout(30):
        await began.wait()
        assert (await running.ready())["relay"], "a background job is no part of being ready"
        await running.stop()
    assert ended.is_set()
