"""Which step a draw of numbers stands for: few counsellors, times and people, so that many steps want the same."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from tests.givens.scheduling import NADIA, TOM
from tests.scheduling.agenda_model import BRUSSELS, Agenda, Workshop
from tests.scheduling.agenda_steps import (
    Absent,
    Announce,
    AnswerSeat,
    Ask,
    Book,
    Change,
    EndWorkshop,
    GiveUp,
    HoldTime,
    Move,
    OpenPath,
    Present,
    Record,
    Reopen,
    Step,
)

PEOPLE, DAYS = 4, (date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 11))
HOURS = (time(10), time(10, 30), time(11), time(14))
ASKED = (
    *("open", "book", "book", "book", "book", "form", "form", "move", "move", "move", "cancel", "record", "missed"),
    *("undo-missed", "give-up", "reopen", "hold", "hold", "absent", "absent", "present"),
    *("announce", "end", "ask", "ask", "ask", "ask", "ask", "release", "release", "accept", "accept", "decline"),
)
Draw = tuple[int, int, int, int]


@dataclass(frozen=True)
class Wish:
    """Four numbers, and what there is when they are drawn."""

    agenda: Agenda
    key: str
    a: int
    b: int
    c: int
    d: int

    def step(self, kind: str) -> Step | None:
        """The step, or None if there is nothing that it could be about."""
        for about in (self._path, self._interview, self._workshop, self._seat, self._time):
            if (found := about(kind)) is not None:
                return found
        return None

    @property
    def at(self) -> datetime:
        """One of the times, in UTC."""
        day, hour = DAYS[self.b % len(DAYS)], HOURS[self.c % len(HOURS)]
        return datetime.combine(day, hour, BRUSSELS).astimezone(UTC)

    @property
    def counsellor(self) -> str:
        return (NADIA, TOM)[self.d % 2]

    @property
    def minutes(self) -> int:
        return (60, 60, 120)[self.d % 3]

    @property
    def owner(self) -> str:
        """The account that uses a form."""
        return ("nadia", "tom")[self.a % 2]

    def nth(self, known: Collection[str], number: int, still: Collection[str] = ()) -> str | None:
        """One of these keys, the latest first; mostly one that can `still` be changed."""
        keys = (list(still) if self.d < 10 else []) or list(known)
        return keys[::-1][number % len(keys)] if keys else None

    def _path(self, kind: str) -> Step | None:
        if kind == "open":
            return OpenPath(self.key, self.a % PEOPLE)
        because = "given-up" if kind == "reopen" else None
        still = [key for key, one in self.agenda.paths.items() if one.because == because]
        path = self.nth(self.agenda.paths, self.a, still)
        if path is None:
            return None
        room, sooner = (None, "salle-1")[self.d % 4 > 1], self.d % 3 > 0
        book = Book(self.key, path, self.counsellor, room, self.at, self.minutes, sooner)
        individual = self.agenda.paths[path].individual
        steps: dict[str, Step] = {
            "book": book,
            "form": replace(book, room=None, owner=self.owner),
            "reopen": Reopen(path),
            **({"give-up": GiveUp(path, self.b % 2 == 0)} if individual else {}),
        }
        return steps.get(kind)

    def _interview(self, kind: str) -> Step | None:
        still = [key for key, one in self.agenda.interviews.items() if one.status == "booked"]
        interview = self.nth(self.agenda.interviews, self.a, still)
        if interview is None:
            return None
        if kind in ("cancel", "missed", "undo-missed"):
            return Change(interview, kind)
        others = [one for one in self.agenda.interviews.values() if one.status == "booked"]
        to = others[self.b % len(others)] if others and self.c % 2 else None  # where another one is
        at, counsellor = (to.at, to.counsellor) if to is not None else (self.at, self.counsellor)
        move = Move(interview, counsellor, at, self.minutes)
        return {"move": move, "record": Record(interview)}.get(kind)

    def _workshop(self, kind: str) -> Step | None:
        still = [key for key, one in self.agenda.workshops.items() if one.status == "announced"]
        workshop = self.nth(self.agenda.workshops, self.b, still)
        if workshop is None:
            return None
        if kind == "end" and self.agenda.workshops[workshop].status == "announced":
            came = [key for key, one in self.agenda.seats.items() if (one.workshop, one.status) == (workshop, "taken")]
            return EndWorkshop(workshop, self.d % 4 == 0, tuple(came))
        return Ask(self.key, workshop, self.a % PEOPLE, self.d % 3 > 0) if kind == "ask" else None

    def _seat(self, kind: str) -> Step | None:
        seat = self.nth(self.agenda.seats, self.a)
        return AnswerSeat(seat, kind) if seat is not None and kind in ("release", "accept", "decline") else None

    def _time(self, kind: str) -> Step | None:
        """A time that is held; an absence of a whole day, and a workshop, if they are to come."""
        if kind == "hold":
            return HoldTime(self.owner, self.counsellor, self.at, self.minutes)
        absence = self.nth(self.agenda.absences, self.a)
        if kind == "present" and absence is not None:
            return Present(absence, self.agenda.absences[absence][0])
        midnight = datetime.combine(self.at.astimezone(BRUSSELS).date(), time(), BRUSSELS).astimezone(UTC)
        day = (self.counsellor, midnight, midnight + timedelta(days=1))
        if kind == "absent" and midnight > self.agenda.now and day not in self.agenda.absences.values():
            return Absent(self.key, *day)
        new = Workshop(self.counsellor, None, self.at, 60, 1 + self.d % 2)
        return Announce(self.key, new) if kind == "announce" and self.at > self.agenda.now else None
