"""Headers of an outbox row: any bytes a partner put into them come back as they were."""

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.storage.outbox import pack_headers, unpack_headers

HEADERS = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.binary()))


@given(HEADERS)
def test_packed_headers_come_back_as_they_were(headers: list[tuple[str, bytes | None]]) -> None:
    assert unpack_headers(pack_headers(headers)) == headers
