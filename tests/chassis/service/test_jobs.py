"""Background jobs: repeated with a pause, after failures too, until their service stops."""

import asyncio

from services.chassis.service.jobs import Job


class Pauses:
    """Pauses that end at once, and cancel after so many."""

    def __init__(self, enough: int) -> None:
        self.taken: list[float] = []
        self._enough = enough

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        if len(self.taken) == self._enough:
            raise asyncio.CancelledError


async def test_rounds_follow_each_other_while_there_is_more_then_pause() -> None:
    left = [True, True, False, False]
    rounds: list[str] = []

    async def act() -> bool:
        rounds.append("acted")
        return left.pop(0)

    pauses = Pauses(enough=2)
    await asyncio.gather(Job("tidy", act, 60).run("notes", pauses), return_exceptions=True)
    assert len(rounds) == 4
    assert pauses.taken == [60, 60]


async def test_a_failed_round_is_retried_after_the_pause() -> None:
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
