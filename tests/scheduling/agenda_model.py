"""A centre's calendars, paths and workshops by their rules alone: nothing is stored, and no time is reserved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.chassis.refusals import Refused
from services.scheduling.domain import refusals
from services.scheduling.domain.offers import answer_until, is_over
from services.scheduling.domain.outcomes import UNDONE_WITHIN

BRUSSELS = ZoneInfo("Europe/Brussels")
OPEN = ((time(9), time(12)), (time(13), time(16, 30)))
"""Of the centre, on working days."""
QUARTER, HOLD, ANSWER = timedelta(minutes=15), timedelta(minutes=5), timedelta(hours=48)
ON_PATH = ("booked", "fulfilled")
ACTIVE = ("taken", "offered", "waitlisted")
Answers = frozenset[str]
"""What a request may be answered: `ok`, the status of a seat, or the slug of a refusal."""
OK = frozenset({"ok"})


def no(*kinds: type[Refused]) -> Answers:
    """A refusal of one of these kinds."""
    return frozenset(one.slug for one in kinds)


def quarters(at: datetime, minutes: int) -> set[datetime]:
    """The quarter-hours of a time that begins on one."""
    return {at + number * QUARTER for number in range(minutes // 15)}


@dataclass
class Interview:
    """`room` is None once the interview was held early: another one may have the room then."""

    path: str
    counsellor: str
    room: str | None
    at: datetime
    minutes: int
    status: str = "booked"


@dataclass
class Path:
    """`because`: why it ended. `due`: its workshop is over, and the person was there."""

    person: int
    individual: bool
    because: str | None = None
    due: bool = False


@dataclass
class Workshop:
    counsellor: str
    room: str | None
    at: datetime
    minutes: int
    seats: int
    status: str = "announced"
    held: bool = False
    """It was cancelled after its beginning."""


@dataclass
class Seat:
    """`occupies`: the person, during the session: it was to come when they got the seat."""

    workshop: str
    person: int
    status: str
    path: str
    until: datetime | None = None
    occupies: bool = False


@dataclass
class Hold:
    counsellor: str
    at: datetime
    minutes: int
    expires: datetime


@dataclass
class Agenda:
    """Everything by the key of the step that made it; in order of being made, which is that of a waitlist."""

    now: datetime
    interviews: dict[str, Interview] = field(default_factory=dict[str, Interview])
    paths: dict[str, Path] = field(default_factory=dict[str, Path])
    workshops: dict[str, Workshop] = field(default_factory=dict[str, Workshop])
    seats: dict[str, Seat] = field(default_factory=dict[str, Seat])
    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    """By account: one holds one time."""
    kept: list[tuple[str, str, set[datetime], datetime]] = field(
        default_factory=list[tuple[str, str, set[datetime], datetime]]
    )
    """Of what was held early: the interview, whose time is kept, when, and until when it is."""
    absences: dict[str, tuple[str, datetime, datetime]] = field(
        default_factory=dict[str, tuple[str, datetime, datetime]]
    )

    # Calendars

    def taken(self) -> Iterator[tuple[str, set[str], set[datetime]]]:
        """What takes time: its key, of whom, and when."""
        for key, one in self.interviews.items():
            if one.status != "cancelled":
                who = {one.counsellor, f"person {self.paths[one.path].person}", *([one.room] if one.room else [])}
                yield key, who, quarters(one.at, one.minutes)
        for key, one in self.workshops.items():
            if one.status != "cancelled" or one.held:
                seated = {f"person {seat.person}" for seat in self.of(key, "taken") if seat.occupies}
                yield key, {one.counsellor, *([one.room] if one.room else []), *seated}, quarters(one.at, one.minutes)
        for owner, one in self.holds.items():
            if self.now < one.expires:
                yield owner, {one.counsellor}, quarters(one.at, one.minutes)
        for key, who, when, until in self.kept:
            if self.now < until:
                yield f"kept for {key}", {who}, when

    def keep(self, key: str) -> None:
        """Keep the time of what was held early, as long as that can be undone. An absence has its own."""
        one = self.interviews[key]
        for who in (one.counsellor, f"person {self.paths[one.path].person}", *([one.room] if one.room else [])):
            away = [(begins, ends) for absent, begins, ends in self.absences.values() if absent == who]
            when = {at for at in quarters(one.at, one.minutes) if not any(begins <= at < ends for begins, ends in away)}
            self.kept.append((key, who, when, self.now + UNDONE_WITHIN))

    def conflict(self, who: set[str], at: datetime, minutes: int, besides: str = "") -> Answers:
        """Why this time is not free for all of these. `besides`: what gives up its own time for it."""
        wanted, reasons, busy = quarters(at, minutes), set[type[Refused]](), set[tuple[str, datetime]]()
        for key, taken_by, when in self.taken():
            if key != besides and taken_by & who and when & wanted:
                reasons.add(refusals.Overlap)
                busy |= {(one, quarter) for one in taken_by for quarter in when}
        for counsellor, begins, ends in self.absences.values():
            if counsellor in who:
                away = {one for one in wanted if begins <= one < ends and (counsellor, one) not in busy}
                reasons |= {refusals.CounsellorAway} if away else set()
        return no(*reasons)

    def possible(self, at: datetime, minutes: int) -> Answers:
        """Whether an interview can be then at all: in the future, and while the centre is open."""
        if at <= self.now:
            return no(refusals.NotInFuture)
        begins = at.astimezone(BRUSSELS)
        ends = (begins + timedelta(minutes=minutes)).time()
        is_open = any(opens <= begins.time() and ends <= closes for opens, closes in OPEN)
        return OK if is_open else no(refusals.OutsideHours)

    def stays(self, one: Interview, at: datetime, minutes: int) -> bool:
        """Whether it only gets another counsellor: possible until the end of its day, also after its beginning."""
        today = self.now.astimezone(BRUSSELS).date()
        at_same_time = one.at == at and minutes <= one.minutes
        return at_same_time and at.astimezone(BRUSSELS).date() >= today

    def hold(self, owner: str, counsellor: str, at: datetime, minutes: int) -> Answers:
        """Hold a time, and free what the owner held."""
        before = self.holds.get(owner, Hold("", at, 0, self.now))
        if (possible := self.possible(at, minutes)) != OK:
            return possible
        if before == Hold(counsellor, at, minutes, before.expires) and self.now < before.expires:
            return OK
        if reasons := self.conflict({counsellor}, at, minutes, owner):
            return reasons
        self.holds[owner] = Hold(counsellor, at, minutes, self.now + HOLD)
        return OK

    # Paths

    def on_path(self, path: str) -> list[Interview]:
        """The interviews that count on a path."""
        return [one for one in self.interviews.values() if one.path == path and one.status in ON_PATH]

    def room_on(self, path: str) -> Answers:
        """Whether one more interview fits on the path."""
        known, counted = self.paths[path], len(self.on_path(path))
        if known.individual:
            return no(refusals.FifthInterview) if counted >= 4 else OK
        if not known.due:
            return no(refusals.FinalisingNotDue)
        return no(refusals.OneFinalisingSession) if counted else OK

    def open_path_of(self, person: int) -> bool:
        """Whether the person has an open individual path."""
        return any(one.individual and one.person == person and one.because is None for one in self.paths.values())

    def is_booked(self, person: int, counsellor: str, at: datetime) -> bool:
        """Whether this very appointment is booked: what asks for it was sent again."""
        booked = [one for one in self.interviews.values() if one.status == "booked" and one.at == at]
        return any(one.counsellor == counsellor and self.paths[one.path].person == person for one in booked)

    def is_too_near(self, path: str, at: datetime) -> bool:
        """Whether less than a week of reflection is left to another interview of the path, by local days."""
        days = [one.at.astimezone(BRUSSELS).date() for one in self.on_path(path)]
        return any(abs((at.astimezone(BRUSSELS).date() - day).days) < 7 for day in days)

    # Seats

    def of(self, workshop: str, *statuses: str) -> list[Seat]:
        """The seats of a workshop with one of these statuses, in the order of being asked for."""
        return [one for one in self.seats.values() if one.workshop == workshop and one.status in statuses]

    def take(self, seat: Seat) -> Answers:
        """The person gets the seat, which occupies them, if the session is to come: then they must be free."""
        known = self.workshops[seat.workshop]
        comes = known.at > self.now
        if comes and self.conflict({f"person {seat.person}"}, known.at, known.minutes):
            return no(refusals.OtherAppointment)
        seat.status, seat.occupies = "taken", comes
        self.paths[seat.path] = Path(seat.person, individual=False)
        return OK

    def free(self, workshop: str) -> int:
        """Seats that nobody has and that nobody is offered."""
        return self.workshops[workshop].seats - len(self.of(workshop, "taken", "offered"))

    def offers_go_on(self, key: str) -> None:
        """Offers that are over end; what is free is offered to the first who wait."""
        known = self.workshops[key]
        if known.status != "announced":
            return
        for one in self.of(key, "offered"):
            if is_over(one.until, known.at, self.now):
                one.status = "expired"
        until = answer_until(self.now, known.at, ANSWER, BRUSSELS)
        for one in self.of(key, "waitlisted"):
            if until is None or self.free(key) <= 0:
                break
            one.status, one.until = "offered", until

    def time_passes(self, minutes: int) -> None:
        """The clock goes forward, and the job runs."""
        self.now += timedelta(minutes=minutes)
        for key in self.workshops:
            self.offers_go_on(key)
