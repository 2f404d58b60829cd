"""What stands in a calendar that another program subscribes to: times, centre, room, kind; no name, no text, no link.

A workshop stands under its title if the public page of the centre shows that too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.calendars.writing import Entry, subscription
from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate, word_of
from services.chassis.runtime.clock import BRUSSELS
from services.contracts.appointments import AppointmentMode
from services.contracts.queue import seat_appointment
from services.contracts.scheduling import AppointmentStatus
from services.scheduling.domain.feeds import AHEAD, PAST, REFRESH, digest
from services.scheduling.domain.states import SeatStatus, has_seat, is_cancelled
from services.scheduling.domain.times import is_midnight
from services.scheduling.store import Alias, Centre, CounsellorAbsence, Interview, Workshop
from services.scheduling.store.availability import absences_between
from services.scheduling.store.counsellors import accounts_with_code, is_bookable
from services.scheduling.store.feeds import (
    CounsellorFeed,
    FedSession,
    VisitorFeed,
    cancelled_sessions,
    counsellor_feed,
    held_for_counsellor,
    interviews_of_counsellor,
    interviews_of_person,
    sessions_of_person,
    visitor_feed,
)
from services.scheduling.store.rooms import RoomNames, room_names


async def calendar_at(session: AsyncSession, secret: str, now: datetime, public_url: str) -> bytes | None:
    """The calendar with this secret. None: there is none, it was ended, or its counsellor has left."""
    stored = digest(secret)
    if (counsellors := await counsellor_feed(session, stored)) is not None:
        return await _of_counsellor(session, counsellors, now, public_url.rstrip("/"))
    if (visitors := await visitor_feed(session, stored)) is not None:
        return await _of_visitor(session, visitors, now)
    return None


async def _of_counsellor(session: AsyncSession, feed: CounsellorFeed, now: datetime, url: str) -> bytes | None:
    """A counsellor's interviews, sessions and absences at all centres. None: no centre books with them any more."""
    code, start, end = feed.counsellor, now - PAST, now + AHEAD
    team = await accounts_with_code(session, code)
    if not any(is_bookable(one, centre) for one in team for centre in one.centres):
        return None
    interviews = await interviews_of_counsellor(session, code, start, end, now)
    others, sessions = await held_for_counsellor(session, code, start, end)
    sessions += await cancelled_sessions(session, code, start, end, now)
    absences = await absences_between(session, [code], start, end)
    write = await _writer(session, feed, [*interviews, *others, *(one.workshop for one in sessions)])
    entries = [write.interview(one, f"{url}/scheduling/interviews/{one.id}") for one in (*interviews, *others)]
    entries += [write.session(one, f"{url}/scheduling/workshops/{one.workshop.id}") for one in sessions]
    entries += [write.absence(one) for one in absences]
    return subscription(_in_order(entries), translate("My appointments at the centre", feed.language), REFRESH)


async def _of_visitor(session: AsyncSession, feed: VisitorFeed, now: datetime) -> bytes:
    """A visitor's interviews and sessions, of all their registrations; nobody of the team is named."""
    start, end = now - PAST, now + AHEAD
    refs = await references_of(session, Alias, feed.subject_ref)
    interviews = await interviews_of_person(session, refs, start, end, now)
    sessions = await sessions_of_person(session, refs, start, end, now)
    write = await _writer(session, feed, [*interviews, *(one.workshop for one in sessions)])
    entries = [*(write.interview(one) for one in interviews), *(write.session(one) for one in sessions)]
    return subscription(_in_order(entries), translate("My appointments at the centre", feed.language), REFRESH)


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    """In order of time: the same calendar is the same text."""
    return sorted(entries, key=lambda one: (one.starts_at, str(one.id)))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes entries in one language. `made_at`: of the calendar, as the time of what has no other one."""

    lang: str
    made_at: datetime
    centres: Mapping[str, Centre]
    rooms: Mapping[str, RoomNames]

    def interview(self, one: Interview, url: str = "") -> Entry:
        """A guidance interview."""
        entry = self._entry(one, one.starts_at, one.minutes, translate("Guidance interview", self.lang), url)
        entry = replace(entry, id=one.id, location=self._place(one.centre, one.room, AppointmentMode(one.mode)))
        if is_cancelled(AppointmentStatus(one.status)):
            return replace(entry, cancelled=True, stamped_at=one.cancelled_at or self.made_at)
        return entry

    def session(self, one: FedSession, url: str = "") -> Entry:
        """A session of a workshop; of a visitor's, the appointment that their seat in it is."""
        seat, workshop = one.seat, one.workshop
        what = translate("Workshop", self.lang)
        if workshop.published:
            what = translate("Workshop “{title}”", self.lang).format(title=workshop.title)
        entry = self._entry(workshop, one.session.starts_at, one.session.minutes, what, url)
        id = one.session.id if seat is None else seat_appointment(one.session.id, seat.id)
        entry = replace(entry, id=id, location=self._place(workshop.centre, workshop.room))
        left = seat is not None and not has_seat(SeatStatus(seat.status))
        ended_at = seat.released_at if seat is not None and left else workshop.cancelled_at
        if not left and ended_at is not None and one.session.starts_at <= ended_at:
            return entry  # it had begun
        return replace(entry, cancelled=True, stamped_at=ended_at or self.made_at) if left or ended_at else entry

    def absence(self, one: CounsellorAbsence) -> Entry:
        """An absence; of whole days, as days. Its reason is kept nowhere."""
        what = translate("Absence", self.lang)
        days = is_midnight(one.starts_at, BRUSSELS) and is_midnight(one.ends_at, BRUSSELS)
        return Entry(one.id, 0, self.made_at, one.starts_at, one.ends_at, BRUSSELS, what, whole_days=days)

    def _entry(self, of: Interview | Workshop, starts_at: datetime, minutes: int, what: str, url: str) -> Entry:
        """What all have. The number of the last event about it grows with each change."""
        centre = self.centres.get(of.centre)
        zone, ends_at = centre.zone if centre is not None else BRUSSELS, starts_at + timedelta(minutes=minutes)
        return Entry(of.id, max(0, of.version - 1), self.made_at, starts_at, ends_at, zone, what, url=url)

    def _place(self, centre: str, room: str | None, mode: AppointmentMode = AppointmentMode.IN_PERSON) -> str:
        """Where it is: never the address of a video link, nor of a person's home."""
        known = self.centres.get(centre)
        name = known.name if known is not None else centre
        if mode is not AppointmentMode.IN_PERSON:
            return f"{name} ({word_of(mode, lang=self.lang)})"
        return f"{self.rooms[centre][room]}, {name}" if room is not None else name


async def _writer(
    session: AsyncSession, feed: CounsellorFeed | VisitorFeed, of: Sequence[Interview | Workshop]
) -> _Writer:
    rooms = {centre: await room_names(session, centre) for centre in sorted({one.centre for one in of})}
    return _Writer(feed.language, feed.made_at, await centre_copies(session, Centre), rooms)
