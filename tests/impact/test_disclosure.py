"""Nothing below 5 can be read from what is published, nor calculated by a person who knows the rule.

The attack is exhaustive: all worlds are published, and those with the same publication are what an attacker has to
choose from. A number is found out if it is the same in all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.impact.domain import ALL, is_small, protect
from services.impact.domain.disclosure import SMALL, break_down

World = tuple[int, ...]


def found_out(publications: Iterable[tuple[Any, World]]) -> Iterator[tuple[World, tuple[int, ...]]]:
    """Each sum of a world's numbers that is below 5 and the same in all worlds with the same publication."""
    groups = defaultdict[Any, list[World]](list)
    for publication, world in publications:
        groups[publication].append(world)
    for possible in groups.values():
        one = possible[0]
        for number in range(1, len(one) + 1):
            for places in combinations(range(len(one)), number):
                sums = {sum(world[place] for place in places) for world in possible}
                if len(sums) == 1 and is_small(sums.pop()):
                    yield one, places


def by_code(numbers: Sequence[int]) -> dict[str, int]:
    """A part for each number."""
    return {str(place): number for place, number in enumerate(numbers)}


def root(number: int) -> int | None:
    return None if is_small(number) else number


def worlds(places: int, most: int) -> Iterator[World]:
    """All worlds with so many numbers, none below 0, whose sum is at most `most`."""
    if places == 0:
        yield ()
        return
    for first in range(most + 1):
        for rest in worlds(places - 1, most - first):
            yield first, *rest


@pytest.mark.parametrize(("parts", "most"), [(1, 20), (2, 24), (3, 22), (4, 19), (5, 11)])
def test_no_part_of_a_total_and_no_sum_of_parts_is_found_out(parts: int, most: int) -> None:
    publications = (
        ((root(sum(world)), *break_down(root(sum(world)), by_code(world)).values()), world)
        for world in worlds(parts, most)
    )
    assert list(found_out(publications)) == []


@pytest.mark.parametrize(("centres", "areas", "most"), [(2, 1, 20), (2, 2, 20), (3, 2, 11), (2, 3, 11)])
def test_no_area_of_a_centre_is_found_out_over_all_levels(centres: int, areas: int, most: int) -> None:
    names, needs = "abc"[:centres], "xyz"[:areas]
    cells = list(product(names, needs))
    publications = (
        (frozenset(protect(dict(zip(cells, world, strict=True)), names, needs).items()), world)
        for world in worlds(len(cells), most)
    )
    assert list(found_out(publications)) == []


def test_the_attack_finds_what_withholding_small_numbers_alone_would_give_away() -> None:
    """Without its second rule, the total and the other parts give away a single small part."""
    publications = ((*(None if is_small(part) else part for part in world), sum(world)) for world in worlds(3, 12))
    assert ((5, 5, 1), (2,)) in list(found_out(zip(publications, worlds(3, 12), strict=True)))


PARTS = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 3000)), min_size=1, max_size=12)


@given(PARTS)
def test_two_withheld_parts_can_change_places_and_nothing_else_changes(numbers: Sequence[int]) -> None:
    """This is the proof, at any size: each withheld part may have another's value."""
    parts = by_code(numbers)
    total = sum(numbers)
    shown = break_down(root(total), parts)
    withheld = [part for part, number in shown.items() if number is None]
    assert {part for part, number in parts.items() if is_small(number)} <= set(withheld)
    if not withheld or total <= (SMALL - 1) * len(parts):
        return
    assert len({parts[part] for part in withheld}) >= 2
    assert sum(parts[part] for part in withheld) >= SMALL
    for one, other in combinations(withheld, 2):
        assert break_down(total, parts | {one: parts[other], other: parts[one]}) == shown


@given(PARTS)
def test_what_is_published_is_true_and_no_more_than_needed_is_withheld(numbers: Sequence[int]) -> None:
    parts = by_code(numbers)
    shown = break_down(root(sum(numbers)), parts)
    assert all(number in (None, parts[part]) for part, number in shown.items())
    assert not any(is_small(number) for number in shown.values() if number is not None)
    if not any(map(is_small, numbers)):
        assert shown == parts, "without a small number nothing is withheld"


def test_a_withheld_centre_shows_none_of_its_areas() -> None:
    counts = {("liege", "find-job"): 40, ("liege", ""): 3, ("huy", "find-job"): 2, ("mons", "find-job"): 90}
    published = protect(counts, ["liege", "huy", "mons", "namur"], ["find-job", ""])
    assert published == {
        (ALL, ALL): 135,
        ("liege", ALL): None,
        ("liege", "find-job"): None,
        ("liege", ""): None,
        ("huy", ALL): None,
        ("huy", "find-job"): None,
        ("huy", ""): None,
        ("mons", ALL): 90,
        ("mons", "find-job"): 90,
    }
