"""Published free/busy times (VFREEBUSY), in a calendar beside entries: what is busy, and texts that cannot be read."""

import pytest

from services.chassis.calendars import reading
from services.chassis.calendars.reading import read_busy
from tests.chassis.calendars.test_reading import BRUSSELS, END, MARCH, START, as_words, busy, calendar, why


def free_busy(*lines: str) -> bytes:
    """A published free/busy time, between an entry of 10 March and the end of the calendar."""
    block = "\r\n".join(["BEGIN:VFREEBUSY", "UID:f@other.example", "DTSTART:gestern", *lines, "END:VFREEBUSY", ""])
    return calendar(MARCH).replace(b"END:VCALENDAR", block.encode() + b"END:VCALENDAR")


def test_a_free_busy_time_is_read_beside_entries() -> None:
    body = free_busy(
        "FREEBUSY;FBTYPE=BUSY:20260311T090000Z/20260311T100000Z, 20260312T090000Z/PT30M",
        "FREEBUSY:20260313T090000Z/P1DT1H30M",
        "freebusy;x-of=a;fbtype=busy-unavailable:20260316T090000Z/2026031",
        " 6T093000Z",
        'FREEBUSY;FBTYPE="BUSY-TENTATIVE":20260317T090000Z/PT90M',
        "FREEBUSY;FBTYPE=X-OTHER:20260318T090000Z/P1W",
        "FREEBUSY;FBTYPE=FREE:20260319T000000Z/P10W",
        "COMMENT:Chez le médecin",
    )
    found = read_busy(body, BRUSSELS, START, END)
    assert found.unread == 0
    assert as_words(found.intervals) == [
        *("10 Mar 10:00–11:00", "11 Mar 10:00–11:00", "12 Mar 10:00–10:30", "13 Mar 10:00–14 Mar 11:30"),
        *("16 Mar 10:00–10:30", "17 Mar 10:00–11:30", "18 Mar 10:00–25 Mar 10:00"),
    ]


def test_periods_are_cut_to_the_span_and_elsewhere_there_are_none() -> None:
    long = read_busy(free_busy("FREEBUSY:20200101T000000Z/20300101T000000Z"), BRUSSELS, START, END)
    assert (START, END) in long.intervals
    over = read_busy(free_busy("FREEBUSY:20250101T000000Z/P1D"), BRUSSELS, START, END)
    assert as_words(over.intervals) == ["10 Mar 10:00–11:00"]
    assert busy((*MARCH, "FREEBUSY:20260311T090000Z/PT1H")) == ["10 Mar 10:00–11:00"]


@pytest.mark.parametrize(
    "period",
    [
        *("gestern", "", "20260311T090000Z", "20260311T090000Z/", "20260311T090000Z/P", "20260311T090000Z/-PT1H"),
        *("20260311T090000/20260311T100000", "20260311T100000Z/20260311T090000Z", "20269911T090000Z/PT1H"),
        *("99991231T090000Z/P9999W", "20260311T090000Z/P99999999999W"),
    ],
)
def test_periods_that_cannot_be_read_are_counted_and_the_others_are_read(period: str) -> None:
    found = read_busy(free_busy(f"FREEBUSY:{period},20260312T090000Z/PT1H"), BRUSSELS, START, END)
    assert (as_words(found.intervals), found.unread) == (["10 Mar 10:00–11:00", "12 Mar 10:00–11:00"], 1)


def test_too_many_free_busy_times_and_periods_are_refused() -> None:
    assert why(free_busy(*["END:VFREEBUSY", "BEGIN:VFREEBUSY"] * reading.MOST_ENTRIES)) == "too-many"
    period = "20260311T090000Z/PT1H"
    assert why(free_busy("FREEBUSY:" + ",".join([period] * (reading.MOST_TIMES + 1)))) == "too-many"
    assert why(free_busy(*[f"FREEBUSY:{period}"] * (reading.MOST_TIMES + 1))) == "too-many"
    assert why(free_busy().replace(b"END:VFREEBUSY\r\n", b"")) == "not-a-calendar"
