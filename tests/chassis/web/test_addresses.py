"""An empty parameter of an address counts as missing, blanks around a value are no part of it."""

import pytest

from services.chassis.web.addresses import without_blanks


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (b"", b""),
        (b"q=&area=find-job", b"area=find-job"),
        (b"q=%20%E2%80%8B&town=+", b""),
        (b"q=0&lang=fr", b"q=0&lang=fr"),
        (b"centre=liege&centre=mons&centre=", b"centre=liege&centre=mons"),
        (b"q=a%00b", b"q=a%00b"),
        (b"q=%ff", b"q=%ff"),
        (b"which=%20today%E2%80%8B&q=a+b", b"which=today&q=a+b"),
        (b"since=2026-03-02T09:00:00+01:00", b"since=2026-03-02T09%3A00%3A00%2B01%3A00"),
        (b"since=2026-03-02T09:00:00%2B01:00&q=9+01:00", b"since=2026-03-02T09:00:00%2B01:00&q=9+01:00"),
    ],
)
def test_only_what_has_a_value_is_read(query: bytes, kept: bytes) -> None:
    assert without_blanks(query) == kept
