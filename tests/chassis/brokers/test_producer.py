"""Which partition a key goes to."""

from aiokafka import partitioner
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.brokers.producer import murmur2


@given(st.binary(max_size=60))
def test_a_key_goes_to_the_partition_that_every_client_chooses(key: bytes) -> None:
    of_the_client: int = partitioner.murmur2(key)  # pyright: ignore
    assert murmur2(key) == of_the_client & 0x7FFFFFFF
