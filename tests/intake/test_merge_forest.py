"""Aliases are edges of a forest, which is the same again after a restore."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.merging import (
    AlreadyOnePerson,
    MergedWithAnother,
    check_may_merge,
    forest_of,
    replayed,
    root_of,
    tree_of,
)

edges = st.lists(st.tuples(st.sampled_from("ms"), st.integers(0, 5), st.integers(0, 5)), max_size=30)
REFS = [UUID(int=number + 1) for number in range(6)]


@given(edges)
def test_aliases_are_a_forest_and_a_separation_undoes_its_merge_alone(steps: list[tuple[str, int, int]]) -> None:
    into: dict[UUID, UUID] = {}
    for what, one, other in steps:
        alias = REFS[one]
        if what == "s":
            into.pop(alias, None)
            continue
        before, kept = dict(into), root_of(into, REFS[other])
        try:
            wanted = check_may_merge(into, alias, kept)
        except AlreadyOnePerson:
            assert root_of(into, REFS[other]) == alias
            continue
        except MergedWithAnother:
            assert alias in into
            continue
        if wanted:
            into[alias] = kept
            assert {ref: root_of(into, ref) for ref in tree_of(before, alias)} == dict.fromkeys(
                tree_of(before, alias), kept
            )
    roots = {ref: root_of(into, ref) for ref in REFS}
    assert all(roots[root] == root for root in roots.values()), "no cycle, and one level"
    for ref, root in roots.items():
        assert (ref in tree_of(into, root)) is (ref != root)


@given(edges, st.integers(0, 30))
def test_the_events_since_a_backup_give_the_same_forest_again(steps: list[tuple[str, int, int]], backup: int) -> None:
    into, before = dict[UUID, UUID](), dict[UUID, UUID]()
    since: dict[UUID, list[UUID | None]] = {ref: [] for ref in REFS}
    for number, (what, one, other) in enumerate(steps):
        if number == backup:
            before = dict(into)
            since = {ref: [] for ref in REFS}
        alias, kept = REFS[one], root_of(into, REFS[other])
        follow = tree_of(into, alias)
        if what == "s" and into.pop(alias, None) is not None:
            since[alias].append(None)
            kept = alias
        elif what == "m" and alias not in into and alias != kept:
            into[alias] = kept
            since[alias].append(kept)
        else:
            continue
        for ref in follow:
            since[ref].append(kept)
    if len(steps) <= backup:
        before = into
        since = {ref: [] for ref in REFS}
    again = {ref: to for ref in REFS if (to := replayed(before.get(ref), since[ref])) is not None}
    assert again == forest_of(again, REFS) == into


@given(st.dictionaries(st.sampled_from(REFS), st.sampled_from(REFS)), st.sets(st.sampled_from(REFS)))
def test_whatever_the_topic_lost_there_is_no_cycle_and_nobody_unknown(into: dict[UUID, UUID], known: set[UUID]) -> None:
    forest = forest_of(into, known)
    assert {*forest, *forest.values()} <= known
    assert all(root_of(forest, ref) not in forest for ref in forest)
