"""When calendars of other programs are busy: recurrences, zones, and texts that are written to do harm."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from services.chassis.calendars import reading
from services.chassis.calendars.reading import CalendarRefused, read_busy

BRUSSELS = ZoneInfo("Europe/Brussels")
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MARCH = "DTSTART:20260310T090000Z", "DTEND:20260310T100000Z"
ZONE = (
    *("BEGIN:VTIMEZONE", "TZID:Nos heures", "BEGIN:STANDARD", "DTSTART:19701025T030000"),
    *("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD"),
    *("BEGIN:DAYLIGHT", "DTSTART:19700329T020000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"),
    *("TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:DAYLIGHT", "END:VTIMEZONE"),
)


def calendar(*entries: tuple[str, ...], zone: tuple[str, ...] = ()) -> bytes:
    """A calendar with these entries, each with a UID of its own unless it has one."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//other//EN", *zone]
    for number, entry in enumerate(entries):
        uid = () if any(line.startswith("UID:") for line in entry) else (f"UID:{number}@other.example",)
        lines += ["BEGIN:VEVENT", *uid, *entry, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def busy(*entries: tuple[str, ...], zone: tuple[str, ...] = ()) -> list[str]:
    """In local time of Brussels: `10 Mar 10:00–11:00`, in order."""
    found = read_busy(calendar(*entries, zone=zone), BRUSSELS, START, END)
    assert found.unread == 0
    return as_words(found.intervals)


def as_words(intervals: list[tuple[datetime, datetime]]) -> list[str]:
    local = [(begins.astimezone(BRUSSELS), ends.astimezone(BRUSSELS)) for begins, ends in sorted(intervals)]
    return [
        f"{begins:%d %b %H:%M}–" + (f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends:%d %b %H:%M}")
        for begins, ends in local
    ]


def why(body: bytes) -> str:
    with pytest.raises(CalendarRefused) as refused:
        read_busy(body, BRUSSELS, START, END)
    return refused.value.why.value


def test_one_entry() -> None:
    assert busy(MARCH) == ["10 Mar 10:00–11:00"]


def test_nothing_but_times_reaches_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    real = Calendar.from_ical

    def parse(text: str, multiple: bool) -> object:
        parsed.append(text)
        return real(text, multiple=True)

    monkeypatch.setattr(Calendar, "from_ical", parse)
    words = ("SUMMARY:Chez le médecin", "DESCRIPTION:des détails", " et d’autres", "LOCATION:Rue Haute")
    words = (*words, "ATTENDEE:mailto:ada@example.org")
    alarm = ("BEGIN:VALARM", "DESCRIPTION:médecin", "TRIGGER:-PT10M", "END:VALARM")
    assert busy((*MARCH, *words, *alarm)) == ["10 Mar 10:00–11:00"]
    assert not any(word in parsed[0] for word in ("médecin", "détails", "autres", "Haute", "mailto", "TRIGGER"))


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ((), "DTSTART;TZID=Europe/Brussels:20260326T100000"),
        (ZONE, "DTSTART;TZID=Nos heures:20260326T100000"),
        ((), "DTSTART:20260326T100000"),
    ],
)
def test_a_recurrence_keeps_its_local_time_over_both_changes_of_the_clock(zone: tuple[str, ...], start: str) -> None:
    spring = busy((start, "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"), zone=zone)
    assert spring == ["26 Mar 10:00–11:00", "02 Apr 10:00–11:00", "09 Apr 10:00–11:00"]
    autumn = busy((start.replace("0326", "1022"), "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2"), zone=zone)
    assert autumn == ["22 Oct 10:00–11:00", "29 Oct 10:00–11:00"]


def test_a_recurrence_in_utc_moves_with_the_clock() -> None:
    entry = ("DTSTART:20260326T090000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    assert busy(entry) == ["26 Mar 10:00–11:00", "02 Apr 11:00–12:00"]


def test_a_time_that_is_skipped_in_spring_is_counted_on() -> None:
    assert busy(("DTSTART:20260329T023000", "DTEND:20260329T040000")) == ["29 Mar 03:30–04:00"]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY;INTERVAL=2;UNTIL=20260314T090000Z", "10 12 14"),
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4", "10 12 17 19"),
        ("FREQ=MONTHLY;BYDAY=2TU;UNTIL=20260501T000000Z", "10 14"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", "10 31 30"),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=10", "10"),
    ],
)
def test_recurrences_of_the_standard(rule: str, days: str) -> None:
    assert [one[:2] for one in busy((*MARCH, f"RRULE:{rule}"))][: len(days.split())] == days.split()


def test_days_are_left_out_and_added() -> None:
    entry = (*MARCH, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260311T090000Z", "RDATE:20260320T090000Z")
    assert [one[:2] for one in busy(entry)] == ["10", "12", "20"]


def test_one_of_many_is_moved_cancelled_or_free() -> None:
    many = ("UID:a", *MARCH, "RRULE:FREQ=DAILY;COUNT=4")
    moved = ("UID:a", "RECURRENCE-ID:20260311T090000Z", "DTSTART:20260311T130000Z", "DTEND:20260311T133000Z")
    third, fourth = ([one.replace("0310", day) for one in MARCH] for day in ("0312", "0313"))
    cancelled = ("UID:a", "RECURRENCE-ID:20260312T090000Z", *third, "STATUS:CANCELLED")
    free = ("UID:a", "RECURRENCE-ID:20260313T090000Z", *fourth, "TRANSP:TRANSPARENT")
    assert busy(many, moved, cancelled, free) == ["10 Mar 10:00–11:00", "11 Mar 14:00–14:30"]


def test_days_are_those_of_the_counsellor() -> None:
    assert busy(("DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260330")) == ["28 Mar 00:00–30 Mar 00:00"]
    assert busy(("DTSTART;VALUE=DATE:20260310",)) == ["10 Mar 00:00–11 Mar 00:00"]
    found = read_busy(calendar(("DTSTART;VALUE=DATE:20260329",)), BRUSSELS, START, END)
    assert [ends - begins for begins, ends in found.intervals] == [timedelta(hours=23)]


@pytest.mark.parametrize(
    "word", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "UID:1@cefo", "UID:1@CEFO"]
)
def test_what_is_free_cancelled_or_ours_is_not_busy(word: str) -> None:
    assert busy((*MARCH, word)) == []


