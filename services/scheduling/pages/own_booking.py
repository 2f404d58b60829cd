"""A visitor books their next interview on their own page: they choose a free time, which is held, and confirm it.

Like the other pages of visitors, these name no member of staff.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.aliases import references_of
from services.chassis.i18n import moment_text
from services.chassis.i18n import translate as _
from services.chassis.refusals import msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import Runtime
from services.chassis.web import Body, Reading, Router, Running, Working, page, see_other
from services.contracts.scheduling import Method
from services.contracts.text import Key
from services.contracts.values import Moment
from services.scheduling.actions import own_booking
from services.scheduling.actions.calendar import also_needed
from services.scheduling.actions.own_booking import OWN_MINUTES
from services.scheduling.actions.path_rules import reflected_from
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.holds import is_live, owner_of_person
from services.scheduling.domain.times import HALF_LABELS, Half, is_in_half
from services.scheduling.pages.desk import halves, length_word, parse_day, spoken_by
from services.scheduling.pages.mine import OwnVisitor, myself
from services.scheduling.pages.own_changes import DAYS, HOME, FreeDays
from services.scheduling.settings import reflection_of, rules_of_settings
from services.scheduling.store import Alias, Centre, GuidancePath, Interview, SlotHold
from services.scheduling.store.availability import profiles_of
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.coming import interviews_to_come
from services.scheduling.store.slots import FreeTime, Search, calendars_of, free_days, who_is_free

router = Router("/scheduling/mine/book", pages=True)
HERE = "/scheduling/mine/book"
USUAL_DAYS = 2
"""Days with free times of the counsellor whom the visitor knows."""


class ChooseForm(Body):
    """A time of the page, and the language for which it was searched."""

    starts_at: Moment
    language: Key = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the visitor looks for. `language`: of the counsellor; `half`: of the day; empty: any."""

    day: str
    half: str
    language: str

    def suits(self, centre: Centre) -> Callable[[datetime], bool]:
        """Whether a time is in the half of the day that was asked for."""
        half = Half(self.half) if self.half in HALF_LABELS else None
        return lambda at: is_in_half(at, half, centre.zone)


@router.get("")
async def free(
    request: Request,
    read: Reading,
    running: Running,
    person: OwnVisitor,
    day: Key = "",
    half: Key = "",
    language: Key = "",
) -> Response:
    """The earliest free times of the counsellors of the visitor's centre. `day`: the first day to look at."""
    refs = await _references(read, myself(person))
    coming = await interviews_to_come(read, refs, running.clock())
    path = None if coming else await own_booking.path_to_book(read, refs)
    values: dict[str, Any] = {"path": path, "coming": coming[0] if coming else None}
    if path is not None:
        values |= await _free_values(read, running, path, refs, Wish(day, half, language))
    return page(request, "scheduling/mine_book.html", **values)


@router.post("")
async def choose(
    form: Annotated[ChooseForm, Form()],
    request: Request,
    work: Working,
    running: Running,
    person: OwnVisitor,
) -> Response:
    """Hold the chosen time, and ask for confirmation."""
    refs = await _references(work.session, myself(person))
    path = await own_booking.path_to_book(work.session, refs)
    if path is None:
        raise refusals.NothingToBook()
    found = await _who_is_free(work.session, running, path, refs, form)
    held = await own_booking.choose(
        work,
        owner_of_person(refs[0]),
        refs,
        counsellor=found.counsellor,
        starts_at=form.starts_at,
        usual=rules_of_settings(running),
        reflection=reflection_of(running),
    )
    return see_other(request, f"{HERE}/{held.id}")


@router.get("/{id}")
async def held_time(id: UUID, request: Request, read: Reading, running: Running, person: OwnVisitor) -> Response:
    """The time that is held for the visitor, to be confirmed; once it is booked, its page."""
    refs = await _references(read, myself(person))
    made = await read.get(Interview, id)
    if made is not None and made.subject_ref in refs:
        return see_other(request, f"/scheduling/mine/interviews/{id}")
    held = await read.get(SlotHold, owner_of_person(refs[0]))
    if held is None or held.id != id:
        return see_other(request, HERE, error=_(refusals.HoldOver.message))
    return page(
        request,
        "scheduling/mine_book_confirm.html",
        held=held,
        live=is_live(held.expires_at, running.clock()),
        centre=await read.get(Centre, held.centre),
        length_word=length_word,
    )


