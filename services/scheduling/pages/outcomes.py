"""The end of an interview with its outcome, what undoes it, and the page that corrects the outcome."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.i18n import translate as _
from services.chassis.i18n import word_of
from services.chassis.identity.ownership import own
from services.chassis.refusals import msg, with_words
from services.chassis.service.definition import runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, apply_form, page, read_form, see_other
from services.contracts.envelope import AreaCode
from services.contracts.outcomes import NOTHING_STATED, InformationTopic, InterviewOutcome, NextStep
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.contracts.values import Version, YesNo
from services.scheduling.actions import arrivals, guidance, information, outcomes, resuming
from services.scheduling.domain.outcomes import Result, may_correct
from services.scheduling.pages.desk import Counsellor, length_word
from services.scheduling.store import Centre, Interview

router = Router("/scheduling/interviews", pages=True)


class GuidanceAnswer(StrEnum):
    """Whether guidance was offered, and taken: one choice on the page."""

    NOT_STATED = "not-stated"
    NONE = "none"
    OFFERED = "offered"
    TAKEN = "taken"


ANSWERS = {
    GuidanceAnswer.NOT_STATED: msg("Not stated"),
    GuidanceAnswer.NONE: msg("Guidance not offered"),
    GuidanceAnswer.OFFERED: msg("Offered, not accepted"),
    GuidanceAnswer.TAKEN: msg("Offered and accepted"),
}
with_words(ANSWERS)


class StepForm(Body):
    """A button beside an interview."""

    version: Version


class OutcomeForm(StepForm):
    """How an interview ended. Without a next step the outcome is not stated: no page sends that."""

    area: AreaCode | None = None
    topics: list[InformationTopic] = Field([], max_length=len(InformationTopic))
    next_step: NextStep | None = None
    guidance: GuidanceAnswer = GuidanceAnswer.NOT_STATED
    referral_wanted: YesNo = False

    def result(self) -> Result | None:
        """With what the interview is held."""
        if self.next_step is None:
            return None
        outcome = InterviewOutcome(
            topics=tuple(topic.value for topic in InformationTopic if topic in self.topics),
            next_step=self.next_step.value,
            guidance_offered=self.guidance in (GuidanceAnswer.OFFERED, GuidanceAnswer.TAKEN),
            guidance_taken=self.guidance is GuidanceAnswer.TAKEN,
            guidance_stated=self.guidance is not GuidanceAnswer.NOT_STATED,
            referral_wanted=self.referral_wanted,
        )
        return Result(self.area, outcome)


class CorrectionForm(OutcomeForm):
    """The outcome as it should be."""

    next_step: NextStep = NextStep.NOT_STATED  # pyright: ignore[reportIncompatibleVariableOverride]


@router.post("/{id}/finish")
async def finish(
    id: UUID, form: Annotated[OutcomeForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Finish an interview with its outcome."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    if interview.kind == InterviewKind.INFORMATION:
        await information.finish(work, interview, form.version, form.result())
    else:
        await guidance.hold(work, interview, form.version, form.result())
    length = length_word(interview.minutes)
    if interview.closed_by is None:
        done = _("Interview finished. Length: {length}.").format(length=length)
    else:
        done = _("Interview finished. Length until the centre closed: {length}.").format(length=length)
    return see_other(request, f"/scheduling/?centre={interview.centre}", done=done)


@router.post("/{id}/undo-hold")
async def undo_hold(
    id: UUID, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """The end of an interview was recorded by mistake."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await resuming.resume(work, interview, form.version)
    done = _("The interview goes on. Its outcome is removed.")
    if interview.kind == InterviewKind.GUIDANCE and interview.started_at is None:
        done = _("The interview is booked again. Its outcome is removed.")
    return see_other(request, f"/scheduling/?centre={interview.centre}", done=done)


@router.post("/{id}/undo")
async def undo(
    id: UUID, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Undo an interview that was started by mistake: while it runs; without appointment, shortly after its end too."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    if interview.kind == InterviewKind.INFORMATION:
        await information.undo(work, interview, form.version)
    else:
        await arrivals.undo_start(work, interview, form.version)
    done = _("The interview is not counted. The person gets their place back, unless the front desk ended the visit.")
    return see_other(request, f"/scheduling/?centre={interview.centre}", done=done)


@router.get("/{id}/outcome")
async def outcome_page(id: UUID, request: Request, read: Reading, person: Counsellor) -> Response:
    """The outcome of an interview, to be corrected on its day."""
    return await _outcome_page(request, own(await read.get(Interview, id), person, msg("interview")), read)


@router.post("/{id}/outcome")
async def correct(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Correct the outcome."""

    async def act(work: Work, form: CorrectionForm) -> None:
        interview = own(await guidance.interview_of(work, id), person, msg("interview"))
        if (result := form.result()) is not None:
            await outcomes.correct(work, interview, result, form.version)

    interview = own(await read.get(Interview, id), person, msg("interview"))
    filled, typed, errors = await read_form(request, CorrectionForm)
    if filled is not None:
        _done, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, f"/scheduling/?centre={interview.centre}", done=_("The outcome is saved."))
    return await _outcome_page(request, interview, read, typed, errors)


async def _outcome_page(
    request: Request,
    interview: Interview,
    session: Reading,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    centre = await session.get_one(Centre, interview.centre)
    now, status = runtime_of(request).clock(), AppointmentStatus(interview.status)
    changed_meanwhile = "version" in (errors or {})
    return page(
        request,
        "scheduling/outcome.html",
        status=422 if errors else 200,
        interview=interview,
        centre_name=centre.name,
        may_correct=may_correct(status, interview.ended_at, now, centre.zone),
        choices=outcome_choices(centre),
        changed_meanwhile=changed_meanwhile,
        form=_UNTICKED | typed if typed and not changed_meanwhile else form_of(interview),
        errors=errors or {},
        length_word=length_word,
    )


def outcome_choices(centre: Centre) -> dict[str, list[tuple[str, str]]]:
    """What the fields of an outcome offer, in the reader's language."""
    return {
        "area": [(code, area_label(code)) for code in centre.areas],
        "topics": [(one.value, _capital(word_of(one))) for one in InformationTopic],
        "next_step": [(one.value, _capital(word_of(one))) for one in NextStep],
        "guidance": [(answer.value, _(words)) for answer, words in ANSWERS.items()],
    }


def form_of(interview: Interview) -> dict[str, Any]:
    """The fields of an interview's outcome, with their defaults where none is stated."""
    outcome = interview.result or NOTHING_STATED
    return {
        "version": interview.version,
        "area": interview.area or "",
        "topics": list(outcome.topics),
        "next_step": outcome.next_step,
        "guidance": _answer(outcome).value,
        "referral_wanted": ["true"] if outcome.referral_wanted else [],
    }


def is_filled_in(interview: Interview) -> bool:
    """Whether its outcome says anything, which is lost when its end is undone."""
    return interview.result is not None


def _answer(outcome: InterviewOutcome) -> GuidanceAnswer:
    if not outcome.guidance_stated:
        return GuidanceAnswer.NOT_STATED
    if not outcome.guidance_offered:
        return GuidanceAnswer.NONE
    return GuidanceAnswer.TAKEN if outcome.guidance_taken else GuidanceAnswer.OFFERED


_UNTICKED: dict[str, Any] = {
    "version": "",
    "area": "",
    "topics": [],
    "next_step": NextStep.NOT_STATED.value,
    "guidance": GuidanceAnswer.NOT_STATED.value,
    "referral_wanted": [],
}
"""The form with nothing in it: what is not ticked, a browser does not send."""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
