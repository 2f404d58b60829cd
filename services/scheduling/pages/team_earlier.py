"""The team puts an interview on the list of earlier times, and answers an offer in the person's name."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Request
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.web import Router, Running, Working, see_other
from services.contracts.scheduling import Side
from services.scheduling.actions import earlier, guidance
from services.scheduling.pages.desk import Booker, booked_by
from services.scheduling.pages.earlier import AskForm
from services.scheduling.settings import horizon_of, reflection_of, rules_of_settings

router = Router("/scheduling", pages=True)


@router.post("/interviews/{id}/earlier")
async def ask(
    id: UUID,
    form: Annotated[AskForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    person: Booker,
) -> Response:
    """Put it on the list for the person. Sent again, the place stays."""
    booked_by(await guidance.interview_of(work, id), person)
    await earlier.ask(
        work,
        id,
        by=Side.CENTRE,
        usual=rules_of_settings(running),
        others=form.others,
        language=form.language,
        half=form.half,
    )
    return see_other(request, f"/scheduling/interviews/{id}#earlier", done=_("The person is on the list."))


@router.post("/interviews/{id}/earlier/leave")
async def leave(id: UUID, request: Request, work: Working, person: Booker) -> Response:
    """Take it off the list. Sent again, it changes nothing more."""
    booked_by(await guidance.interview_of(work, id), person)
    await earlier.leave(work, id)
    return see_other(request, f"/scheduling/interviews/{id}#earlier", done=_("The person is no longer on the list."))


@router.post("/interviews/{id}/earlier/{offer_id}/{answer}")
async def answer_earlier(
    id: UUID,
    offer_id: UUID,
    answer: Literal["accept", "decline"],
    request: Request,
    work: Working,
    running: Running,
    person: Booker,
) -> Response:
    """Answer an offer in the person's name."""
    booked_by(await guidance.interview_of(work, id), person)
    accepts = answer == "accept"
    await earlier.answer_for(
        work, id, offer_id, accepts=accepts, horizon=horizon_of(running), reflection=reflection_of(running)
    )
    done = _("The interview is moved.") if accepts else _("The interview stays as it is booked.")
    return see_other(request, f"/scheduling/interviews/{id}#earlier", done=done)