@router.post("/{id}")
async def confirm(id: UUID, request: Request, work: Working, running: Running, person: OwnVisitor) -> Response:
    """Book it. Sent again, it changes nothing more."""
    refs = await _references(work.session, myself(person))
    made = await own_booking.confirm(
        work,
        owner_of_person(refs[0]),
        refs,
        id,
        usual=rules_of_settings(running),
        reflection=reflection_of(running),
    )
    done = _("Your appointment is booked: {at}.").format(at=moment_text(made.starts_at.astimezone(BRUSSELS)))
    return see_other(request, HOME, done=done)


async def _references(session: AsyncSession, known: Collection[UUID]) -> tuple[UUID, ...]:
    """All references of the visitor, the kept one first: also what was merged after they signed in."""
    return await references_of(session, Alias, next(iter(known)))


async def _search(
    session: AsyncSession,
    now: datetime,
    kept: BookingRules,
    centre: Centre,
    refs: Sequence[UUID],
    day: str,
    reflected: date | None = None,
) -> Search:
    """The search from the day that was asked for, if times are free then, to the end of what can be booked.

    `reflected`: the first day after the time for reflection.
    """
    notice = max(kept.visitor_notice, kept.notice)
    soonest = max((now + notice).astimezone(centre.zone).date(), reflected or date.min)
    last = now.astimezone(centre.zone).date() + kept.horizon
    held = await session.get(SlotHold, owner_of_person(refs[0]))
    return Search(
        max(soonest, min(parse_day(day, soonest), last)),
        last,
        OWN_MINUTES,
        now,
        kept.horizon,
        notice,
        also=await also_needed(session, centre.code, None, refs[0]),
        besides=held.id if held is not None else None,
    )


async def _free_values(
    session: AsyncSession, running: Runtime, path: GuidancePath, refs: Sequence[UUID], wish: Wish
) -> dict[str, Any]:
    centre = await session.get_one(Centre, path.centre)
    kept = await rules_of(session, centre.code, rules_of_settings(running))
    reflected = await reflected_from(session, path, centre.zone, reflection_of(running))
    search = await _search(session, running.clock(), kept, centre, refs, wish.day, reflected)
    of_area = await calendars_of(session, [centre], area=path.area)
    calendars = await calendars_of(session, [centre], area=path.area, language=wish.language or None)
    usual = await own_booking.usual_counsellor(session, path)
    theirs = [one for one in calendars if one[0] == usual]
    suits = wish.suits(centre)
    known, _more = await free_days(session, centre, theirs, search, most=USUAL_DAYS, suits=suits)
    others = [one for one in calendars if one[0] != usual]
    days, later = await free_days(session, centre, others, search, most=DAYS, suits=suits)
    return {
        "centre": centre,
        "collective": path.method == Method.COLLECTIVE,
        "known": known,
        "free": FreeDays(days, later, search.first if wish.day else None),
        "wish": wish,
        "first": search.first,
        "reflected": reflected if reflected and reflected > running.clock().astimezone(centre.zone).date() else None,
        "halves": halves(),
        "spoken": spoken_by((await profiles_of(session, {code for code, _at in of_area})).values()),
        "length": length_word(OWN_MINUTES),
    }


async def _who_is_free(
    session: AsyncSession, running: Runtime, path: GuidancePath, refs: Sequence[UUID], form: ChooseForm
) -> FreeTime:
    """The counsellor whom the visitor knows, if free at the chosen time, else the least busy one. Raises `Overlap`."""
    centre = await session.get_one(Centre, path.centre)
    kept = await rules_of(session, centre.code, rules_of_settings(running))
    search = await _search(session, running.clock(), kept, centre, refs, "")
    usual = await own_booking.usual_counsellor(session, path)
    calendars = await calendars_of(session, [centre], area=path.area, language=form.language or None)
    who = await who_is_free(session, centre, calendars, search, form.starts_at, rather=usual)
    if who is None:
        at = form.starts_at.astimezone(centre.zone)
        raise refusals.Overlap(about="counsellor", what=msg("the counsellor is not free"), at=at)
    return who
