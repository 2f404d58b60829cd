"""Visitors book their next interview themselves: they choose a time, which is held, and confirm it.

`refs`: the visitor's references, the kept one first. `owner`: whose hold it is, by the kept reference; a visitor has
one hold, so that two tabs cannot book two times.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import known_centre
from services.chassis.storage.store import Work
from services.contracts.scheduling import AppointmentStatus, Method
from services.scheduling.actions import holds
from services.scheduling.actions.own import as_taken
from services.scheduling.actions.path_rules import reflected_from
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.holds import is_live
from services.scheduling.domain.notice import check_far_enough
from services.scheduling.domain.states import is_held
from services.scheduling.store import Centre, GuidancePath, Interview, KnownPerson, SlotHold, Workshop
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.coming import interviews_to_come
from services.scheduling.store.interviews import held_and_booked, on_path
from services.scheduling.store.paths import paths_of_person

OWN_MINUTES = 60
"""How long an interview is that a visitor books. The team books two hours where they are needed."""


async def path_to_book(session: AsyncSession, refs: Sequence[UUID]) -> GuidancePath | None:
    """The open path on which the visitor may book one more interview; a final interview that is due comes first."""
    open_paths = [one for one in await paths_of_person(session, refs) if one.closed_at is None]
    for path in sorted(open_paths, key=lambda one: one.method != Method.COLLECTIVE):
        held, booked = await held_and_booked(session, path.id)
        if rules.may_book(path.method, held, booked, due=path.finalising_due_at is not None):
            return path if await _agreed(session, path) else None
    return None


async def _agreed(session: AsyncSession, path: GuidancePath) -> bool:
    """Whether the visitor consents to guidance; one of an imported path was never registered."""
    person = await session.get(KnownPerson, path.subject_ref) if path.subject_ref is not None else None
    return person is None or rules.NEEDED_PURPOSE in person.purposes


async def usual_counsellor(session: AsyncSession, path: GuidancePath) -> str | None:
    """With whom it goes on best: who led the workshop, or held the last interview of the path."""
    if path.workshop_id is not None:
        workshop = await session.get(Workshop, path.workshop_id)
        return workshop.counsellor if workshop is not None else None
    held = [one for one in await on_path(session, path.id) if is_held(AppointmentStatus(one.status))]
    return held[-1].counsellor if held else None


async def choose(
    work: Work,
    owner: str,
    refs: Sequence[UUID],
    *,
    counsellor: str,
    starts_at: datetime,
    usual: BookingRules,
    reflection: timedelta,
) -> SlotHold:
    """Hold a time for the visitor. `usual`: the rules of a centre without booking rules.

    Raises `NothingToBook`, `OneOpenBooking`, `TooSoonOnline`, `ReflectFirst`, and as `holds.hold_slot` does, with
    `Overlap` for whatever makes the counsellor not free.
    """
    await work.prefetch(KnownPerson, refs)  # locked: what another tab confirms meanwhile is seen whole, or not at all
    path = await _bookable(work, refs)
    centre = await known_centre(work.session, Centre, path.centre)
    kept = await rules_of(work.session, centre.code, usual)
    check_far_enough(starts_at, work.now, kept.visitor_notice)
    await _check_reflection(work, path, centre, starts_at, reflection)
    with as_taken(starts_at, centre.zone):
        return await holds.hold_slot(
            work,
            owner,
            centre=path.centre,
            counsellor=counsellor,
            starts_at=starts_at,
            minutes=OWN_MINUTES,
            area=path.area,
            horizon=usual.horizon,
        )


async def confirm(
    work: Work, owner: str, refs: Sequence[UUID], hold_id: UUID, *, usual: BookingRules, reflection: timedelta
) -> Interview:
    """Book the held time. Sent again, it changes nothing: what was booked from this hold is returned.

    Raises `HoldOver`, `NothingToBook`, `OneOpenBooking`, `TooSoonOnline` (of a hold that is over), `ReflectFirst`, and
    as `guidance.book` does, with `Overlap` as `choose`.
    """
    await work.prefetch(KnownPerson, refs)
    held = await work.find(SlotHold, owner)
    made = await holds.booked_from(work, hold_id)
    if made is not None and made.subject_ref in refs:
        return made
    if held is None or held.id != hold_id:
        raise refusals.HoldOver()
    path = await _bookable(work, refs)
    if path.centre != held.centre:
        raise refusals.HoldOver()
    centre = await known_centre(work.session, Centre, path.centre)
    if not is_live(held.expires_at, work.now):  # what is held is promised
        check_far_enough(held.starts_at, work.now, (await rules_of(work.session, centre.code, usual)).visitor_notice)
    await _check_reflection(work, path, centre, held.starts_at, reflection)
    with as_taken(held.starts_at, centre.zone):
        return await holds.book_held(work, held, path.id, horizon=usual.horizon)


async def _check_reflection(
    work: Work, path: GuidancePath, centre: Centre, starts_at: datetime, reflection: timedelta
) -> None:
    """Visitors keep the time for reflection after the interviews of the path; the team may book sooner."""
    first = await reflected_from(work.session, path, centre.zone, reflection)
    if first is not None and starts_at.astimezone(centre.zone).date() < first:
        raise refusals.ReflectFirst(day=first)


async def _bookable(work: Work, refs: Sequence[UUID]) -> GuidancePath:
    """The path on which the visitor books. Raises `OneOpenBooking`, `NothingToBook`."""
    coming = await interviews_to_come(work.session, refs, work.now)
    if coming:
        centre = await known_centre(work.session, Centre, coming[0].centre)
        raise refusals.OneOpenBooking(at=coming[0].starts_at.astimezone(centre.zone))
    path = await path_to_book(work.session, refs)
    if path is None:
        raise refusals.NothingToBook()
    return path
