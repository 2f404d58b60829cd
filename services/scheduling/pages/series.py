"""The form of a workshop with the rows of its sessions: filled in, changed and read. Works without JavaScript.

A press on "Fill in", "Add" or "Remove" sends the form, which comes back with other rows; nothing is saved by that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Annotated, Any

from pydantic import Field, ValidationError

from services.chassis.refusals import Invalid
from services.chassis.web import Body, by_field
from services.contracts.envelope import StaffCode
from services.contracts.text import Key, Name
from services.contracts.values import Version, Whole, YesNo, day_of
from services.scheduling.actions.series import Planned
from services.scheduling.domain import times
from services.scheduling.domain.rooms import CAPACITY_MOST
from services.scheduling.domain.series import FACILITATORS_MOST, SESSIONS_MOST
from services.scheduling.pages.desk import NotADate, parse_moment
from services.scheduling.store import Centre, Session

SAVE, FILL, ADD, REMOVE = "save", "fill", "add", "remove-"
USUAL_MINUTES, USUAL_DAYS = 120, 7
"""The length of a session and the days between two of them, unless the team writes others."""


class SessionLength(Body):
    """How long one session is."""

    minutes: Annotated[int, Whole(15, 480)]


class WorkshopForm(Body):
    """A workshop. The lists `session_…` have the rows of its sessions, an empty text for an empty field.

    Without rows: a session every `every` days, at the same local time. `facilitators`: besides the `counsellor`.
    `do`: the button that was pressed.
    """

    centre: Key = ""
    title: Name = ""
    area: Key = ""
    seats: Annotated[int, Whole(1, CAPACITY_MOST)] | None = None
    date: Key = ""
    time: Key = ""
    minutes: Annotated[int, Whole(15, 480)] = USUAL_MINUTES
    sessions: Annotated[int, Whole(1, 20)] = 3
    every: Annotated[int, Whole(1, 31)] = USUAL_DAYS
    counsellor: StaffCode | None = None
    facilitators: list[StaffCode] = Field([], max_length=FACILITATORS_MOST)
    room: StaffCode | None = None
    published: YesNo = False
    outside_usual_hours: YesNo = False
    while_busy: YesNo = False
    participants_busy: YesNo = False
    session_id: list[Key] = Field([], max_length=SESSIONS_MOST + 1)
    session_date: list[Key] = Field([], max_length=SESSIONS_MOST + 1)
    session_time: list[Key] = Field([], max_length=SESSIONS_MOST + 1)
    session_minutes: list[Key] = Field([], max_length=SESSIONS_MOST + 1)
    version: Version | None = None
    do: Key = SAVE


@dataclass(frozen=True, slots=True)
class Row:
    """One session as the form has it. `id`: of one that is there already; `begun`: nothing of it can change."""

    date: str = ""
    time: str = ""
    minutes: str = ""
    id: str = ""
    begun: bool = False


def rows_of(typed: Mapping[str, Any]) -> list[Row]:
    """The rows that were typed."""
    columns = (typed.get(name, []) for name in ("session_date", "session_time", "session_minutes", "session_id"))
    return [Row(*row) for row in zip_longest(*columns, fillvalue="")][: SESSIONS_MOST + 1]


def with_begun(rows: Sequence[Row], stored: Sequence[Row]) -> tuple[list[Row], bool]:
    """The typed rows with those sessions as they are that have begun, and whether something else was typed of these.

    `stored`: all sessions, in order.
    """
    begun = [one for one in stored if one.begun]
    past = {one.id for one in begun}
    typed = [replace(one, begun=True) for one in rows if one.id in past]
    return [*begun, *(one for one in rows if one.id not in past)], typed != begun


def row_of(session: Session, centre: Centre, now: datetime) -> Row:
    """A session that is there, in the form."""
    local = session.starts_at.astimezone(centre.zone)
    return Row(f"{local:%Y-%m-%d}", f"{local:%H:%M}", str(session.minutes), str(session.id), session.starts_at <= now)


def without_ids(rows: Sequence[Row], weeks: int) -> list[Row]:
    """The same sessions of another workshop, some weeks later."""
    return [Row(_later(one.date, timedelta(weeks=weeks)), one.time, one.minutes) for one in rows]


def pressed(do: str, rows: list[Row], typed: Mapping[str, Any], centre: Centre) -> tuple[list[Row], dict[str, str]]:
    """The rows after a press on a button that saves nothing, and the errors by field."""
    if do == FILL:
        try:
            form = WorkshopForm.model_validate(
                {name: value for name, value in typed.items() if name in _SERIES and value}
            )
            filled = [_row(at, minutes, centre) for at, minutes in series(form, centre)]
        except ValidationError as error:
            return rows, by_field(error)
        except Invalid as refused:
            return rows, by_field(refused)
        return [*(one for one in rows if one.id), *filled], {}
    if do == ADD:
        last = rows[-1] if rows else Row(str(typed.get("date", "")), str(typed.get("time", "")), _minutes(typed))
        days = timedelta(days=_days(typed)) if rows else timedelta()
        return [*rows, Row(_later(last.date, days), last.time, last.minutes)], {}
    number = do.removeprefix(REMOVE)
    gone = int(number) if number.isdecimal() and number.isascii() else 0
    return [one for at, one in enumerate(rows, 1) if at != gone or one.begun], {}


_SERIES = ("date", "time", "minutes", "sessions", "every")


def series(form: WorkshopForm, centre: Centre) -> list[tuple[datetime, int]]:
    """The sessions, each at the same local time across daylight-saving changes. Raises `NotADate` and its siblings."""
    first = parse_moment(centre, form.date, form.time).astimezone(centre.zone).replace(tzinfo=None)
    try:
        days = [first + timedelta(days=form.every * number) for number in range(form.sessions)]
    except OverflowError:
        raise NotADate() from None
    return [(times.from_local(day, centre.zone, "date"), form.minutes) for day in days]


def planned(rows: Sequence[Row], centre: Centre, kept: Sequence[Session]) -> tuple[list[Planned], dict[str, str]]:
    """The sessions that the rows have, and the errors by the ids of their fields. `kept`: those that are there.

    What nobody changed keeps its moment, also in an hour that comes twice.
    """
    stored = {str(one.id): one for one in kept}
    found, errors = list[Planned](), dict[str, str]()
    for number, row in enumerate(rows, 1):
        known = stored.get(row.id)
        local = known.starts_at.astimezone(centre.zone) if known is not None else None
        try:
            minutes = SessionLength.model_validate({"minutes": row.minutes}).minutes
        except ValidationError as error:
            errors[f"s{number}-session_minutes"] = by_field(error)["minutes"]
            minutes = 0
        try:
            same = local is not None and (row.date, row.time) == (f"{local:%Y-%m-%d}", f"{local:%H:%M}")
            at = known.starts_at if known is not None and same else parse_moment(centre, row.date, row.time)
        except Invalid as refused:
            errors[f"s{number}-session_date"] = next(iter(by_field(refused).values()))
            continue
        found.append(Planned(at, minutes, known.id if known is not None else None))
    return found, errors


def _row(at: datetime, minutes: int, centre: Centre) -> Row:
    local = at.astimezone(centre.zone)
    return Row(f"{local:%Y-%m-%d}", f"{local:%H:%M}", str(minutes))


def _later(day: str, by: timedelta) -> str:
    """A typed date, later; as it was typed, if it is none."""
    try:
        then: date = day_of(day) + by
    except (ValueError, OverflowError):
        return day
    return then.isoformat()


def _minutes(typed: Mapping[str, Any]) -> str:
    return str(typed.get("minutes") or USUAL_MINUTES)


def _days(typed: Mapping[str, Any]) -> int:
    days = str(typed.get("every", ""))
    return int(days) if days.isascii() and days.isdecimal() and len(days) < 3 else USUAL_DAYS
