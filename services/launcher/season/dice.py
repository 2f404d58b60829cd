"""Seeded randomness with the same draws on every machine and Python version."""

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class WeightedChoice(Generic[T]):
    """Choices with integer weights."""

    def __init__(self, weights: Mapping[T, int]) -> None:
        self.choices = tuple(weights)
        self.steps = tuple(accumulate(weights.values()))


class Dice:
    """A generator seeded by a name of its purpose, so that parts of the season are independent.

    Only `random()` is used: the one method whose sequence for a seed Python promises never to change.
    """

    def __init__(self, *name: str | int) -> None:
        self._random = random.Random("cefo/season/" + "/".join(map(str, name))).random  # noqa: S311  demo data

    def below(self, end: int) -> int:
        """A whole number from 0, `end` excluded."""
        return int(self._random() * end)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def percent(self, chance: int) -> bool:
        """True in `chance` of a hundred cases."""
        return self._random() * 100 < chance

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, with equal probability."""
        return choices[int(self._random() * len(choices))]

    def draw(self, weighted: WeightedChoice[T]) -> T:
        """One of the choices, with a probability by weight."""
        return weighted.choices[bisect_right(weighted.steps, int(self._random() * weighted.steps[-1]))]

    def rotate(self, choices: Sequence[T]) -> list[T]:
        """All of `choices`, in order, starting anywhere."""
        first = self.below(len(choices))
        return [*choices[first:], *choices[:first]]
