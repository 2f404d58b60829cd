"""What a path needs before one more interview is booked on it: its visitor's consent, and room for the interview."""

from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.storage.store import Work
from services.scheduling.domain import refusals, rules
from services.scheduling.store import GuidancePath, Interview, KnownPerson
from services.scheduling.store.interviews import counted_and_numbered, held_and_booked


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


async def check_path(work: Work, interview: Interview, zone: ZoneInfo) -> None:
    """The path of an interview that is moved is open: the end of a path frees what is later. Raises `PathIsClosed`.

    The path is locked before the interview, as `guidance.interview_of` does.
    """
    path = await work.find(GuidancePath, interview.path_id) if interview.path_id is not None else None
    if path is not None:
        rules.check_path_open(path.closed_at, path.closed_because, zone)


async def check_consent(work: Work, subject_ref: UUID) -> None:
    """The visitor still consents to guidance; one of an imported path was never registered. Raises `ConsentMissing`.

    Read without a lock, under that of the path: a withdrawal waits for the path, or was committed before.
    """
    person = await work.session.get(KnownPerson, subject_ref, populate_existing=True)
    if person is not None:
        rules.check_consent(person.purposes)
