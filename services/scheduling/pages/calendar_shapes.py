"""The parts of a calendar: what is asked for, columns with a row for each quarter-hour, and lists of days."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from services.chassis.runtime.clock import Clock
from services.contracts.scheduling import AppointmentStatus
from services.scheduling.domain.calendars import Place, View
from services.scheduling.domain.states import WorkshopStatus
from services.scheduling.store.calendars import NOT_HERE, Block

ELSEWHERE = "elsewhere"
"""The `Block.kind` of what a counsellor has at a centre that is none of the reader's: only its time is shown."""
IN_A_WEEK, IN_A_MONTH = 12, 3
"""How many entries of a day a list shows; the day's own page has the others."""


_OFF = (AppointmentStatus.CANCELLED.value, AppointmentStatus.ENTERED_IN_ERROR.value, WorkshopStatus.CANCELLED.value)


def takes_time(block: Block) -> bool:
    """Whether it has a place among the rows of a day. What was cancelled or entered in error is listed below them."""
    return block.kind in NOT_HERE or block.status not in _OFF


@dataclass(frozen=True, slots=True)
class Asked:
    """Which calendar: a counsellor's, a room's, or with neither the whole centre's.

    `visible`: the reader's centres. `horizon`: of a centre without booking rules. `answer`: to the offer of
    a seat.
    """

    centre: str
    view: View
    day: date
    counsellor: str | None
    room: str | None
    visible: tuple[str, ...]
    horizon: timedelta
    answer: timedelta
    clock: Clock


@dataclass(slots=True)
class Item:
    """What has a place in a column: `closed`, `away`, `free` or `entry`, from a row on, beside others."""

    shape: str
    first: int
    count: int
    lane: int = 1
    lanes: int = 1
    block: Block | None = None
    place: Place | None = None
    centre: str = ""


@dataclass(slots=True)
class Column:
    """A day of a counsellor, of a room, or of one counsellor among others."""

    day: date
    counsellor: str | None
    items: list[Item]
    openings: list[tuple[str, str]]


@dataclass(slots=True)
class Cell:
    """A day as a list. `more`: how many entries are not shown; `busy`: how many times other calendars have; `free`:
    minutes."""

    day: date
    blocks: list[Block]
    more: int
    away: list[str]
    busy: int
    free: int
    is_open: bool


def address_of(asked: Asked, view: str = "", day: date | None = None, counsellor: str | None = None) -> str:
    """The address of this calendar, or of another view, day or counsellor of it."""
    room = asked.room if counsellor is None else None
    whose = {"room": room} if room else {"counsellor": counsellor or asked.counsellor or "*"}
    query = {"centre": asked.centre, **whose, "view": view or asked.view.value, "date": (day or asked.day).isoformat()}
    return f"/scheduling/agenda?{urlencode(query)}"
