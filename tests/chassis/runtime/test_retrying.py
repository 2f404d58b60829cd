"""A task that is kept running: pauses between failures, which failures are logged, and how it ends."""

import asyncio

import pytest
from structlog.testing import capture_logs

from services.chassis.runtime import retrying
from services.chassis.runtime.retrying import keep_running


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause, none of which lasts."""
    taken: list[float] = []
    sleep = asyncio.sleep

    async def at_once(seconds: float) -> None:
        taken.append(round(seconds, 2))
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    return taken


class Step:
    """Fails with each of these errors in turn, or ends for None; then it is cancelled."""

    def __init__(self, *ends: BaseException | None) -> None:
        self.ends = list(ends)

    async def __call__(self) -> None:
        if not self.ends:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.Event().wait()
        if error := self.ends.pop(0):
            raise error


async def run(step: Step) -> list[str]:
    """The logged events until the step is cancelled."""
    with capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(
            keep_running(step, "relay", expected=lambda error: isinstance(error, ConnectionError))
        )
    return [f"{line['event']}: {line['task']}" for line in lines if "task" in line]


async def test_pauses_grow_to_two_seconds_while_it_fails(pauses: list[float]) -> None:
    assert await run(Step(*[ConnectionError()] * 7)) == []
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


async def test_an_end_without_failure_is_followed_by_the_shortest_pause(pauses: list[float]) -> None:
    await run(Step(ConnectionError(), ConnectionError(), None, ConnectionError()))
    assert pauses == [0.1, 0.2, 0.1, 0.1]


async def test_only_an_unexpected_failure_is_logged_with_its_traceback(pauses: list[float]) -> None:
    assert await run(Step(ConnectionError(), ZeroDivisionError())) == ["task failed: relay"]
    assert len(pauses) == 2


async def test_a_cancellation_that_is_not_the_callers_is_a_failure_like_others(pauses: list[float]) -> None:
    assert await run(Step(asyncio.CancelledError(), ConnectionError())) == ["task failed: relay"]
    assert len(pauses) == 2


async def test_after_a_steady_time_the_pauses_start_over(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step(ConnectionError(), ConnectionError(), ConnectionError(), ConnectionError())
    assert await run(step) == []
    monkeypatch.setattr(retrying, "STEADY", 0.0)
    pauses.clear()
    step = Step(ConnectionError(), ConnectionError(), ConnectionError())
    assert await run(step) == ["task interrupted: relay"] * 3
    assert pauses == [0.1, 0.1, 0.1]
