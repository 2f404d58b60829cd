"""A visitor asks for an earlier time of their own interview, and answers what is offered. Names no member of staff."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from starlette.responses import Response

from services.chassis.i18n import language_name, moment_text
from services.chassis.i18n import translate as _
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.web import Reading, Router, Running, Working, page, see_other
from services.contracts.scheduling import Side
from services.scheduling.actions import earlier
from services.scheduling.pages.desk import halves, length_word
from services.scheduling.pages.earlier import AskForm, spoken_at, standing_of
from services.scheduling.pages.mine import OwnVisitor, myself
from services.scheduling.settings import horizon_of, reflection_of, rules_of_settings
from services.scheduling.store import Centre, Interview

router = Router("/scheduling/mine", pages=True)


def _here(id: UUID) -> str:
    return f"/scheduling/mine/interviews/{id}/earlier"


@router.get("/interviews/{id}/earlier")
async def earlier_time(id: UUID, request: Request, read: Reading, running: Running, person: OwnVisitor) -> Response:
    """The interview on the list of earlier times: an offer to answer, or since when they wait, or the form to ask."""
    interview = await read.get(Interview, id)
    if interview is None or interview.subject_ref not in myself(person):
        raise NotFound(what=msg("interview"))
    centre = await read.get_one(Centre, interview.centre)
    return page(
        request,
        "scheduling/mine_earlier.html",
        interview=interview,
        centre=centre,
        earlier=await standing_of(read, running, interview, centre),
        halves=halves(),
        spoken=[(code, language_name(code)) for code in await spoken_at(read, centre)],
        length_word=length_word,
    )


@router.post("/interviews/{id}/earlier")
async def ask(
    id: UUID,
    form: Annotated[AskForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    person: OwnVisitor,
) -> Response:
    """Ask for an earlier time. Sent again, the place on the list stays."""
    await earlier.ask(
        work,
        id,
        by=Side.VISITOR,
        usual=rules_of_settings(running),
        refs=myself(person),
        others=form.others,
        language=form.language,
        half=form.half,
    )
    done = _("You are on the list. We write to you when an earlier time becomes free.")
    return see_other(request, _here(id), done=done)


@router.post("/interviews/{id}/earlier/leave")
async def leave(id: UUID, request: Request, work: Working, person: OwnVisitor) -> Response:
    """Leave the list. Sent again, it changes nothing more."""
    await earlier.leave(work, id, refs=myself(person))
    done = _("You are no longer on the list. Your appointment stays as it is.")
    return see_other(request, _here(id), done=done)


@router.post("/earlier/{id}/accept")
async def accept(id: UUID, request: Request, work: Working, running: Running, person: OwnVisitor) -> Response:
    """Take the offered time, if nobody was faster. Sent again, it changes nothing more."""
    moved = await earlier.accept(
        work,
        id,
        by=Side.VISITOR,
        horizon=horizon_of(running),
        reflection=reflection_of(running),
        refs=myself(person),
    )
    done = _("Your appointment is moved: {at}.").format(at=moment_text(moved.starts_at.astimezone(BRUSSELS)))
    return see_other(request, f"/scheduling/mine/interviews/{moved.id}", done=done)


@router.post("/earlier/{id}/decline")
async def decline(id: UUID, request: Request, work: Working, person: OwnVisitor) -> Response:
    """Keep the booked time. Sent again, it changes nothing more."""
    kept = await earlier.decline(work, id, by=Side.VISITOR, refs=myself(person))
    done = _("Thank you for your answer. Your appointment stays as it is.")
    return see_other(request, _here(kept.id), done=done)
