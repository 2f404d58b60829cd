"""What the counsellors' pages share: the person's centres, parsing of dates, words of lengths and reasons."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.i18n import by_name, language_name, translate_number, word_of
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import signer
from services.chassis.refusals import Invalid, NotFound, msg, with_words
from services.chassis.service.definition import Runtime
from services.chassis.web import allow
from services.contracts.appointments import AppointmentMode
from services.contracts.arrivals import INTERPRETED, OTHER_LANGUAGE
from services.contracts.roles import Role
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.contracts.values import day_of
from services.scheduling.actions.video import video_link
from services.scheduling.domain import times
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.rules import GUIDANCE_MINUTES, REASON_LABELS, UNCHOSEN_LABELS, may_book
from services.scheduling.domain.states import is_booked
from services.scheduling.store import Centre, GuidancePath, Interview
from services.scheduling.store.availability import CounsellorProfile
from services.scheduling.store.counsellors import counsellors_of
from services.scheduling.store.interviews import held_and_booked
from services.scheduling.store.rooms import active_rooms

Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]
Booker = Annotated[Person, allow(Role.COUNSELLOR, Role.FRONT_DESK)]
"""Who books for a person: by telephone, the front desk too."""

SIDES = (("visitor", msg("The person")), ("centre", msg("The centre")))
with_words(dict(SIDES))


class NotADate(Invalid):
    """The date or the time cannot be parsed."""

    slug = "not-a-date"
    message = msg("Choose a date and a time, for example 09:15.")
    field_name = "date"


def booked_by(interview: Interview | None, person: Person) -> Interview:
    """An interview of the reader's centre. The front desk books appointments, and sees no other interviews.

    Raises `NotFound`.
    """
    found = own(interview, person, msg("interview"))
    if found.kind != InterviewKind.GUIDANCE and not person.has(Role.COUNSELLOR):
        raise NotFound(what=msg("interview"))
    return found


async def desk_of(session: AsyncSession, person: Person, code: str = "") -> tuple[Centre, list[Centre]]:
    """The requested centre, else the person's first; and all of theirs. Raises `WrongCentre`, `NotFound`."""
    if code:
        person.at(code)
    found = [centre for one in person.centres if (centre := await session.get(Centre, one))]
    own = sorted(found, key=lambda one: by_name(one.name))
    chosen = next((centre for centre in own if centre.code == code), None) if code else next(iter(own), None)
    if chosen is None:
        raise NotFound(what=msg("centre"))
    return chosen, own


async def counsellor_choices(session: AsyncSession, centre: str) -> list[tuple[str, str]]:
    """The counsellors of a centre to choose from: their codes and names."""
    return [(one.code, one.name) for one in await counsellors_of(session, centre)]


async def room_choices(session: AsyncSession, centre: str) -> list[tuple[str, str]]:
    """The rooms of a centre to choose from: their codes, and their names with how many people fit in."""
    return [
        (
            one.code,
            one.name
            if one.capacity is None
            else translate_number("{room} ({places} place)", "{room} ({places} places)", one.capacity).format(
                room=one.name, places=one.capacity
            ),
        )
        for one in await active_rooms(session, centre)
    ]


def mode_choices(kept: BookingRules) -> list[tuple[str, str]]:
    """How an interview can take place, in the reader's language; by video, with a warning if there is no address."""
    words = {mode.value: word_of(mode) for mode in AppointmentMode}
    if kept.video_address is None:
        video = AppointmentMode.VIDEOCONFERENCE.value
        words[video] = _("{mode} (the centre has no address for it yet)").format(mode=words[video])
    return _choices(words)


def interpreter_choices(chosen: str | None = None) -> list[tuple[str, str]]:
    """The languages of interpreters to choose from, in the order of their names. `chosen`: the one until now."""
    listed = {*INTERPRETED, chosen or OTHER_LANGUAGE} - {OTHER_LANGUAGE}
    named = sorted(((code, language_name(code)) for code in listed), key=lambda one: by_name(one[1]))
    return [*named, (OTHER_LANGUAGE, language_name(OTHER_LANGUAGE))]


def video_of(running: Runtime, interview: Interview, kept: BookingRules) -> str | None:
    """Where a booked interview by video takes place. None: it is none, or the centre has no address for it."""
    by_video = interview.arrangement.mode is AppointmentMode.VIDEOCONFERENCE
    if not by_video or not is_booked(AppointmentStatus(interview.status)):
        return None
    return video_link(kept.video_address, interview.id, signer(running.settings))


async def may_book_on(session: AsyncSession, path: GuidancePath) -> bool:
    """Whether one more interview may be booked on this path: only then a page offers it."""
    if path.closed_at is not None or path.subject_ref is None:
        return False
    return await has_room_on(session, path)


async def has_room_on(session: AsyncSession, path: GuidancePath) -> bool:
    """Whether this path, open or closed, has room for one more interview that counts."""
    held, booked = await held_and_booked(session, path.id)
    return may_book(path.method, held, booked, due=path.finalising_due_at is not None)


def parse_moment(centre: Centre, day: str, clock: str, field: str = "time") -> datetime:
    """A typed date and local time of a centre, in UTC. Raises `NotADate`, `NoSuchLocalTime`."""
    try:
        naive = datetime.combine(day_of(day), time.fromisoformat(clock))
    except ValueError:
        raise NotADate() from None
    if naive.tzinfo is not None:
        raise NotADate()
    return times.from_local(naive, centre.zone, field)


def parse_day(text: str, default: date) -> date:
    """The date in a URL; `default` without one. Raises `NotADate`."""
    try:
        return day_of(text) if text else default
    except ValueError:
        raise NotADate() from None


def length_word(minutes: int) -> str:
    """How long something takes: minutes below one hour, hours, or both."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return translate_number("{minutes} minute", "{minutes} minutes", rest).format(minutes=rest)
    if not rest:
        return translate_number("{hours} hour", "{hours} hours", hours).format(hours=hours)
    both = translate_number("{hours} hour {minutes} min", "{hours} hours {minutes} min", hours)
    return both.format(hours=hours, minutes=f"{rest:02}")


def lengths() -> list[tuple[int, str]]:
    """The lengths of a guidance interview, in the reader's language."""
    return [(minutes, length_word(minutes)) for minutes in GUIDANCE_MINUTES]


def reasons() -> list[tuple[str, str]]:
    """The reasons for cancelling to choose from, in the reader's language."""
    return [(reason.value, _(label)) for reason, label in REASON_LABELS.items()]


def reason_labels() -> dict[str, str]:
    """The words of every reason that may be recorded, also those that nobody chooses."""
    return dict(reasons()) | {code: _(label) for code, label in UNCHOSEN_LABELS.items()}


def sides() -> list[tuple[str, str]]:
    """The sides that may cancel, in the reader's language."""
    return [(side, _(label)) for side, label in SIDES]


def spoken_by(profiles: Iterable[CounsellorProfile]) -> list[tuple[str, str]]:
    """The languages that these counsellors have entered, to choose from; fewer than two: no choice."""
    spoken = {language for one in profiles for language in one.languages}
    return [(code, language_name(code)) for code in sorted(spoken)] if len(spoken) > 1 else []


def halves() -> list[tuple[str, str]]:
    """The halves of the day to choose from."""
    return _choices({half.value: _(label) for half, label in times.HALF_LABELS.items()})


def _choices(words: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, word[:1].upper() + word[1:]) for code, word in words.items()]
