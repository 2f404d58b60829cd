"""The plans of the nemesis: the requested number of kills, and the same plan for the same seed."""

import pytest

from tests.faults.evidence import SERVICES
from tests.faults.nemesis import Plan


@pytest.mark.parametrize("kills", [1, 7, 300])
def test_a_plan_has_the_requested_number_of_kills(kills: int) -> None:
    for seed in range(50):
        assert Plan.of(seed, SERVICES, kills).kills == kills


def test_the_same_seed_makes_the_same_plan_and_another_seed_another() -> None:
    assert Plan.of(7, SERVICES, 40) == Plan.of(7, SERVICES, 40) != Plan.of(8, SERVICES, 40)


def test_every_process_is_hit_and_some_are_hit_while_they_start() -> None:
    plan = Plan.of(1, SERVICES, 100)
    strikes = [strike for round in plan.rounds for strike in round]
    assert {strike.name for strike in strikes} == set(SERVICES)
    assert {len(strike.after) for strike in strikes} == {1, 2, 3}


def test_no_process_is_struck_twice_in_a_round() -> None:
    for round in Plan.of(3, SERVICES, 200).rounds:
        assert len({strike.name for strike in round}) == len(round)
