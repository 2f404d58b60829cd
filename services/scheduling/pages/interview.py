"""One interview: moved, cancelled, missed, held."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import language_name
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.service.definition import Runtime, runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, apply_form, page, read_form, see_other
from services.contracts.appointments import AppointmentMode
from services.contracts.arrivals import Language
from services.contracts.envelope import StaffCode
from services.contracts.roles import Role
from services.contracts.scheduling import AppointmentStatus, PathOutcome, Side
from services.contracts.text import Key
from services.contracts.values import Version, Whole, YesNo
from services.scheduling.actions import guidance, no_shows
from services.scheduling.actions.availability import Meant
from services.scheduling.domain.arrangement import Arrangement
from services.scheduling.domain.outcomes import resumed_until
from services.scheduling.domain.rules import NO_SHOW_UNDONE_WITHIN, OUTCOME_LABELS, CancelReason, may_undo_no_show
from services.scheduling.pages.desk import (
    Booker,
    Counsellor,
    booked_by,
    counsellor_choices,
    halves,
    has_room_on,
    interpreter_choices,
    length_word,
    lengths,
    may_book_on,
    mode_choices,
    parse_moment,
    reason_labels,
    reasons,
    room_choices,
    sides,
    video_of,
)
from services.scheduling.pages.earlier import spoken_at, standing_of
from services.scheduling.pages.held_early import began_by_default, began_today
from services.scheduling.pages.offers import times_to_move_to
from services.scheduling.pages.outcomes import is_filled_in
from services.scheduling.settings import horizon_of, rules_of_settings
from services.scheduling.store import Centre, GuidancePath, Interview
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.interviews import on_path
from services.scheduling.store.rooms import room_names

router = Router("/scheduling", pages=True)


class StepForm(Body):
    """A button on an interview's page."""

    version: Version


class HoldForm(StepForm):
    """That it took place. `began_at`: the local time at which it began today, if that was sooner than it is booked."""

    began_at: Key = ""


class CancelForm(StepForm):
    """Which side cancels, and why."""

    cancelled_by: Side = Side.VISITOR
    reason: CancelReason = CancelReason.OTHER


class MoveForm(StepForm):
    """The new time, counsellor, room and mode."""

    date: Key = ""
    time: Key = ""
    minutes: Annotated[int, Whole()] = 60
    counsellor: StaffCode | None = None
    room: StaffCode | None = None
    mode: AppointmentMode | None = None
    interpreter_language: Language | None = None
    outside_working_hours: YesNo = False
    while_busy: YesNo = False


@router.get("/interviews/{id}")
async def interview_page(
    id: UUID,
    request: Request,
    read: Reading,
    person: Booker,
    date: Key = "",
    time: Key = "",
    counsellor: Key = "",
) -> Response:
    """One interview, with its actions. `date`, `time`, `counsellor`: a free time that was chosen to move it to."""
    chosen = {"date": date, "time": time, "counsellor": counsellor}
    return await _interview_page(request, read, id, person, form={name: one for name, one in chosen.items() if one})


@router.post("/interviews/{id}/hold")
async def hold(id: UUID, request: Request, read: Reading, running: Running, person: Counsellor) -> Response:
    """Record that the interview took place; if that is sooner than it is booked, when it began."""

    async def act(work: Work, form: HoldForm) -> None:
        interview = own(await guidance.interview_of(work, id), person, msg("interview"))
        began_at = None
        if form.began_at or (interview.starts_at > work.now and interview.started_at is None):
            began_at = began_today(await work.session.get_one(Centre, interview.centre), form.began_at, work.now)
        await guidance.hold(work, interview, form.version, began_at=began_at)

    filled, typed, errors = await read_form(request, HoldForm)
    if filled is not None:
        _held, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, f"/scheduling/interviews/{id}", done=_("Recorded: the interview took place."))
    return await _interview_page(request, read, id, person, status=422, errors=errors, form=typed)


