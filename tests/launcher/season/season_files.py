"""Reads a written season back, knowing only its file formats: nothing here comes from the code that wrote it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

VISITORS = 181_689
INDIVIDUAL = 87_532
GUIDANCE = 5_296

CITES = {"liege", "charleroi", "namur"}
CARREFOURS = {
    "arlon",
    "huy",
    "la-louviere",
    "marche-en-famenne",
    "mons",
    "mouscron",
    "nivelles",
    "tournai",
    "verviers",
}
AREAS = {"choose-path", "select-training", "find-job", "create-business"}

# Easter Monday, Labour Day, Ascension, Whit Monday, National Day, Assumption: the others were Sundays or later.
CLOSED = {date(2017, *day) for day in ((4, 17), (5, 1), (5, 25), (6, 5), (7, 21), (8, 15))}
HALF_DAYS = ((time(9), time(12)), (time(13), time(16, 30)))
SUMMER_TIME = date(2017, 3, 26)


class Visit(TypedDict):
    visit_id: str
    centre: str
    area: NotRequired[str]
    channel: str
    checked_in_at: str
    status: str
    called_at: NotRequired[str]
    served_at: NotRequired[str]
    ended_at: NotRequired[str]


class Interview(TypedDict):
    interview_id: str
    kind: str
    centre: str
    area: NotRequired[str]
    counsellor: str
    starts_at: str
    minutes: int
    status: str
    cancelled_by: NotRequired[str]
    visit_id: NotRequired[str]
    path_id: NotRequired[str]
    method: NotRequired[str]
    number: NotRequired[int]
    subject_ref: NotRequired[str]


class Session(TypedDict):
    session_id: str
    starts_at: str
    minutes: int


class Participant(TypedDict):
    seat_id: str
    subject_ref: str
    path_id: str
    attended: list[bool]


class Workshop(TypedDict):
    workshop_id: str
    centre: str
    area: str
    title: str
    seats: int
    counsellor: str
    sessions: list[Session]
    participants: list[Participant]


KEYS = {
    "visits.ndjson": Visit,
    "interviews.ndjson": Interview,
    "workshops.ndjson": Workshop,
}


@dataclass(frozen=True)
class Season:
    folder: Path
    manifest: dict[str, Any]
    visits: list[Visit]
    interviews: list[Interview]
    workshops: list[Workshop]

    @property
    def held(self) -> list[Interview]:
        return [row for row in self.interviews if row["status"] == "fulfilled"]

    @property
    def missed(self) -> list[Interview]:
        return [row for row in self.interviews if row["status"] != "fulfilled"]


def read(folder: Path) -> Season:
    def rows(name: str) -> list[Any]:
        return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]

    return Season(
        folder=folder,
        manifest=json.loads((folder / "season.json").read_text("utf-8")),
        visits=cast("list[Visit]", rows("visits.ndjson")),
        interviews=cast("list[Interview]", rows("interviews.ndjson")),
        workshops=cast("list[Workshop]", rows("workshops.ndjson")),
    )


@lru_cache(maxsize=1 << 16)
def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def span(starts_at: str, minutes: int) -> tuple[datetime, datetime]:
    return at(starts_at), at(starts_at) + timedelta(minutes=minutes)


def open_between(start: datetime, end: datetime) -> bool:
    """Whether one centre's half-day holds all of it, on a day it is open, in Belgian time."""
    day = start.date()
    offset = timedelta(hours=2 if day >= SUMMER_TIME else 1)
    return (
        end.date() == day
        and date(2017, 1, 1) <= day <= date(2017, 9, 30)
        and day.weekday() < 5
        and day not in CLOSED
        and start.utcoffset() == end.utcoffset() == offset
        and any(opens <= start.time() <= end.time() <= closes for opens, closes in HALF_DAYS)
    )


def overlapping(spans: Iterable[tuple[str, datetime, datetime]]) -> list[tuple[str, datetime, datetime]]:
    """People who begin something before the last thing has ended: (who, start, end of the one before)."""
    clashes: list[tuple[str, datetime, datetime]] = []
    busy_until: dict[str, datetime] = {}
    for who, start, end in sorted(spans):
        if who in busy_until and start < busy_until[who]:
            clashes.append((who, start, busy_until[who]))
        busy_until[who] = max(end, busy_until.get(who, end))
    return clashes
