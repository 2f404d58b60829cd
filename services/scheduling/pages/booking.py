"""The form that books a guidance interview."""

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.aliases import references_of
from services.chassis.copies.areas import area_label
from services.chassis.i18n import translate as _
from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import Invalid, msg
from services.chassis.service.definition import Runtime, runtime_of
from services.chassis.storage.store import Work
from services.chassis.web import Reading, Router, Running, apply_form, page, read_form, see_other
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.contracts.text import Key
from services.contracts.values import Whole, YesNo
from services.scheduling.actions import guidance, paths
from services.scheduling.actions.availability import Meant
from services.scheduling.actions.holds import give_back
from services.scheduling.claims import staff_code
from services.scheduling.domain.arrangement import Arrangement
from services.scheduling.domain.holds import owner_of_account
from services.scheduling.pages.booking_form import BookForm, ForWhom, first_day, slots_beside, uuid_of
from services.scheduling.pages.desk import (
    Booker,
    counsellor_choices,
    desk_of,
    interpreter_choices,
    lengths,
    may_book_on,
    mode_choices,
    parse_moment,
    room_choices,
)
from services.scheduling.pages.offers import kept_until
from services.scheduling.settings import horizon_of, reflection_of, rules_of_settings
from services.scheduling.store import Alias, Centre, GuidancePath, Interview, KnownPerson, SlotHold
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.coming import same_appointment
from services.scheduling.store.copies import recently_registered
from services.scheduling.store.interviews import counted_on
from services.scheduling.store.paths import open_individual_path, paths_of_person

router = Router("/scheduling/interviews", pages=True)


@router.get("/new")
async def new(
    request: Request,
    read: Reading,
    person: Booker,
    centre: Key = "",
    who: Annotated[Key, Query(alias="person")] = "",
    path: Key = "",
    area: Key = "",
    date: Key = "",
    time: Key = "",
    minutes: Annotated[int, Whole()] = 60,
    counsellor: Key | None = None,
    room: Key = "",
    mode: Key = "",
    interpreter_language: Key = "",
    free: Key = "",
    sooner: YesNo = False,
    after: UUID | None = None,
) -> Response:
    """The form, prefilled from the query: a visitor, a path, or all fields when searching for a free time.

    `free`: a chosen free time, instead of the typed one; `after`: the last person of the page of people before.
    """
    form = BookForm.model_construct(
        centre=centre,
        person=who,
        path=path,
        area=area,
        date=date,
        time=free or time,
        minutes=minutes,
        counsellor=staff_code(person) or "" if counsellor is None else counsellor,
        room=room,
        mode=mode,
        interpreter_language=interpreter_language,
        sooner=sooner,
    )
    return await _form_page(request, read, form, person, after=after)


@router.post("/new")
async def book(request: Request, read: Reading, running: Running, person: Booker) -> Response:
    """Book an interview, and open a path if the visitor has none. A refusal rolls both back."""
    filled, typed, errors = await read_form(request, BookForm)
    form = filled or BookForm.model_construct(**typed)
    centre_copy, _own = await desk_of(read, person, form.centre)
    if not (uuid_of(form.person) or uuid_of(form.path)):
        errors = {"person": _("Choose a person.")} | errors
    if not errors:
        interview, errors = await apply_form(
            request, running, lambda work: _book(work, form, centre_copy, person, running)
        )
        if interview is not None:
            return see_other(request, _page_of(interview, person), done=_("The appointment is booked."))
    return await _form_page(request, read, form, person, status=422, errors=errors)


def _page_of(interview: Interview, person: Person) -> str:
    """A counsellor goes on with the interview, the front desk with the code for the arrival."""
    if person.has(Role.COUNSELLOR):
        return f"/scheduling/interviews/{interview.id}"
    return f"/intake/visitors/{interview.subject_ref}/appointments"


async def _book(work: Work, form: BookForm, centre: Centre, person: Person, running: Runtime) -> Interview:
    starts_at = parse_moment(centre, form.date, form.time)
    path_id, subject_ref = uuid_of(form.path), uuid_of(form.person)
    await _lock_person(work, path_id, subject_ref)
    await give_back(work, owner_of_account(person.subject))
    if path_id is None and subject_ref is not None:
        path_id = await paths.individual_path(work, subject_ref, centre.code, form.area or None)
    path = own(await work.find(GuidancePath, path_id), person, msg("path"))
    return await guidance.book(
        work,
        path.id,
        counsellor=form.counsellor or staff_code(person) or "",
        room=form.room or None,
        starts_at=starts_at,
        minutes=form.minutes,
        arrangement=Arrangement(form.mode, form.interpreter_language),
        horizon=horizon_of(running),
        meant=Meant(form.outside_working_hours, form.while_busy),
        reflection=timedelta() if form.sooner else reflection_of(running),
    )


