"""First interviews that visitors book on the public pages: a time is held, and booked once the contact is confirmed.

The interview has the id of the hold, so that the database accepts each confirmation once.
"""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import centre_names, known_centre
from services.chassis.storage.store import Cause, Store, Work
from services.contracts.consent import Purpose
from services.contracts.public_booking import ConfirmedPerson
from services.scheduling.actions import guidance, holds, paths
from services.scheduling.actions.calendar import also_needed
from services.scheduling.actions.people import known_person
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.holds import is_live, prolonged
from services.scheduling.domain.public_booking import (
    LOST,
    MINUTES,
    SPARE,
    ConfirmationUsedUp,
    GuidedElsewhere,
    NotPublic,
    PersonErased,
    TimeTaken,
)
from services.scheduling.store import Alias, Centre, Interview, KnownPerson, SlotHold
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.coming import interviews_to_come
from services.scheduling.store.copies import insert_known_person
from services.scheduling.store.holds import has_quarter_hours
from services.scheduling.store.paths import centre_of, open_individual_path
from services.scheduling.store.slots import NEXT_TIMES, FreeTime, Search, calendars_of, free_times, who_is_free

_TRIES = 3
"""How often a free counsellor is looked for: others may take the one who was found."""
T = TypeVar("T")


async def first_free(store: Store, cause: Cause | None, act: Callable[[Work, int], Awaitable[T]]) -> T:
    """The answer of `act`, in the first unit of work in which nobody takes the time of the counsellor it found.

    `act` gets the number of the unit, from 0. Raises what the last one raises.
    """
    for number in range(_TRIES - 1):
        with suppress(*LOST):
            async with store.work(cause) as work:
                return await act(work, number)
    async with store.work(cause) as work:
        return await act(work, _TRIES - 1)


async def public_rules(session: AsyncSession, centre: str, usual: BookingRules) -> BookingRules:
    """The rules of a centre at which visitors book. Raises `NotPublic`."""
    kept = await rules_of(session, centre, usual)
    if not kept.public:
        raise NotPublic()
    return kept


def search_of(kept: BookingRules, centre: Centre, now: datetime) -> Search:
    """What of a centre's time is offered: all days, so much before the notice that the contact can be confirmed."""
    today = now.astimezone(centre.zone).date()
    return Search(today, today + kept.horizon, MINUTES, now, kept.horizon, kept.notice + SPARE)


async def live_hold(session: AsyncSession, owner: str, now: datetime) -> SlotHold | None:
    """What this browser holds now: for itself that time is free. Nothing for one without a cookie."""
    held = await session.get(SlotHold, owner)
    return held if held is not None and is_live(held.expires_at, now) else None


async def hold_time(
    work: Work, owner: str, centre: str, area: str, language: str | None, starts_at: datetime, usual: BookingRules
) -> SlotHold:
    """Hold this time of any counsellor who suits, rather of the one whose it is already held.

    Raises `NotPublic`, `TimeTaken`, and as `hold_slot`.
    """
    copy = await known_centre(work.session, Centre, centre, area)
    kept = await public_rules(work.session, centre, usual)
    await work.find(SlotHold, owner)
    held = await live_hold(work.session, owner, work.now)
    wish = _Wish(starts_at, area, language, held.counsellor if held is not None else None)
    search = replace(search_of(kept, copy, work.now), besides=held.id if held is not None else None)
    found = await _free_at(work.session, copy, search, wish)
    if found is None:
        raise TimeTaken()
    return await holds.hold_slot(
        work,
        owner,
        centre=centre,
        counsellor=found.counsellor,
        starts_at=starts_at,
        minutes=MINUTES,
        area=area,
        horizon=kept.horizon,
    )


async def keep_until(work: Work, hold_id: UUID, at: datetime, until: datetime) -> None:
    """The hold lasts until then, as its contact is to be confirmed. `at`: when that was asked, while it lasted.

    Where that arrives later, the time may be another person's by now: then the hold ends.
    """
    held = await _hold_with(work, hold_id)
    if held is None or not is_live(held.expires_at, at):
        return
    if is_live(held.expires_at, work.now) or (work.now < until and await has_quarter_hours(work.session, held)):
        held.expires_at = prolonged(held.made_at, held.expires_at, work.now, until - work.now)
    else:
        await holds.give_back(work, held.owner)


async def book_confirmed(
    work: Work, token: ConfirmedPerson, starts_at: datetime | None, usual: BookingRules, *, of_any: bool = False
) -> Interview:
    """Book what was confirmed, once; again, it is what was booked. Who has an appointment keeps that one alone.

    `starts_at`: another time than the held one, chosen because that was lost. `of_any`: with any counsellor who is
    free, because the one of the hold is not.

    Raises `ConfirmationUsedUp`, `PersonErased`, `GuidedElsewhere`, `TimeTaken`, and as `guidance.book`.
    """
    if token.expires_at <= work.now:
        raise ConfirmationUsedUp()
    refs = await _admitted(work, token)
    open_one = await open_booking(work.session, refs, work.now)
    used = await work.session.get(Interview, token.held.hold_id, populate_existing=True)
    if used is not None and used.subject_ref not in refs:
        raise ConfirmationUsedUp()
    held = await _hold_with(work, token.held.hold_id)
    if used is not None or open_one is not None:
        if held is not None:
            await holds.give_back(work, held.owner)
        return used or _one(open_one)
    at = starts_at or token.held.starts_at
    if held is not None and held.starts_at == at and is_live(held.expires_at, work.now) and not of_any:
        return await holds.book_held(work, held, await _path(work, token), horizon=usual.horizon)
    return await _book(work, token, held, at, usual)


