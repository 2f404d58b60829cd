"""What people ask for: each step changes the agenda by the rule, or says why not. No step knows HTTP."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.scheduling.domain import refusals
from tests.scheduling.agenda_model import ACTIVE, OK, Agenda, Answers, Interview, Path, Seat, Workshop, no


@dataclass(frozen=True)
class OpenPath:
    key: str
    person: int

    def apply(self, agenda: Agenda) -> Answers:
        if agenda.open_path_of(self.person):
            return no(refusals.PathStillOpen)
        agenda.paths[self.key] = Path(self.person, individual=True)
        return OK


@dataclass(frozen=True)
class GiveUp:
    path: str
    free_booked: bool

    def apply(self, agenda: Agenda) -> Answers:
        path = agenda.paths[self.path]
        later = [one for one in agenda.on_path(self.path) if one.status == "booked" and one.at > agenda.now]
        if path.because is not None:
            return no(refusals.PathIsClosed)
        if later and not self.free_booked:
            return no(refusals.StillBooked)
        path.because = "given-up"
        for one in later:
            one.status = "cancelled"
        return OK


@dataclass(frozen=True)
class Reopen:
    path: str

    def apply(self, agenda: Agenda) -> Answers:
        path = agenda.paths[self.path]
        if path.because is None:
            return no(refusals.PathIsOpen)
        if path.because != "given-up":
            return no(refusals.PathStaysClosed)
        if agenda.open_path_of(path.person):
            return no(refusals.AnotherPathOpen)
        path.because = None
        return OK


@dataclass(frozen=True)
class Book:
    """`owner`: the account that books by the form, which gives up what it holds; otherwise by the API."""

    key: str
    path: str
    counsellor: str
    room: str | None
    at: datetime
    minutes: int
    sooner: bool
    owner: str = ""

    def apply(self, agenda: Agenda) -> Answers:
        path = agenda.paths[self.path]
        again = agenda.is_booked(path.person, self.counsellor, self.at)
        if again or path.because is not None:
            return no(refusals.AlreadyBooked if again else refusals.PathIsClosed)
        if (room := agenda.room_on(self.path)) != OK:
            return room
        if (possible := agenda.possible(self.at, self.minutes)) != OK:
            return possible
        who = {self.counsellor, f"person {path.person}", *([self.room] if self.room else [])}
        if reasons := agenda.conflict(who, self.at, self.minutes, self.owner):
            return reasons
        if path.individual and not self.sooner and agenda.is_too_near(self.path, self.at):
            return no(refusals.TimeToReflect)
        agenda.holds.pop(self.owner, None)
        agenda.interviews[self.key] = Interview(self.path, self.counsellor, self.room, self.at, self.minutes)
        return OK


@dataclass(frozen=True)
class Move:
    interview: str
    counsellor: str
    at: datetime
    minutes: int

    def apply(self, agenda: Agenda) -> Answers:
        one = agenda.interviews[self.interview]
        path = agenda.paths[one.path]
        if one.status != "booked":
            return no(refusals.NotBooked)
        if path.because is not None:
            return no(refusals.PathIsClosed)
        if not agenda.stays(one, self.at, self.minutes) and (possible := agenda.possible(self.at, self.minutes)) != OK:
            return possible
        if (one.counsellor, one.at, one.minutes) == (self.counsellor, self.at, self.minutes):
            return OK
        who = {self.counsellor, f"person {path.person}", *([one.room] if one.room else [])}
        if reasons := agenda.conflict(who, self.at, self.minutes, self.interview):
            return reasons
        one.counsellor, one.at, one.minutes = self.counsellor, self.at, self.minutes
        return OK


@dataclass(frozen=True)
class Change:
    """`what`: cancel, missed or undo-missed."""

    interview: str
    what: str

    def apply(self, agenda: Agenda) -> Answers:
        one = agenda.interviews[self.interview]
        if self.what == "undo-missed":
            return self._undo(agenda, one)
        if one.status != "booked":
            return no(refusals.NotBooked)
        if self.what == "missed" and one.at > agenda.now:
            return no(refusals.NotYet)
        one.status = {"cancel": "cancelled", "missed": "noshow"}[self.what]
        return OK

    def _undo(self, agenda: Agenda, one: Interview) -> Answers:
        if one.status == "booked":
            return OK
        if one.status != "noshow":
            return no(refusals.NotBooked)
        if agenda.now > one.at + timedelta(days=7):
            return no(refusals.NoShowStays)
        if (room := agenda.room_on(one.path)) == OK:
            one.status = "booked"
        return room


@dataclass(frozen=True)
class Record:
    """The interview took place; one that is booked for later has just ended, beside what else was then."""

    interview: str

    def apply(self, agenda: Agenda) -> Answers:
        one = agenda.interviews[self.interview]
        if one.status != "booked":
            return no(refusals.NotBooked)
        if one.at > agenda.now:
            agenda.keep(self.interview)
            ended = agenda.now.replace(minute=agenda.now.minute // 15 * 15, second=0)
            one.at, one.room = ended - timedelta(minutes=one.minutes), None
        one.status = "fulfilled"
        return OK


@dataclass(frozen=True)
class HoldTime:
    owner: str
    counsellor: str
    at: datetime
    minutes: int

    def apply(self, agenda: Agenda) -> Answers:
        return agenda.hold(self.owner, self.counsellor, self.at, self.minutes)


@dataclass(frozen=True)
class Absent:
    key: str
    counsellor: str
    begins: datetime
    ends: datetime

    def apply(self, agenda: Agenda) -> Answers:
        agenda.absences[self.key] = (self.counsellor, self.begins, self.ends)
        for owner, one in [*agenda.holds.items()]:
            until = one.at + timedelta(minutes=one.minutes)
            if one.counsellor == self.counsellor and one.at < self.ends and self.begins < until:
                del agenda.holds[owner]
        ended = {
            key
            for key, who, when, _until in agenda.kept
            if who == self.counsellor and any(self.begins <= at < self.ends for at in when)
        }
        agenda.kept = [one for one in agenda.kept if one[0] not in ended]
        return OK


@dataclass(frozen=True)
class Present:
    absence: str
    counsellor: str

    def apply(self, agenda: Agenda) -> Answers:
        return OK if agenda.absences.pop(self.absence, None) else frozenset({"not-found"})


@dataclass(frozen=True)
class Announce:
    key: str
    workshop: Workshop

    def apply(self, agenda: Agenda) -> Answers:
        new = self.workshop
        who = {new.counsellor, *([new.room] if new.room else [])}
        if reasons := agenda.conflict(who, new.at, new.minutes):
            return reasons
        agenda.workshops[self.key] = Workshop(new.counsellor, new.room, new.at, new.minutes, new.seats)
        return OK


@dataclass(frozen=True)
class EndWorkshop:
    """Cancelled; or the attendance of its only session is recorded: `came`, the seats."""

    workshop: str
    cancelled: bool
    came: tuple[str, ...]

    def apply(self, agenda: Agenda) -> Answers:
        known = agenda.workshops[self.workshop]
        if known.status != "announced" and (self.cancelled or not known.held):
            return no(refusals.WorkshopClosed)
        if not self.cancelled and known.at > agenda.now:
            return no(refusals.NotYet)
        came = [agenda.seats[one] for one in self.came]
        if not self.cancelled and any(one.status != "taken" for one in came):
            return no(refusals.SeatNotTaken)
        if known.held:
            return OK  # it was cancelled after its beginning: the list is kept
        known.held = self.cancelled and known.at <= agenda.now
        for one in agenda.of(self.workshop, "taken") if self.cancelled else came:
            path = agenda.paths[one.path]
            path.because, path.due = ("workshop-cancelled", False) if self.cancelled else (None, True)
        known.status = "cancelled" if self.cancelled else "finished"
        return OK


@dataclass(frozen=True)
class Ask:
    """For a seat; `waitlist`: or for a place on the waitlist."""

    key: str
    workshop: str
    person: int
    waitlist: bool

    def apply(self, agenda: Agenda) -> Answers:
        known = agenda.workshops[self.workshop]
        if known.status != "announced":
            return no(refusals.WorkshopClosed)
        agenda.offers_go_on(self.workshop)
        if any(one.person == self.person for one in agenda.of(self.workshop, *ACTIVE)):
            return no(refusals.DoubleSeat)
        waited_for = known.at > agenda.now and bool(agenda.of(self.workshop, "waitlisted"))
        full = agenda.free(self.workshop) <= 0 or waited_for
        if full and not self.waitlist:
            return no(refusals.WorkshopFull)
        new = Seat(self.workshop, self.person, "waitlisted", f"path of {self.key}")
        if not full and (found := agenda.take(new)) != OK:
            return found
        agenda.seats[self.key] = new
        return frozenset({new.status})


@dataclass(frozen=True)
class AnswerSeat:
    """`what`: release, accept or decline, by the team in the person's name."""

    seat: str
    what: str

    def apply(self, agenda: Agenda) -> Answers:
        one = agenda.seats[self.seat]
        if agenda.workshops[one.workshop].status != "announced":
            return no(refusals.WorkshopClosed)
        found = {"release": self._release, "accept": self._accept, "decline": self._decline}[self.what](agenda, one)
        if found == OK:
            agenda.offers_go_on(one.workshop)
        return found

    def _release(self, agenda: Agenda, one: Seat) -> Answers:
        if one.status not in ACTIVE:
            return no(refusals.SeatNotTaken)
        if one.status == "taken":
            agenda.paths[one.path].because = "seat-released"
        one.status = "released"
        return OK

    def _accept(self, agenda: Agenda, one: Seat) -> Answers:
        if one.status == "taken":
            return OK
        if any(other.person == one.person for other in agenda.of(one.workshop, "taken")):
            return no(refusals.DoubleSeat)
        first = next(iter(agenda.of(one.workshop, "waitlisted")), None)
        if one.status in ("expired", "declined"):
            return no(refusals.OfferOver)
        if one.status != "offered" and not (one is first and agenda.free(one.workshop) > 0):
            return no(refusals.NothingOffered)
        return agenda.take(one)

    def _decline(self, agenda: Agenda, one: Seat) -> Answers:
        if one.status not in ("offered", "expired", "declined"):
            return no(refusals.NothingOffered)
        if one.status == "offered":
            one.status = "declined"
        return OK


Step = (
    OpenPath | GiveUp | Reopen | Book | Move | Change | Record | HoldTime | Absent | Present | Announce | EndWorkshop
) | (Ask | AnswerSeat)
