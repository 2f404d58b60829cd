"""The visitor's own appointments to come: a part of their home page, and a page of its own.

Neither says who the counsellor is: what this service shows a person of themselves names no member of staff.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from services.chassis.copies.centres import centre_names
from services.chassis.i18n import translate as _
from services.chassis.i18n import translate_number
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.definition import Runtime
from services.chassis.web import Reading, Router, Running, allow, page
from services.chassis.web.pages import fragment
from services.contracts.roles import Role
from services.scheduling.actions.own_booking import path_to_book
from services.scheduling.domain.notice import is_in_time
from services.scheduling.domain.states import (
    SeatStatus,
    WorkshopStatus,
    is_lapsed,
    is_offered,
    is_waitlisted,
    takes_seats,
)
from services.scheduling.pages.desk import length_word, video_of
from services.scheduling.settings import answer_of, rules_of_settings
from services.scheduling.store import Centre, Interview
from services.scheduling.store.booking_rules import rules_at
from services.scheduling.store.coming import ComingWorkshop, interviews_to_come, workshops_to_come
from services.scheduling.store.earlier import live_offers_of
from services.scheduling.store.feeds import feed_of_person
from services.scheduling.store.offers import standing_of

router = Router("/scheduling/mine", pages=True)
OwnVisitor = Annotated[Person, allow(Role.VISITOR)]


@dataclass(frozen=True, slots=True)
class Coming:
    """One appointment: an interview, or a workshop with its sessions that are not over.

    `changeable`: the visitor may still cancel or move it here. `video`: where it takes place, of an interview by video.
    """

    starts_at: datetime
    changeable: bool
    interview: Interview | None = None
    workshop: ComingWorkshop | None = None
    video: str | None = None
    until: datetime | None = None
    """Until when the person has to answer: a seat is kept for them, or an earlier time is offered."""
    lapsed: bool = False
    """The offer ended: the person may wait again."""

    @property
    def waits(self) -> bool:
        """Whether the person is on the waitlist, and has no place yet."""
        return self.workshop is not None and is_waitlisted(SeatStatus(self.workshop.seat.status))


def myself(person: Person) -> Collection[UUID]:
    """The signed-in visitor's references. Raises `NotFound`."""
    if person.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    return person.references


@router.get("")
async def own_appointments(request: Request, read: Reading, running: Running, person: OwnVisitor) -> Response:
    """The visitor's appointments to come."""
    return page(request, "scheduling/mine.html", **await _coming(read, running, myself(person)))


@router.get("/part")
async def own_part(request: Request, read: Reading, running: Running, person: OwnVisitor) -> Response:
    """The same, as a part of the visitor's home page."""
    values = await _coming(read, running, myself(person))
    return HTMLResponse(fragment(request, "scheduling/mine_part.html", **values))


def notice_words(notice: timedelta) -> str:
    """Until when a visitor may change an appointment here, as a sentence."""
    hours = int(notice / timedelta(hours=1))
    if not hours:
        return _("You can change an appointment here until it begins.")
    return translate_number(
        "You can change an appointment here until {hours} hour before. Later, telephone your centre.",
        "You can change an appointment here until {hours} hours before. Later, telephone your centre.",
        hours,
    ).format(hours=hours)


async def _workshop(session: AsyncSession, running: Runtime, one: ComingWorkshop, notice: timedelta) -> Coming:
    now, at = running.clock(), one.sessions[0].starts_at
    status, until = await standing_of(session, one.workshop, one.seat, now, answer_of(running))
    return Coming(
        at,
        _may_leave(one, at, now, notice),
        workshop=one,
        until=until if is_offered(status) else None,
        lapsed=is_lapsed(status),
    )


def _may_leave(one: ComingWorkshop, at: datetime, now: datetime, notice: timedelta) -> bool:
    """Whether a place may be left whose next session is then, or the waiting list at any time."""
    waits = is_waitlisted(SeatStatus(one.seat.status))
    return takes_seats(WorkshopStatus(one.workshop.status)) and (waits or is_in_time(at, now, notice))


async def _coming(session: AsyncSession, running: Runtime, refs: Collection[UUID]) -> dict[str, Any]:
    now, usual = running.clock(), rules_of_settings(running)
    booked, joined = await interviews_to_come(session, refs, now), await workshops_to_come(session, refs, now)
    centres = {one.centre for one in booked} | {one.workshop.centre for one in joined}
    kept = await rules_at(session, centres, usual)
    notices = {code: rules.visitor_notice for code, rules in kept.items()}
    earlier = await live_offers_of(session, [one.id for one in booked], now)
    interviews = [
        Coming(
            one.starts_at,
            one.arrived_at is None and is_in_time(one.starts_at, now, notices[one.centre]),
            interview=one,
            until=earlier[one.id].until if one.id in earlier else None,
            video=video_of(running, one, kept[one.centre]),
        )
        for one in booked
    ]
    workshops = [await _workshop(session, running, one, notices[one.workshop.centre]) for one in joined]
    return {
        "coming": sorted((*interviews, *workshops), key=lambda one: (one.lapsed, one.starts_at)),
        "may_book": not booked and await path_to_book(session, tuple(refs)) is not None,
        "centres": await centre_names(session, Centre),
        "length_word": length_word,
        "feed": await feed_of_person(session, refs),
        "new_id": uuid4(),
        "notice": notice_words(max(notices.values(), default=usual.visitor_notice)),  # holds at each of the centres
    }
