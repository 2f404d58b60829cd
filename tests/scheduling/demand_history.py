"""Random weeks of a centre as rows, and a slow and plain computation of their figures of demand and load."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from services.chassis.storage.store import Store
from services.scheduling.actions import availability
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.demand import Outcomes
from services.scheduling.store import (
    Attendance,
    Centre,
    CounsellorAbsence,
    GuidancePath,
    Interview,
    QuarterHour,
    Seat,
    Session,
    SlotHold,
    Workshop,
)
from tests.givens.scheduling import LEFT, LIEGE, NADIA, TOM

BRUSSELS = ZoneInfo("Europe/Brussels")
QUARTER = timedelta(minutes=15)
AREAS = ("choose-path", "find-job", None)
MODES = ("in-person", "telephone", "videoconference")
STATUSES = ("booked", "fulfilled", "fulfilled", "noshow", "cancelled", "entered-in-error")
TAKE_TIME = ("booked", "arrived", "fulfilled", "noshow")


def plain(at: datetime) -> datetime:
    return at.astimezone(UTC)


def is_off(cancelled_at: datetime | None, starts_at: datetime) -> bool:
    """Whether a session was cancelled with its workshop: what had begun was held."""
    return cancelled_at is not None and starts_at > cancelled_at


@dataclass
class History:
    """Random weeks of Liège, as rows, and what a plain computation needs of them."""

    random: Random
    now: datetime
    closed: tuple[str, ...] = ()
    rows: list[Any] = field(default_factory=list[Any])
    interviews: list[Interview] = field(default_factory=list[Interview])
    paths: dict[UUID, GuidancePath] = field(default_factory=dict[UUID, GuidancePath])
    workshops: list[tuple[Workshop, list[Session], list[Seat], list[Attendance]]] = field(default_factory=list[Any])
    absences: list[CounsellorAbsence] = field(default_factory=list[CounsellorAbsence])
    taken: dict[tuple[str, datetime], UUID] = field(default_factory=dict[tuple[str, datetime], UUID])

    @property
    def first(self) -> date:
        today = self.now.astimezone(BRUSSELS).date()
        return today - timedelta(days=today.weekday(), weeks=8)

    def moment(self, *, weeks: tuple[int, int] = (-1, 17)) -> datetime:
        """Any quarter-hour of the day, also beside the weeks that count."""
        day = self.first + timedelta(days=self.random.randrange(7 * weeks[0], 7 * weeks[1]))
        hour, minute = self.random.choice((0, 1, 3, 8, 9, 10, 11, 13, 14, 15, 16, 23)), self.random.choice((0, 15, 30))
        return plain(datetime(day.year, day.month, day.day, hour, minute, tzinfo=BRUSSELS))

    def reserve(self, counsellor: str, starts_at: datetime, minutes: int, holder: UUID, *, all_of_it: bool) -> bool:
        """Take the quarter-hours; all of them, or those that are free."""
        wanted = [(counsellor, starts_at + number * QUARTER) for number in range(-(-minutes // 15))]
        if all_of_it and any(one in self.taken for one in wanted):
            return False
        self.taken |= {one: holder for one in wanted if one not in self.taken}
        return True

    def interview(self) -> None:
        at, guidance = self.moment(), self.random.random() < 0.75
        centre = LIEGE if self.random.random() < 0.85 else "mons"
        minutes = self.random.choice((60, 60, 120)) if guidance else self.random.randrange(0, 90)
        status = self.random.choice(STATUSES) if guidance else self.random.choice(("arrived", "fulfilled"))
        path = self.path(at) if guidance else None
        one = Interview(
            id=uuid4(),
            kind="guidance" if guidance else "information",
            centre=centre,
            area=path.area if path is not None else self.random.choice(AREAS),
            counsellor=self.random.choice((NADIA, NADIA, TOM, LEFT)),
            mode=self.random.choice(MODES) if guidance else "in-person",
            starts_at=at if guidance else at + timedelta(minutes=self.random.randrange(15)),
            minutes=minutes,
            status=status,
            path_id=path.id if path is not None else None,
            fingerprint="imported" if guidance and self.random.random() < 0.15 else None,
        )
        takes = guidance and status in TAKE_TIME
        if not takes or self.reserve(one.counsellor, at, minutes, one.id, all_of_it=True):
            self.interviews.append(one)

    def path(self, at: datetime) -> GuidancePath:
        """A new path, opened up to 60 days before, or one that has an interview already."""
        if self.paths and self.random.random() < 0.3:
            return self.random.choice(list(self.paths.values()))
        opened = at - timedelta(hours=self.random.randrange(-10, 24 * 60))
        method = "individual" if self.random.random() < 0.8 else "collective"
        made = GuidancePath(id=uuid4(), centre=LIEGE, area=self.random.choice(AREAS), method=method, opened_at=opened)
        self.paths[made.id] = made
        return made

    def workshop(self) -> None:
        workshop_id = uuid4()
        leaders: list[str] = self.random.sample([NADIA, TOM], self.random.choice((1, 1, 2)))
        starts = sorted({self.moment() for _ in range(self.random.randrange(1, 3))})
        off = self.random.choice((None, None, None, starts[0] - timedelta(days=1), starts[0] + timedelta(hours=2)))
        sessions: list[Session] = []
        for ordinal, at in enumerate(starts, 1):
            session = Session(id=uuid4(), workshop_id=workshop_id, ordinal=ordinal, starts_at=at, minutes=90)
            free = not any((who, at + number * QUARTER) in self.taken for who in leaders for number in range(6))
            if is_off(off, at) or (
                free and all(self.reserve(who, at, 90, session.id, all_of_it=True) for who in leaders)
            ):
                sessions.append(session)
        if not sessions:
            return
        workshop = Workshop(
            id=workshop_id,
            centre=LIEGE,
            title="Un atelier",
            counsellor=leaders[0],
            more_facilitators=leaders[1:],
            seats=8,
            status="announced",
            first_at=sessions[0].starts_at,
            last_at=sessions[-1].starts_at + timedelta(minutes=90),
            cancelled_at=off,
        )
        seats = [
            Seat(
                id=uuid4(),
                workshop_id=workshop_id,
                status=self.random.choice(("taken", "waitlisted", "released")),
                place=place,
                asked_at=self.now,
            )
            for place in range(1, self.random.randrange(1, 7))
        ]
        attendance = [
            Attendance(
                session_id=session.id, seat_id=seat.id, attended=self.random.random() < 0.7, recorded_at=self.now
            )
            for session in sessions
            for seat in seats
            if session.starts_at < self.now and seat.status == "taken"
        ]
        self.workshops.append((workshop, sessions, seats, attendance))

    def absence(self) -> None:
        at = self.moment()
        minutes = self.random.choice((120, 24 * 60, 5 * 24 * 60))
        one = CounsellorAbsence(
            id=uuid4(),
            counsellor=self.random.choice((NADIA, TOM)),
            starts_at=at,
            ends_at=at + timedelta(minutes=minutes),
        )
        self.reserve(one.counsellor, at, minutes, one.id, all_of_it=False)
        self.absences.append(one)

    def hold(self) -> None:
        """A time that is chosen and not booked: it is open."""
        hold = SlotHold(
            owner=uuid4().hex,
            id=uuid4(),
            centre=LIEGE,
            counsellor=TOM,
            starts_at=self.moment(),
            minutes=60,
            made_at=self.now,
            expires_at=self.now + timedelta(minutes=5),
        )
        if self.reserve(TOM, hold.starts_at, 60, hold.id, all_of_it=True):
            self.rows.append(hold)

    def live(self) -> None:
        """Interviews, workshops, holds, and absences around what is booked already."""
        acts = {self.interview: 120, self.workshop: 8, self.hold: 2, self.absence: 4}
        for act, times in acts.items():
            for _ in range(times):
                act()

    async def keep(self, store: Store) -> None:
        """Write it into a store. Nadia works on four days, every second Friday, and not on one Tuesday."""
        holiday = self.first + timedelta(days=8)
        week = (
            WorkingHours(self.first, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", "08:30", "15:00", frozenset({holiday}), BRUSSELS),
            WorkingHours(self.first, "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "13:00", "18:00", frozenset(), BRUSSELS),
        )
        async with store.work() as work:
            await availability.set_hours(work, NADIA, LIEGE, list(week))
            centre = await work.session.get_one(Centre, LIEGE)
            centre.closed_on = list(self.closed)
        facts = [*self.paths.values(), *self.interviews, *self.absences, *self.rows]
        parts = [part for made in self.workshops for part in (made[0], *made[1], *made[2], *made[3])]
        quarters = [
            QuarterHour(resource=f"counsellor:{who}", quarter=at, holder=by) for (who, at), by in self.taken.items()
        ]
        async with store.work() as work:
            work.session.add_all([*facts, *parts, *quarters])


def works(history: History, counsellor: str, at: datetime) -> bool | None:
    """Whether the counsellor works then, by the rows of `keep`. None: no hours are entered."""
    if counsellor != NADIA:
        return None
    local = at.astimezone(BRUSSELS)
    clock, days = f"{local:%H:%M}", (local.date() - history.first).days
    if days < 0 or days == 8:
        return False
    if local.weekday() < 4:
        return "08:30" <= clock < "15:00"
    return local.weekday() == 4 and days // 7 % 2 == 0 and "13:00" <= clock < "18:00"


def is_open(history: History, at: datetime) -> bool:
    local = at.astimezone(BRUSSELS)
    hours = ("09:00", "12:00"), ("13:00", "16:30")
    inside = any(opens <= f"{local:%H:%M}" < closes for opens, closes in hours)
    return inside and local.weekday() < 5 and local.date().isoformat() not in history.closed


def quarter_hours(history: History) -> Iterable[tuple[int, datetime]]:
    """Every quarter-hour of the sixteen weeks, with the number of its week."""
    at = plain(datetime.combine(history.first, time(), BRUSSELS))
    while (day := at.astimezone(BRUSSELS).date()) < history.first + timedelta(weeks=16):
        yield (day - history.first).days // 7, at
        at += QUARTER


def week_of(history: History, at: datetime) -> int | None:
    number = (at.astimezone(BRUSSELS).date() - history.first).days // 7
    return number if 0 <= number < 16 else None


@dataclass
class Expected:
    """The same figures, one thing after the other."""

    weeks: list[dict[str, int]] = field(default_factory=lambda: [defaultdict(int) for _ in range(16)])
    worked: dict[bool, int] = field(default_factory=lambda: defaultdict(int))
    booked: dict[tuple[str, bool], int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    def of(cls, history: History) -> "Expected":
        found = cls()
        found.add_time(history)
        here = [one for one in history.interviews if one.centre == LIEGE and one.status in TAKE_TIME]
        for one in here:
            number = week_of(history, one.starts_at)
            if number is not None:
                found.weeks[number]["appointments" if one.kind == "guidance" else "walk-ins"] += 1
                found.weeks[number]["minutes"] += one.minutes
                found.booked[one.counsellor, number >= 8] += one.minutes
        for workshop, sessions, seats, _attendance in history.workshops:
            for session in sessions:
                number = week_of(history, session.starts_at)
                if number is not None and not is_off(workshop.cancelled_at, session.starts_at):
                    for leader in workshop.facilitators:
                        found.booked[leader, number >= 8] += session.minutes
            if workshop.cancelled_at is None and (number := week_of(history, workshop.first_at)) is not None:
                found.weeks[number]["waitlisted"] += sum(seat.status == "waitlisted" for seat in seats)
        return found

    def add_time(self, history: History) -> None:
        """The open time, and the working time of Nadia."""
        of_liege = {one.id for one in history.interviews if one.centre == LIEGE}
        held = {one.id for one in history.rows}
        for number, at in quarter_hours(history):
            for who in (NADIA, TOM):
                if not is_open(history, at) or works(history, who, at) is False:
                    continue
                away = any(one.counsellor == who and one.starts_at <= at < one.ends_at for one in history.absences)
                holder = history.taken.get((who, at))
                if holder in of_liege or (not away and (holder is None or holder in held)):
                    self.weeks[number]["open"] += 15
                if who == NADIA and not away:
                    self.worked[number >= 8] += 15


def days_to_first(history: History) -> dict[str | None, list[int]]:
    found: dict[str | None, list[int]] = defaultdict(list)
    for path in history.paths.values():
        on_path = [one for one in history.interviews if one.path_id == path.id]
        counted = [one for one in on_path if one.status in ("booked", "fulfilled")]
        first = min((one.starts_at for one in counted), default=None)
        for one in counted:
            shown = one.starts_at == first and one.centre == LIEGE and one.fingerprint is None
            if shown and path.method == "individual" and week_of(history, one.starts_at) is not None:
                began = path.opened_at.astimezone(BRUSSELS).date()
                found[one.area].append(max(0, (one.starts_at.astimezone(BRUSSELS).date() - began).days))
    return found


def outcomes(history: History, mode: str | None = None) -> Outcomes:
    over = [
        one.status
        for one in history.interviews
        if one.centre == LIEGE and one.kind == "guidance" and mode in (None, one.mode)
        if one.status in ("fulfilled", "noshow") and one.starts_at < history.now
        if week_of(history, one.starts_at) is not None
    ]
    return Outcomes(len(over), over.count("noshow"))