async def _lock_person(work: Work, path_id: UUID | None, subject_ref: UUID | None) -> None:
    """The person before the hold: the order of locks in docs/architecture.md."""
    path = await work.session.get(GuidancePath, path_id) if path_id is not None else None
    subject_ref = path.subject_ref if path is not None else subject_ref
    if subject_ref is not None:
        await work.prefetch(KnownPerson, await references_of(work.session, Alias, subject_ref))


async def _form_page(
    request: Request,
    session: AsyncSession,
    form: BookForm,
    person: Person,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    after: UUID | None = None,
) -> Response:
    centre_copy, _own = await desk_of(session, person, form.centre)
    chosen = uuid_of(form.person)
    path = await session.get(GuidancePath, found) if (found := uuid_of(form.path)) else None
    if path is not None and path.centre != centre_copy.code:
        path = None
    subject_ref = path.subject_ref if path else chosen
    refs = await references_of(session, Alias, subject_ref) if subject_ref else ()
    unfinished = await open_individual_path(session, refs, centre_copy.code) if refs and path is None else None
    whom = ForWhom(subject_ref, path.id if path else unfinished)
    earliest = await first_day(session, runtime_of(request), centre_copy, whom.path_id)
    is_later = earliest > runtime_of(request).clock().astimezone(centre_copy.zone).date()
    if status == 200 and not form.date and (form.time or is_later):  # a free time of the day that is shown
        form = form.model_copy(update={"date": earliest.isoformat()})
    counsellors = dict(await counsellor_choices(session, centre_copy.code))
    rooms = await room_choices(session, centre_copy.code)
    room = form.room if form.room in dict(rooms) else None  # any text may have been typed
    held = await session.get(SlotHold, owner_of_account(person.subject))
    slots = await slots_beside(
        runtime_of(request), session, centre_copy, form, counsellors, room, whom, held, refused=status == 422
    )
    booked = await _booked_already(session, form, centre_copy, person, refs) if errors else None
    people, last_person = await recently_registered(session, centre_copy.code, after=after)
    counsels = person.has(Role.COUNSELLOR)
    theirs = await paths_of_person(session, refs)
    return page(
        request,
        "scheduling/book.html",
        status=status,
        centre=centre_copy,
        centre_name=centre_copy.name,
        form=form,
        errors=_once(slots.get("errors", {}), errors or {}),
        people=[] if subject_ref else people,
        last_person=last_person,
        subject_ref=subject_ref,
        path=path,
        last=None
        if path is None or await may_book_on(session, path)
        else (await counted_on(session, [path.id])).get(path.id),
        due=[one for one in theirs if counsels and one.centre == centre_copy.code and await _is_due(session, one)],
        areas=[(code, area_label(code)) for code in centre_copy.areas],
        lengths=lengths(),
        counsellors=counsellors,
        counsellor_name=counsellors.get(form.counsellor or ""),
        room_choices=rooms,
        modes=mode_choices(await rules_of(session, centre_copy.code, rules_of_settings(runtime_of(request)))),
        interpreters=interpreter_choices(),
        slots=slots | ({"first": []} if booked else {}),
        booked=booked and _page_of(booked, person),
        counsels=counsels,
        kept_until=kept_until(held, centre_copy, runtime_of(request).clock(), dict(form)),
    )


async def _booked_already(
    session: AsyncSession, form: BookForm, centre: Centre, person: Person, refs: Collection[UUID]
) -> Interview | None:
    """The appointment that the form asks for, if it was booked before: the form was sent again."""
    try:
        starts_at = parse_moment(centre, form.date, form.time)
    except Invalid:
        return None
    counsellor = form.counsellor or staff_code(person) or ""
    found = await same_appointment(session, refs, counsellor, starts_at)
    return await session.get(Interview, found) if found is not None else None


def _once(of_day: dict[str, str], refused: dict[str, str]) -> dict[str, str]:
    """The faults of the form. A day that is too far ahead is refused for its day, and not for its time too."""
    return of_day | {name: one for name, one in refused.items() if not of_day or name != "starts_at"}


async def _is_due(session: AsyncSession, path: GuidancePath) -> bool:
    """Whether the final interview of a workshop can be booked on this path."""
    return path.method == Method.COLLECTIVE and await may_book_on(session, path)
