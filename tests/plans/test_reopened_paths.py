"""The plan of a path that was given up and reopened is open again, in whatever order its events arrive."""

from itertools import permutations

import pytest

from services.chassis.storage.store import Store
from services.contracts.intake import SubjectErased
from services.contracts.scheduling import Method, PathOutcome
from services.plans.domain import Stage
from services.plans.store import Path, plans_of_centre
from tests.givens.plans import MARCH, MONS, Adult, react
from tests.givens.rows import rows_of

GIVEN_UP = PathOutcome.GIVEN_UP


async def stage_of(store: Store, adult: Adult) -> Stage:
    async with store.read() as session:
        shown = {
            stage: [plan.id for plan in await plans_of_centre(session, MONS, stage=stage)]
            for stage in (Stage.OPEN, Stage.STOPPED)
        }
    (found,) = [stage for stage, ids in shown.items() if adult.plan_id in ids]
    return found


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_reopened_path_has_an_open_plan(store: Store, order: tuple[int, ...]) -> None:
    adult = Adult(Method.INDIVIDUAL)
    facts = [adult.interview(1), adult.path_closed(GIVEN_UP), adult.path_reopened(1)]
    await react(store, [adult.path_opened(), *(facts[nth] for nth in order)])
    assert await stage_of(store, adult) is Stage.OPEN


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_one_that_ends_once_more_has_a_stopped_plan(store: Store, order: tuple[int, ...]) -> None:
    adult = Adult(Method.INDIVIDUAL)
    facts = [adult.path_closed(GIVEN_UP), adult.path_reopened(1), adult.path_closed(GIVEN_UP, 2)]
    await react(store, [adult.path_opened(), adult.interview(1), *(facts[nth] for nth in order)])
    assert await stage_of(store, adult) is Stage.STOPPED


async def test_an_erased_path_says_nothing_of_it(store: Store) -> None:
    adult = Adult(Method.INDIVIDUAL)
    await react(store, [adult.path_opened(), adult.path_closed(GIVEN_UP), adult.path_reopened(1)])
    await react(store, [SubjectErased(subject_ref=adult.subject_ref, at=MARCH), adult.path_reopened(2)])
    (path,) = await rows_of(store, Path)
    assert (path.erased, path.reopened_at) == (True, None)
