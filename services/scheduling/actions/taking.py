"""A counsellor takes the next person of the centre's waiting list, by area and language."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from services.chassis.copies.centres import known_centre
from services.chassis.copies.visits import Day
from services.chassis.storage.store import Work
from services.scheduling.actions import arrivals, information
from services.scheduling.actions.guidance import interview_of
from services.scheduling.domain.line import Advice, taken_by
from services.scheduling.domain.refusals import (
    AlreadyInInterview,
    HasAppointment,
    NobodyInLine,
    NotArrived,
    NotBooked,
    NotInTheRoom,
    StillInInterview,
)
from services.scheduling.store import Centre, Interview
from services.scheduling.store.availability import advice_at
from services.scheduling.store.interviews import booked_for
from services.scheduling.store.line import in_line, interview_under_way

_TRIED = 20
"""People at the head of the line who may be taken by others at the same moment, one press each."""


async def take_next(
    work: Work, code: str, counsellor: str, areas: Sequence[str] | None = None, languages: Sequence[str] | None = None
) -> Interview:
    """Start an interview with the person whose turn it is: the appointment of who came for one.

    `areas`, `languages`: only these, empty: all; None: those in which this counsellor advises.
    Concurrent calls get different people; a second one of the same counsellor is refused until the interview ends.
    Raises `UnknownCentre`, `StillInInterview`, `NobodyInLine`.
    """
    await work.find(Centre, code)  # locked: two calls of one counsellor follow each other
    centre = await known_centre(work.session, Centre, code)
    day = Day.of(centre, work.now)
    under_way = await interview_under_way(work.session, day, counsellor)
    if under_way is not None:
        raise StillInInterview(interview_id=under_way)
    team = await advice_at(work.session, code, counsellor)
    own = team[counsellor]
    chosen = Advice(
        own.areas if areas is None else frozenset(areas),
        own.languages if languages is None else frozenset(languages),
    )
    line = await in_line(work.session, day, counsellor, taken_by(chosen, list(team.values())), _TRIED)
    booked = await booked_for(work.session, line)
    for visit_id in line:
        with suppress(AlreadyInInterview, NotInTheRoom, HasAppointment, NotArrived, NotBooked):
            if visit_id in booked:
                return await _receive(work, booked[visit_id], counsellor)
            return await information.start(work, visit_id, counsellor)
    raise NobodyInLine(centre=centre.name)


async def _receive(work: Work, interview_id: UUID, counsellor: str) -> Interview:
    """Start the appointment, if it is this counsellor's and nobody has started it meanwhile."""
    interview = await interview_of(work, interview_id)
    if interview.counsellor != counsellor or interview.started_at is not None:
        raise HasAppointment()
    await arrivals.receive(work, interview)
    return interview
