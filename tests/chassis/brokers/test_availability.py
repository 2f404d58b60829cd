"""Which errors say that the broker or the store is away."""

import pytest
from aiokafka.errors import KafkaConnectionError, NotLeaderForPartitionError
from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.brokers.availability import is_away
from services.chassis.refusals import Refused


@pytest.mark.parametrize(
    "error",
    [
        KafkaConnectionError("gone"),
        NotLeaderForPartitionError(),
        ConnectionResetError(),
        TimeoutError(),
        PoolTimeout("no connection is free"),
        InterfaceError("select 1", None, Exception("closed")),
    ],
)
def test_waiting_may_help(error: Exception) -> None:
    assert is_away(error)


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyError("x"), Refused(), RuntimeError("a fault")])
def test_waiting_does_not_help(error: Exception) -> None:
    assert not is_away(error)
