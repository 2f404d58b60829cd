"""Kills at random moments. The same seed makes the same plan, so that a failed run can be repeated."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.platforms import Platform, kill, restart


@dataclass(frozen=True, slots=True)
class Strike:
    """Kills of one process, one or several in a row."""

    name: str
    after: tuple[float, ...]
    """Seconds before the first kill, of a ready process; then from each start to the next kill, ready or not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds of strikes. Those of a round are concurrent; then all processes are restarted."""

    rounds: tuple[tuple[Strike, ...], ...]

    @property
    def kills(self) -> int:
        """How many kills there are in all."""
        return sum(len(strike.after) for round in self.rounds for strike in round)

    @classmethod
    def of(cls, seed: int, names: Sequence[str], kills: int) -> "Plan":
        """A plan of so many kills, spread over these processes at random."""
        dice = random.Random(seed)
        rounds: list[tuple[Strike, ...]] = []
        left = kills
        while left > 0:
            victims = dice.sample(list(names), dice.randint((len(names) + 1) // 2, len(names)))
            strikes: list[Strike] = []
            for name in victims:
                times = min(left, dice.choice((1, 1, 2, 3)))
                if times:
                    # A start takes one to three seconds: some of the later kills hit it, some come just after it.
                    again = tuple(dice.uniform(0.3, 3.5) for _ in range(times - 1))
                    strikes.append(Strike(name, (dice.uniform(0.1, 1.5), *again)))
                    left -= times
            rounds.append(tuple(strikes))
        return cls(tuple(rounds))


async def execute(plan: Plan, platform: Platform) -> int:
    """Kill as planned and restart after each round. Returns the number of kills, each of a running process."""
    done = 0
    for strikes in plan.rounds:
        done += sum(await asyncio.gather(*(_strike(platform, strike) for strike in strikes)))
        await restart(platform, *(strike.name for strike in strikes))
    return done


async def _strike(platform: Platform, strike: Strike) -> int:
    for number, seconds in enumerate(strike.after):
        if number:
            platform.start(strike.name)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(kill, platform, strike.name)
    return len(strike.after)
