"""The bytes of a body as numbered lines, in whatever chunks they come."""

import codecs
import gzip
from collections import deque
from itertools import islice

import pytest

from services.chassis.refusals import Refused
from services.chassis.web.imports.bodies import LINE_LIMIT, BodyLines
from services.chassis.web.imports.faults import DamagedFile, FileTooLarge

TEXT = "id;centre\r\n\r\n1;Liège\r\n2;La Louvière"
LINES = [(1, "id;centre"), (3, "1;Liège"), (4, "2;La Louvière")]


def lines_of(whole: bytes, size: int = 1 << 20, limit: int = 1 << 20) -> list[tuple[int, str]]:
    """The lines of a body in chunks of this size; of one that cannot be read, the rule."""
    body, lines = BodyLines(limit), list[tuple[int, bytes]]()
    for start in range(0, len(whole), size):
        lines += body.of(whole[start : start + size])
    return [(number, text_of(body, line)) for number, line in [*lines, *body.last()]]


def text_of(body: BodyLines, line: bytes) -> str:
    try:
        return body.text_of(line).rstrip("\r")
    except Refused as refused:
        return refused.slug


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "whole",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("cp1252"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace("\r\n", "\r").encode(),
        TEXT.replace("\r\n", "\n").encode(),
    ],
)
def test_a_body_is_read_in_every_encoding_and_in_any_chunks(whole: bytes, packed: bool, size: int) -> None:
    assert lines_of(gzip.compress(whole) if packed else whole, size) == LINES


@pytest.mark.parametrize("whole", [b"", b"\n", b"\xef\xbb\xbf", b"\r", gzip.compress(b"", mtime=0)])
def test_a_body_without_text_has_no_lines(whole: bytes) -> None:
    assert lines_of(whole, 1) == []


def test_one_character_is_a_line() -> None:
    assert lines_of(b"1") == [(1, "1")]


@pytest.mark.parametrize(
    ("whole", "read"),
    [
        (b"a\nLi\xe8ge\n\x81\nb", ["a", "Liège", "encoding", "b"]),
        (b"Li\xc3\xa8ge\nLi\xe8ge\nb", ["Liège", "encoding", "b"]),
        (codecs.BOM_UTF8 + b"Li\xe8ge\nb", ["encoding", "b"]),
        ("é\n".encode("utf-16") + b"\x00\xd8\n\x00b\x00\n\x00", ["é", "encoding", "b"]),
        ("é\nb".encode("utf-16")[:-1], ["é", "encoding"]),
    ],
)
def test_a_line_that_cannot_be_decoded_is_refused_alone(whole: bytes, read: list[str]) -> None:
    assert [line for _, line in lines_of(whole)] == read


def test_files_packed_one_after_the_other_are_one_file() -> None:
    assert lines_of(gzip.compress(b"a\nb") + gzip.compress(b"c\n") + bytes(512), 5) == [(1, "a"), (2, "bc")]


def test_a_small_file_that_unpacks_to_a_large_one_is_refused_at_the_limit() -> None:
    bomb = gzip.compress(b"x\n" * 5_000_000)
    assert len(bomb) < 20_000
    unpacked = BodyLines(limit=1_000_000).of(bomb)
    assert sum(1 for _ in islice(unpacked, 400_000)) == 400_000
    with pytest.raises(FileTooLarge):
        deque(unpacked)


@pytest.mark.parametrize(
    "damaged",
    [
        gzip.compress(TEXT.encode(), mtime=0)[:-6],
        b"\x1f\x8b" + bytes(range(40)),
        gzip.compress(b"a", mtime=0) + b"more",
    ],
)
def test_a_damaged_file_is_refused(damaged: bytes) -> None:
    with pytest.raises(DamagedFile):
        lines_of(damaged, 9)


def test_a_line_past_the_limit_is_cut_and_memory_stays_small() -> None:
    body = BodyLines(1 << 30)
    assert [line for _ in range(50) for line in body.of(b"x" * 10_000)] == []
    assert [(number, len(line)) for number, line in body.of(b"\ny\n")] == [(1, LINE_LIMIT + 1), (2, 1)]