def test_a_moment_and_what_is_over_or_far_away_take_no_time() -> None:
    over = ("DTSTART:20251210T090000Z", "DTEND:20251210T100000Z")
    assert busy(("DTSTART:20260310T090000Z",), over, ("DTSTART:20280310T090000Z", "DURATION:PT1H")) == []


def test_a_long_one_is_cut_to_the_span() -> None:
    found = read_busy(calendar(("DTSTART:20200101T000000Z", "DTEND:20300101T000000Z")), BRUSSELS, START, END)
    assert found.intervals == [(START, END)]


def test_an_old_recurrence_still_comes() -> None:
    found = busy(("DTSTART;TZID=Europe/Brussels:19910102T120000", "DURATION:PT30M", "RRULE:FREQ=WEEKLY"))
    assert len(found) == 52
    assert {one[7:] for one in found} == {"12:00–12:30"}


@pytest.mark.parametrize(
    "harm",
    [
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=MINUTELY;COUNT=3",
        "RRULE:FREQ=HOURLY;COUNT=3",
        "RRULE:FREQ=DAILY;BYHOUR=1,2,3;BYSECOND=1,2",
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=DAILY;COUNT=-1",
        "RRULE:FREQ=DAILY;FREQ=SECONDLY",
        "rrule:freq=secondly",
        'RRULE;X="a:FREQ=DAILY;Y=":FREQ=SECONDLY',
        "RRULE:FREQ=DAILY;BYDAY=XX",
        "RRULE:",
        "EXDATE:gestern",
        "RECURRENCE-ID:gestern",
    ],
)
def test_what_cannot_be_read_is_counted_and_the_others_are_read(harm: str) -> None:
    found = read_busy(calendar((*MARCH, harm), MARCH), BRUSSELS, START, END)
    assert (as_words(found.intervals), found.unread) == (["10 Mar 10:00–11:00"], 1)


@pytest.mark.parametrize(
    "entry",
    [
        ("DTSTART:gestern",),
        ("DTSTART:99999999T999999Z", "DURATION:PT1H"),
        ("DURATION:PT1H",),
        ("DTSTART:20260310T090000Z", "DURATION:P99999999999W"),
        ("DTSTART:00010101T000000Z", "DURATION:P99999W", "RRULE:FREQ=DAILY"),
    ],
)
def test_entries_without_a_time_that_exists_are_counted(entry: tuple[str, ...]) -> None:
    found = read_busy(calendar(entry, MARCH), BRUSSELS, START, END)
    assert (as_words(found.intervals), found.unread) == (["10 Mar 10:00–11:00"], 1)


def test_a_huge_count_gives_no_more_than_the_span() -> None:
    assert len(busy((*MARCH, "RRULE:FREQ=DAILY;COUNT=999999999"))) == 297


def test_a_zone_with_a_rule_of_each_second_is_not_followed() -> None:
    zone = tuple(line.replace("FREQ=YEARLY", "FREQ=SECONDLY") for line in ZONE)
    assert busy(("DTSTART;TZID=Nos heures:20260310T100000", "DURATION:PT1H"), zone=zone)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \r\n",
        b"<!doctype html><html><body>Sign in</body></html>",
        b'{"busy": []}',
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        b"\xff\xfe\x00B",
        calendar(MARCH)[:-20],
        calendar(MARCH).replace(b"END:VEVENT\r\n", b""),
        b"BEGIN:VCALENDAR\r\n" * 1000 + b"END:VCALENDAR\r\n" * 1000,
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 1000,
    ],
)
def test_what_is_no_calendar_is_refused(body: bytes) -> None:
    assert why(body) == "not-a-calendar"


def test_an_empty_calendar_is_free_and_two_in_one_text_are_both_read() -> None:
    assert busy() == []
    later = calendar(tuple(one.replace("0310", "0311") for one in MARCH)).replace(b"0@other", b"1@other")
    found = read_busy(b"\xef\xbb\xbf" + calendar(MARCH) + later, BRUSSELS, START, END)
    assert as_words(found.intervals) == ["10 Mar 10:00–11:00", "11 Mar 10:00–11:00"]


def test_too_many_entries_days_and_times_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why(calendar(*[MARCH] * (reading.MOST_ENTRIES + 1))) == "too-many"
    dates = ",".join(["20260311T090000Z"] * (reading.MOST_TIMES + 2))
    assert why(calendar((*MARCH, f"RDATE:{dates}"))) == "too-many"
    monkeypatch.setattr(reading, "MOST_TIMES", 100)
    assert why(calendar((*MARCH, "RRULE:FREQ=DAILY"))) == "too-many"


def test_reading_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", -1.0)
    assert why(calendar(MARCH)) == "too-slow"
