"""Which counts of a month are published, so that no number from 1 to 4 can be read or calculated.

The figures of a measure are a tree: all centres, each centre, each area of a centre. `break_down` is the one rule: it
publishes the parts of a published total. docs/decisions/0021-small-numbers.md proves it;
tests/impact/test_disclosure.py attacks it, with every world that gives the same publication.
"""

from collections.abc import Iterable, Mapping

SMALL = 5
"""Numbers from 1 to 4 are not published. 0 is: it is about no one."""

ALL = "*"
"""Instead of a centre: all centres. Instead of an area: all areas, and what was counted without one."""

Cell = tuple[str, str]
"""Centre and area; each may be `ALL`."""
Published = dict[Cell, int | None]
"""The number of each cell, None: withheld. A cell that is missing is 0."""


def is_small(number: int) -> bool:
    """Whether a number is too small to be published."""
    return 0 < number < SMALL


def break_down(total: int | None, parts: Mapping[str, int]) -> dict[str, int | None]:
    """The parts of a total as they are published with it; None: withheld. `parts` has all of them, zeros included.

    Small parts are withheld. If they are all equal or add up to a small number, the next larger value is withheld with
    them. Then the values of the withheld parts can be swapped without any change of what is published, so that each has
    at least two possible values. A total for which every part might be small is not broken down if any part is.
    """
    if total is None:
        return dict.fromkeys(parts)
    small = [number for number in parts.values() if is_small(number)]
    if not small:
        return dict(parts)
    if total <= (SMALL - 1) * len(parts):
        return dict.fromkeys(parts)
    withheld = set(small)
    if len(withheld) == 1 or is_small(sum(small)):
        withheld.add(min(number for number in parts.values() if number >= SMALL))
    return {part: None if number in withheld else number for part, number in parts.items()}


def protect(counts: Mapping[Cell, int], centres: Iterable[str], areas: Iterable[str]) -> Published:
    """What is published of one measure's counts by centre and area.

    `centres` and `areas` are all that there are, with and without counts. `areas` is empty for a measure without areas.
    """
    sums = dict.fromkeys(centres, 0)
    for (centre, _), number in counts.items():
        sums[centre] += number
    whole = sum(sums.values())
    root = None if is_small(whole) else whole
    published: Published = {(ALL, ALL): root}
    areas = tuple(areas)
    for centre, number in break_down(root, sums).items():
        published[centre, ALL] = number
        parts = {area: counts.get((centre, area), 0) for area in areas}
        published |= {(centre, area): part for area, part in break_down(number, parts).items()}
    return {cell: number for cell, number in published.items() if number != 0}