@router.post("/interviews/{id}/missed")
async def missed(
    id: UUID, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """Record a no-show."""
    await no_shows.miss(work, own(await guidance.interview_of(work, id), person, msg("interview")), form.version)
    return see_other(request, f"/scheduling/interviews/{id}", done=_("Absence recorded."))


@router.post("/interviews/{id}/undo-missed")
async def undo_missed(
    id: UUID, form: Annotated[StepForm, Form()], request: Request, work: Working, person: Counsellor
) -> Response:
    """The no-show was recorded by mistake."""
    await no_shows.undo_miss(work, own(await guidance.interview_of(work, id), person, msg("interview")), form.version)
    return see_other(request, f"/scheduling/interviews/{id}", done=_("The absence is undone: the interview is booked."))


@router.post("/interviews/{id}/cancel")
async def cancel(
    id: UUID, form: Annotated[CancelForm, Form()], request: Request, work: Working, person: Booker
) -> Response:
    """Cancel the interview."""
    interview = booked_by(await guidance.interview_of(work, id), person)
    await guidance.cancel(work, interview, by=form.cancelled_by, reason=form.reason.value, version=form.version)
    return see_other(
        request, f"/scheduling/interviews/{id}", done=_("The interview is cancelled. The time is free again.")
    )


@router.post("/interviews/{id}/move")
async def move(id: UUID, request: Request, read: Reading, running: Running, person: Booker) -> Response:
    """Move the interview to another time, counsellor or room."""

    async def act(work: Work, form: MoveForm) -> None:
        interview = booked_by(await guidance.interview_of(work, id), person)
        centre = await work.session.get_one(Centre, interview.centre)
        await guidance.move(
            work,
            interview,
            counsellor=form.counsellor or interview.counsellor,
            room=form.room or None,
            starts_at=parse_moment(centre, form.date, form.time),
            minutes=form.minutes,
            arrangement=Arrangement(form.mode, form.interpreter_language) if form.mode else None,
            version=form.version,
            horizon=horizon_of(running),
            meant=Meant(form.outside_working_hours, form.while_busy),
        )

    filled, typed, errors = await read_form(request, MoveForm)
    if filled is not None:
        _moved, errors = await apply_form(request, running, lambda work: act(work, filled))
    if not errors:
        return see_other(request, f"/scheduling/interviews/{id}", done=_("The interview is moved."))
    return await _interview_page(request, read, id, person, status=422, errors=errors, form=typed)


async def _undo_until(
    running: Runtime, session: AsyncSession, interview: Interview, path: GuidancePath | None
) -> datetime | None:
    """Until when the no-show can be undone. None: it cannot, or it is none."""
    if not may_undo_no_show(AppointmentStatus(interview.status), interview.starts_at, running.clock()):
        return None
    if path is None or interview.subject_ref is None or not await has_room_on(session, path):
        return None
    return interview.starts_at + NO_SHOW_UNDONE_WITHIN


async def _interview_page(
    request: Request,
    session: AsyncSession,
    id: UUID,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    form: dict[str, Any] | None = None,
) -> Response:
    interview, advises = booked_by(await session.get(Interview, id), person), person.has(Role.COUNSELLOR)
    running, centre = runtime_of(request), await session.get_one(Centre, interview.centre)
    local = interview.starts_at.astimezone(centre.zone)
    path = await session.get(GuidancePath, interview.path_id) if interview.path_id and advises else None
    kept = await rules_of(session, centre.code, rules_of_settings(running))
    earlier = await standing_of(session, running, interview, centre)
    named = {one.counsellor for one in (interview, earlier.offer) if one is not None}
    booked = {
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "minutes": interview.minutes,
        "counsellor": interview.counsellor,
        "room": interview.room or "",
        "mode": interview.mode,
        "interpreter_language": interview.interpreter_language,
        "outside_working_hours": False,
        "while_busy": False,
        "began_at": began_by_default(centre, interview.minutes, running.clock()),
    }
    return page(
        request,
        "scheduling/interview.html",
        status=status,
        interview=interview,
        advises=advises,
        video=video_of(running, interview, kept),
        is_filled_in=is_filled_in,
        resume_until=resumed_until(AppointmentStatus(interview.status), interview.ended_at, running.clock()),
        undo_until=await _undo_until(running, session, interview, path),
        earlier=earlier,
        halves=halves(),
        spoken=[(code, language_name(code)) for code in await spoken_at(session, centre)],
        begun=interview.starts_at <= running.clock(),
        centre_name=centre.name,
        path=path,
        closed_because=_(OUTCOME_LABELS[PathOutcome(path.closed_because)]) if path and path.closed_because else None,
        siblings=await on_path(session, path.id) if path else [],
        may_book=path is not None and await may_book_on(session, path),
        lengths=lengths(),
        length_word=length_word,
        errors=errors or {},
        names=await counsellor_names(session, sorted(named)),
        counsellors=await counsellor_choices(session, interview.centre),
        rooms=await room_names(session, interview.centre),
        room_choices=await room_choices(session, interview.centre),
        modes=mode_choices(kept),
        interpreters=interpreter_choices(interview.interpreter_language),
        form=booked | (form or {}),
        free=await times_to_move_to(session, runtime_of(request), centre, interview, form if errors else None),
        reasons=reasons(),
        sides=sides(),
        reason_labels=reason_labels(),
    )
