"""Whether the topics still hold every event that was processed, before a read model is emptied."""

import pytest
from aiokafka import TopicPartition

from services.chassis.events.completeness import HistoryMissing, check_history, retained_by_topic

VISITS, CENTRES = "cefo.intake.visits", "cefo.directory.centres"


def test_every_event_must_still_be_readable() -> None:
    check_history({"/intake": (5, 2)}, {VISITS: 5})
    check_history({"/intake": (5, 2)}, {VISITS: 6})
    with pytest.raises(HistoryMissing) as refused:
        check_history({"/intake": (5, 2)}, {VISITS: 4})
    assert list(refused.value.values.values()) == ["/intake", 5, 4]


def test_of_a_compacted_topic_one_event_of_each_aggregate_is_enough() -> None:
    check_history({"/directory": (9, 2)}, {CENTRES: 2})
    with pytest.raises(HistoryMissing):
        check_history({"/directory": (9, 2)}, {CENTRES: 1})


def test_a_source_whose_topics_are_gone_is_refused() -> None:
    with pytest.raises(HistoryMissing):
        check_history({"/intake": (1, 1)}, {})


def test_records_are_counted_from_the_first_that_the_broker_still_holds() -> None:
    retained = {
        TopicPartition(VISITS, 0): (3, 10),
        TopicPartition(VISITS, 1): (0, 2),
        TopicPartition(CENTRES, 0): (4, 4),
    }
    assert retained_by_topic(retained) == {VISITS: 9, CENTRES: 0}
