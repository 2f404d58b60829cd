"""An empty parameter of an address counts as missing."""

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
    ],
)
def test_only_what_has_a_value_is_read(query: bytes, kept: bytes) -> None:
    assert without_blanks(query) == kept