async def _admitted(work: Work, token: ConfirmedPerson) -> tuple[UUID, ...]:
    """The references of the person, locked, who is known from the token if no event came yet. Raises `PersonErased`."""
    await insert_known_person(
        work.session,
        KnownPerson(
            id=token.subject_ref,
            correlation_id=token.correlation_id,
            centre=token.registered_at_centre,
            purposes=list(token.purposes),
            registered_at=token.registered_at,
        ),
    )
    person = await work.load(KnownPerson, token.subject_ref)
    if person.erased_at is not None:
        raise PersonErased()
    if Purpose.GUIDANCE not in person.purposes:
        person.purposes = sorted({*person.purposes, *token.purposes})
    return (await known_person(work, token.subject_ref))[1]


async def _book(
    work: Work, token: ConfirmedPerson, held: SlotHold | None, starts_at: datetime, usual: BookingRules
) -> Interview:
    path_id = await _path(work, token)
    centre = await known_centre(work.session, Centre, token.held.centre)
    kept = await rules_of(work.session, centre.code, usual)
    search = replace(search_of(kept, centre, work.now), notice=kept.notice, besides=token.held.hold_id)
    wish = _Wish(starts_at, token.held.area, token.held.language, held.counsellor if held is not None else None)
    found = await _free_at(work.session, centre, search, wish)
    if found is None:
        raise TimeTaken()
    if held is not None:
        await holds.give_back(work, held.owner)
    return await guidance.book(
        work,
        path_id,
        counsellor=found.counsellor,
        room=None,
        starts_at=starts_at,
        minutes=MINUTES,
        horizon=usual.horizon,
        id=token.held.hold_id,
    )


async def _path(work: Work, token: ConfirmedPerson) -> UUID:
    """The open individual path of the person, or a new one. Raises `GuidedElsewhere`."""
    refs = await references_of(work.session, Alias, token.subject_ref)
    unfinished = await open_individual_path(work.session, refs, token.held.centre)
    centre = await centre_of(work.session, unfinished) if unfinished is not None else token.held.centre
    if centre is not None and centre != token.held.centre:
        raise GuidedElsewhere(centre=(await centre_names(work.session, Centre)).get(centre, centre))
    return await paths.individual_path(work, token.subject_ref, token.held.centre, token.held.area)


async def open_booking(session: AsyncSession, refs: Collection[UUID], now: datetime) -> Interview | None:
    """The next booked interview that the person with these references has, of any service, and also one under way."""
    return next(iter(await interviews_to_come(session, refs, now)), None)


async def booked_by(session: AsyncSession, token: ConfirmedPerson, now: datetime) -> Interview | None:
    """What was booked with this token, or what its person had booked already."""
    refs = await references_of(session, Alias, token.subject_ref)
    used = await session.get(Interview, token.held.hold_id)
    if used is not None:
        return used if used.subject_ref in refs else None
    return await open_booking(session, refs, now)


async def times_instead(
    session: AsyncSession, token: ConfirmedPerson, now: datetime, usual: BookingRules
) -> list[datetime]:
    """The next free times from the lost one on, of any counsellor, at which the person is free too."""
    centre = await known_centre(session, Centre, token.held.centre)
    kept = await rules_of(session, centre.code, usual)
    also = await also_needed(session, centre.code, None, token.subject_ref)
    search = replace(search_of(kept, centre, now), notice=kept.notice, also=also, besides=token.held.hold_id)
    first = max(now, token.held.starts_at).astimezone(centre.zone).date()
    search = replace(search, first=first, last=min(search.last, first + timedelta(days=30)))
    calendars = await calendars_of(session, [centre], area=token.held.area, language=token.held.language)
    found = (await free_times(session, [centre], calendars, search)).starts()
    return [at for at in found if at >= token.held.starts_at][:NEXT_TIMES]


@dataclass(frozen=True, slots=True)
class _Wish:
    """A time, for what, and in which language; `rather`: with this counsellor, if free."""

    starts_at: datetime
    area: str
    language: str | None
    rather: str | None


async def _free_at(session: AsyncSession, centre: Centre, search: Search, wish: _Wish) -> FreeTime | None:
    """A counsellor who suits and is free then."""
    calendars = await calendars_of(session, [centre], area=wish.area, language=wish.language)
    return await who_is_free(session, centre, calendars, search, wish.starts_at, rather=wish.rather)


async def _hold_with(work: Work, id: UUID) -> SlotHold | None:
    """The hold with this id, locked, unless its owner chose another time since."""
    owner = await work.session.scalar(sa.select(col(SlotHold.owner)).where(col(SlotHold.id) == id))
    held = await work.find(SlotHold, owner) if owner is not None else None
    return held if held is not None and held.id == id else None


def _one(interview: Interview | None) -> Interview:
    assert interview is not None
    return interview
