"""The numbers of events: in epochs that never come again."""

from datetime import UTC, datetime

import pytest

from services.chassis.testing import record_of
from services.contracts.cloudevents import UnreadableEvent, read_event
from services.contracts.plans import PlansPurged
from services.contracts.sequences import EPOCH, NumbersUsedUp, epoch_at, next_sequence

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_numbers_count_on_within_an_epoch_and_begin_again_in_the_next() -> None:
    assert [next_sequence(last, 0) for last in (0, 1, 7)] == [1, 2, 8]
    assert [next_sequence(last, 3) for last in (0, 7, 2 * EPOCH + 9, 3 * EPOCH + 1)] == [
        3 * EPOCH + 1,
        3 * EPOCH + 1,
        3 * EPOCH + 1,
        3 * EPOCH + 2,
    ]


def test_an_epoch_has_no_numbers_of_the_next() -> None:
    with pytest.raises(NumbersUsedUp):
        next_sequence(EPOCH - 1, 0)


def test_an_epoch_is_later_than_all_that_are_known_also_when_the_clock_is_wrong() -> None:
    now = epoch_at(NOON, known=0)
    assert now > 5_000_000
    assert epoch_at(NOON, known=now) == now + 1
    assert epoch_at(datetime(1970, 1, 1, tzinfo=UTC), known=2) == 3


@pytest.mark.parametrize("previous", [b"4", b"x", b"-1", b"1.5"])
def test_no_event_follows_a_later_one(previous: bytes) -> None:
    event = PlansPurged.model_validate({"subject_ref": "00000000-0000-4000-8000-000000000001", "at": NOON})
    record = record_of(event, 4)
    with pytest.raises(UnreadableEvent, match=r"previous|sequence"):
        read_event(record._replace(headers=[*record.headers, ("ce_previous", previous)]))
