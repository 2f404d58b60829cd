"""What a service does by itself: again and again, whatever goes wrong, until it stops."""

import asyncio
from dataclasses import replace
from pathlib import Path

from services.chassis.broker import Broker
from services.chassis.live import Live
from services.chassis.periodic import Periodic
from services.chassis.service import Runtime
from services.chassis.testing import FixedClock, quiet_settings
from tests.chassis import sample_service


def runtime(folder: Path, *every: Periodic) -> Runtime:
    settings = quiet_settings(folder)
    service = replace(sample_service.service(folder), every=every)
    return Runtime(service, settings, Broker(settings), Live(None), FixedClock())


class Pauses:
    """Pauses that end at once, and cancel after so many."""

    def __init__(self, enough: int) -> None:
        self.taken: list[float] = []
        self._enough = enough

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        if len(self.taken) == self._enough:
            raise asyncio.CancelledError


async def test_a_round_goes_on_while_there_is_more_and_then_pauses(tmp_path: Path) -> None:
    left = [True, True, False, False]
    acted: list[Runtime] = []

    async def act(running: Runtime) -> bool:
        acted.append(running)
        return left.pop(0)

    pauses = Pauses(enough=2)
    periodic = Periodic("tidy", act, lambda settings: 60)
    running = runtime(tmp_path, periodic)
    await asyncio.gather(periodic.run(running, pauses), return_exceptions=True)
    assert acted == [running] * 4
    assert pauses.taken == [60, 60]
    await running.store.close()


async def test_a_round_that_fails_is_tried_again_after_the_pause(tmp_path: Path) -> None:
    rounds: list[str] = []

    async def act(running: Runtime) -> bool:
        rounds.append("tried")
        if len(rounds) == 1:
            raise ZeroDivisionError("a fault of ours")
        if len(rounds) == 2:
            raise ConnectionRefusedError("the store is away")
        return False

    pauses = Pauses(enough=3)
    periodic = Periodic("tidy", act, lambda settings: settings.round_seconds)
    running = runtime(tmp_path, periodic)
    await asyncio.gather(periodic.run(running, pauses), return_exceptions=True)
    assert len(rounds) == 3
    assert pauses.taken == [running.settings.round_seconds] * 3
    await running.store.close()


async def test_it_begins_with_the_service_and_ends_with_it(tmp_path: Path) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def act(running: Runtime) -> bool:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return False

    running = runtime(tmp_path, Periodic("tidy", act, lambda settings: 60))
    (tmp_path / "stores").mkdir(exist_ok=True)
    await running.start()
    async with asyncio.timeout(30):
        await began.wait()
        assert (await running.ready())["relay"], "what a service does by itself is no part of being ready"
        await running.stop()
    assert ended.is_set()
