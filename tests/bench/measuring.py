"""Rounds, medians and ratios."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Better = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a measurement: rounds, and full or small. Small sizes are for trials, not for figures."""

    rounds: int = 5
    small: bool = False

    def of(self, full: int, small: int) -> int:
        """The full number, or the small one."""
        return small if self.small else full


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: medians, with the lowest and highest value."""

    key: str
    measure: str
    unit: str
    ours: float
    ours_spread: tuple[float, float]
    comparator: float | None
    comparator_spread: tuple[float, float] | None
    against: str
    ratio: float | None
    target: str
    met: bool
    rounds: int

    def as_json(self) -> dict[str, Any]:
        """The row as in bench.json."""
        return asdict(self)


def row(
    key: str,
    measure: str,
    unit: str,
    *,
    ours: list[float],
    comparator: list[float] | None = None,
    against: str = "–",
    target: float,
    better: Better = "at least",
    absolute: bool = False,
) -> Row:
    """The row of these rounds. `target` bounds the ratio of the medians, or with `absolute` our own median."""
    own, other = median(ours), median(comparator) if comparator else None
    ratio = own / other if other else None
    measured = own if absolute or ratio is None else ratio
    return Row(
        key=key,
        measure=measure,
        unit=unit,
        ours=own,
        ours_spread=(min(ours), max(ours)),
        comparator=other,
        comparator_spread=(min(comparator), max(comparator)) if comparator else None,
        against=against,
        ratio=ratio,
        target=f"{'≥' if better == 'at least' else '≤'} {target:g} {unit if absolute else '×'}",
        met=measured >= target if better == "at least" else measured <= target,
        rounds=len(ours),
    )


async def in_turns(
    rounds: int, ours: Callable[[], Awaitable[float]], comparator: Callable[[], Awaitable[float]]
) -> tuple[list[float], list[float]]:
    """Run ours and the comparator in turn, so that other load of the machine affects both."""
    own, other = list[float](), list[float]()
    for _ in range(rounds):
        own.append(await ours())
        other.append(await comparator())
    return own, other
