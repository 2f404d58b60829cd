from aiokafka.partitioner import murmur2  # pyright: ignore[reportUnknownVariableType]
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.broker import hashed


@given(st.binary(max_size=60))
def test_a_key_goes_to_the_partition_that_every_client_chooses(key: bytes) -> None:
    assert hashed(key) == murmur2(key) & 0x7FFFFFFF
