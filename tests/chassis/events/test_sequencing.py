"""The order of events, without a store: which are due, held, or repeated."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.events.sequencing import HeldEvent, Position, SequenceTracker, inbox_key, position_of
from services.chassis.testing import record_of
from services.contracts.cloudevents import IncomingEvent, read_event
from services.contracts.directory import ProviderPublished
from services.contracts.plans import PlansPurged
from services.contracts.sequences import EPOCH

ANNA = uuid4()
PLANS = ("/plans", str(ANNA))


def incoming(sequence: int) -> IncomingEvent:
    event = PlansPurged.model_validate({"subject_ref": ANNA, "at": "2026-03-02T09:00:00Z"})
    return read_event(record_of(event, sequence))


def test_an_event_is_next_repeated_or_ahead() -> None:
    assert position_of(incoming(1), None) is Position.NEXT
    assert position_of(incoming(2), None) is Position.AHEAD
    assert [position_of(incoming(number), 3) for number in (1, 3, 4, 5)] == [
        Position.REPEATED,
        Position.REPEATED,
        Position.NEXT,
        Position.AHEAD,
    ]


def test_events_of_a_compacted_topic_may_skip_numbers() -> None:
    event = ProviderPublished(organization_id=uuid4(), name="IFAPME", services=(), assured_date=None)
    latest = read_event(record_of(event, 7))
    assert position_of(latest, 3) is Position.NEXT
    assert position_of(latest, 7) is Position.REPEATED


@given(st.lists(st.integers(1, 8), max_size=30))
def test_each_event_is_due_once_in_order_and_as_early_as_possible(arriving: list[int]) -> None:
    order, due, seen = SequenceTracker({}, {}), list[int](), set[int]()
    for number in arriving:
        due += [one.sequence or 0 for one in order.admit(incoming(number))[1]]
        seen.add(number)
        unbroken = next(n for n in range(1, 10) if n not in seen)
        assert due == list(range(1, unbroken))
        assert [one.sequence for one in order.newly_held] == sorted(n for n in seen if n > unbroken)
    assert order.positions.get(PLANS, 0) == len(due)


def test_held_events_are_released_and_discarded_ones_passed_over() -> None:
    second, third, again = uuid4(), uuid4(), uuid4()
    kept = [
        HeldEvent(3, 2, third, incoming(3)),
        HeldEvent(2, 1, second, None),
        HeldEvent(3, 2, again, incoming(3)),
        HeldEvent(5, 4, None, incoming(5)),
    ]
    order = SequenceTracker({}, {PLANS: kept})
    assert [one.sequence for one in order.admit(incoming(1))[1]] == [1, 3]
    assert set(order.released) == {third, again}
    assert order.positions == {PLANS: 3}


def test_events_without_numbers_are_known_by_their_id() -> None:
    uncounted = incoming(1)
    headers = [header for header in uncounted.record.headers if header[0] != "ce_cefosequence"]
    one = read_event(uncounted.record._replace(headers=headers))
    assert inbox_key(one) == ("/plans", f"#{one.id}")
    order = SequenceTracker({}, {})
    assert order.admit(one)[0] is Position.NEXT
    assert order.admit(one)[0] is Position.REPEATED


def begins_epoch(previous: int, sequence: int = EPOCH + 1) -> IncomingEvent:
    """The first event of Anna in an epoch."""
    one = incoming(sequence)
    return read_event(one.record._replace(headers=[*one.record.headers, ("ce_previous", b"%d" % previous)]))


def test_the_first_event_of_an_epoch_follows_what_its_store_had() -> None:
    first = begins_epoch(previous=3)
    assert [position_of(first, last) for last in (2, 3, 7, EPOCH + 1)] == [
        Position.AHEAD,
        Position.NEXT,
        Position.NEXT,
        Position.REPEATED,
    ]
    assert position_of(incoming(8), EPOCH + 1) is Position.REPEATED


def test_the_first_event_of_an_epoch_waits_for_what_an_operator_has_to_decide() -> None:
    dead = HeldEvent(6, 5, uuid4(), None, undecided=True)
    order = SequenceTracker({PLANS: 5}, {PLANS: [dead, HeldEvent(7, 6, uuid4(), incoming(7))]})
    assert order.admit(begins_epoch(previous=5)) == (Position.AHEAD, [])
    assert [one.sequence for one in order.advance(PLANS, 6)] == [7, EPOCH + 1]


def test_a_discarded_event_of_an_older_epoch_is_passed_over() -> None:
    gone = HeldEvent(7, 6, uuid4(), None)
    order = SequenceTracker({PLANS: 5}, {PLANS: [gone, HeldEvent(EPOCH + 1, 5, uuid4(), begins_epoch(5))]})
    assert [one.sequence for one in order.pass_over(PLANS, 7)] == [EPOCH + 1]
