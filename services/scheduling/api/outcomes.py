"""Taking the next person, and the outcome of an interview."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Body, Router, Working
from services.contracts.arrivals import Language
from services.contracts.envelope import AreaCode
from services.contracts.envelope import CentreCode as Centre
from services.contracts.outcomes import InformationTopic, InterviewOutcome, NextStep
from services.contracts.scheduling import InterviewKind
from services.contracts.values import Moment, YesNo
from services.scheduling.actions import guidance, information, outcomes, resuming, taking
from services.scheduling.api.interviews import InterviewOut
from services.scheduling.api.roles import PREFIX, Change, Counsellor
from services.scheduling.claims import required_staff_code
from services.scheduling.domain.outcomes import Result
from services.scheduling.store import Interview

router = Router(PREFIX, tags=["interviews"])


class Taking(Body):
    """Whose turn it is. Left out: the needs and the languages of the caller; an empty list: all."""

    centre: Centre
    areas: list[AreaCode] | None = Field(None, max_length=20)
    languages: Annotated[
        list[Language] | None,
        Field(max_length=60, description="Of interpreters, by their codes of ISO 639. Who needs none is always taken."),
    ] = None


class OutcomeBody(Body):
    """What the interview informed about, what follows, and whether guidance and a referral were a subject."""

    topics: list[InformationTopic] = Field([], max_length=len(InformationTopic))
    next_step: NextStep = NextStep.NOT_STATED
    guidance_offered: YesNo | None = Field(None, description="Null: not stated.")
    guidance_taken: YesNo = Field(False, description="Guidance that was taken was offered.")
    referral_wanted: YesNo = False

    def outcome(self) -> InterviewOutcome:
        """The outcome in codes, each topic once, in the order of the list."""
        return InterviewOutcome(
            topics=tuple(topic.value for topic in InformationTopic if topic in self.topics),
            next_step=self.next_step.value,
            guidance_offered=bool(self.guidance_offered),
            guidance_stated=self.guidance_offered is not None,
            guidance_taken=self.guidance_taken,
            referral_wanted=self.referral_wanted,
        )


class Holding(Change):
    """Left out: the outcome is not stated, the need stays."""

    outcome: OutcomeBody | None = None
    area: AreaCode | None = None
    began_at: Moment | None = Field(
        None,
        description="Of an appointment that took place sooner than it was booked for, and was not started here: when "
        "it began, earlier today. Null: not stated.",
    )


class Correction(Change):
    """The whole outcome as it should be. `area` left out: the need stays."""

    outcome: OutcomeBody
    area: AreaCode | None = None


def _result(body: Holding, interview: Interview) -> Result | None:
    """With what the interview is held. None: its outcome is not stated."""
    if body.outcome is None:
        return None
    return Result(body.area if "area" in body.model_fields_set else interview.area, body.outcome.outcome())


@router.post("/waiting/next", status_code=201)
async def take_next(body: Taking, work: Working, person: Counsellor) -> InterviewOut:
    """Start an interview with the person whose turn it is: first who has priority or an appointment with the caller.

    Then first come, first served, among those who wait for no desk, no other counsellor, and are not on hold.
    Refused while the caller is in an interview at this centre (`interview_id`): two presses take one person.
    """
    code = required_staff_code(person)
    taken = await taking.take_next(work, person.at(body.centre), code, body.areas, body.languages)
    return InterviewOut.of(taken)


@router.post("/interviews/{id}/hold")
async def hold_interview(id: UUID, body: Holding, work: Working, person: Counsellor) -> InterviewOut:
    """Record that an interview took place: a booked one, or a running information interview, with its outcome."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    if interview.kind == InterviewKind.INFORMATION:
        await information.finish(work, interview, body.version, _result(body, interview))
    else:
        await guidance.hold(work, interview, body.version, _result(body, interview), body.began_at)
    return InterviewOut.of(interview)


@router.post("/interviews/{id}/undo-hold")
async def undo_hold(id: UUID, body: Change, work: Working, person: Counsellor) -> InterviewOut:
    """The end of an interview was recorded by mistake: it goes on, or is booked as it was, without outcome.

    Until 10 minutes after its end. The visit goes on with it. Refused on a path that has ended since.
    """
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await resuming.resume(work, interview, body.version)
    return InterviewOut.of(interview)


@router.put("/interviews/{id}/outcome")
async def correct_outcome(id: UUID, body: Correction, work: Working, person: Counsellor) -> InterviewOut:
    """Correct the outcome of an interview on the day on which it was held."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    area = body.area if "area" in body.model_fields_set else interview.area
    await outcomes.correct(work, interview, Result(area, body.outcome.outcome()), body.version)
    return InterviewOut.of(interview)
