"""What a path needs before one more interview is booked on it: its visitor's consent, and room for the interview."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.aliases import references_of
from services.chassis.storage.store import Work
from services.contracts.scheduling import Method
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.paths import between_others, check_reflection, reflecting, reflection_ends
from services.scheduling.domain.times import Interval
from services.scheduling.store import Alias, GuidancePath, Interview, KnownPerson
from services.scheduling.store.coming import same_appointment
from services.scheduling.store.interviews import counted_and_numbered, counted_starts, held_and_booked


async def check_one_more(work: Work, path: GuidancePath, zone: ZoneInfo) -> int:
    """Which of the interviews that the path allows the next one takes, from 1. The path is locked.

    Raises `PersonUnknown`, `ConsentMissing`, `PathIsClosed` and what `rules.check_path_capacity` raises.
    """
    if path.subject_ref is None:
        raise refusals.PersonUnknown()
    await check_consent(work, path.subject_ref)
    rules.check_path_open(path.closed_at, path.closed_because, zone)
    return await next_place(work, path)


async def next_place(work: Work, path: GuidancePath) -> int:
    """As `check_one_more`, also on a path that is closed or whose visitor no longer consents.

    Raises what `rules.check_path_capacity` raises.
    """
    held, booked = await held_and_booked(work.session, path.id)
    rules.check_path_capacity(path.method, held, booked, due=path.finalising_due_at is not None)
    work.guard("interviews_counted_once", rules.too_many(path.method, held, booked))
    counted, _numbers = await counted_and_numbered(work.session, path.id)
    return rules.first_free(counted)


async def check_time_to_reflect(
    session: AsyncSession, interview: Interview, zone: ZoneInfo, reflection: timedelta
) -> None:
    """Raises `TimeToReflect`: too near another interview of its individual path. `reflection`: zero leaves none."""
    if reflection and interview.path_id is not None and interview.method == Method.INDIVIDUAL:
        others = await counted_starts(session, interview.path_id, besides=interview.id)
        check_reflection(interview.starts_at, others, reflection, zone)


async def reflected_from(
    session: AsyncSession, path: GuidancePath, zone: ZoneInfo, reflection: timedelta
) -> date | None:
    """The first local day after the time for reflection on an individual path. None: none is kept, or none yet."""
    if not reflection or path.method != Method.INDIVIDUAL:
        return None
    return reflection_ends(await counted_starts(session, path.id), reflection, zone)


async def times_to_reflect(
    session: AsyncSession,
    path_id: UUID | None,
    zone: ZoneInfo,
    reflection: timedelta,
    moved: Interview | None = None,
) -> list[Interval]:
    """The times in which no further interview of an individual path is proposed: `check_reflection` refuses them.

    `moved`: the interview of the path that is to be moved. If the team booked it sooner, it may go on being so.
    """
    path = await session.get(GuidancePath, path_id) if path_id is not None and reflection else None
    if path is None or path.method != Method.INDIVIDUAL:
        return []
    others = await counted_starts(session, path.id, besides=moved.id if moved is not None else None)
    found = reflecting(others, reflection, zone)
    sooner = moved is not None and any(begins <= moved.starts_at < ends for begins, ends in found)
    return [] if sooner else found


async def limits_of_move(
    session: AsyncSession, interview: Interview, zone: ZoneInfo, reflection: timedelta
) -> tuple[datetime | None, datetime | None]:
    """Between which moments a visitor may move their interview, as `between_others` says; of no path without limits."""
    if interview.path_id is None or interview.method != Method.INDIVIDUAL:
        return None, None
    others = await counted_starts(session, interview.path_id, besides=interview.id)
    return between_others(interview.starts_at, others, reflection, zone)


async def next_day(session: AsyncSession, path_id: UUID | None, zone: ZoneInfo, reflection: timedelta) -> date | None:
    """The first local day on which the next interview of an individual path is proposed: after all others.

    None: it has none yet, or is none.
    """
    path = await session.get(GuidancePath, path_id) if path_id is not None else None
    if path is None or path.method != Method.INDIVIDUAL:
        return None
    return reflection_ends(await counted_starts(session, path.id), reflection, zone)


async def check_path(work: Work, interview: Interview, zone: ZoneInfo) -> None:
    """The path of an interview that is moved is open: the end of a path frees what is later. So does a withdrawal.

    Raises `PathIsClosed`, `PersonUnknown` of an erased person, `ConsentMissing`.
    The path is locked before the interview, as `guidance.interview_of` does.
    """
    path = await work.find(GuidancePath, interview.path_id) if interview.path_id is not None else None
    if path is not None:
        rules.check_path_open(path.closed_at, path.closed_because, zone)
    if interview.subject_ref is None:
        raise refusals.PersonUnknown()
    await check_consent(work, interview.subject_ref)


async def check_not_booked_already(
    session: AsyncSession, subject_ref: UUID | None, counsellor: str, starts_at: datetime, zone: ZoneInfo
) -> None:
    """A form that is sent again is answered by what the first one booked. Raises `AlreadyBooked`."""
    refs = await references_of(session, Alias, subject_ref) if subject_ref is not None else ()
    found = await same_appointment(session, refs, counsellor, starts_at)
    if found is not None:
        raise refusals.AlreadyBooked(at=starts_at.astimezone(zone), interview_id=found)


async def check_consent(work: Work, subject_ref: UUID) -> None:
    """The visitor still consents to guidance; one of an imported path was never registered. Raises `ConsentMissing`.

    Read without a lock, under that of the path: a withdrawal waits for the path, or was committed before.
    """
    person = await work.session.get(KnownPerson, subject_ref, populate_existing=True)
    if person is not None:
        rules.check_consent(person.purposes)
