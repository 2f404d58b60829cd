"""Guidance paths: opened for a visitor, and closed when their plan is confirmed. `stopping` gives them up."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

from services.chassis.copies.aliases import references_of
from services.chassis.copies.centres import known_centre
from services.chassis.storage.store import Work
from services.contracts.scheduling import Method, PathClosed, PathOpened, PathOutcome, Side
from services.scheduling.actions import guidance
from services.scheduling.actions.boards import board
from services.scheduling.actions.people import known_person
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.states import led_to_plan
from services.scheduling.store import Alias, Centre, GuidancePath, KnownPerson, Workshop
from services.scheduling.store.interviews import booked_from, held_and_booked
from services.scheduling.store.path_seats import open_path_in
from services.scheduling.store.paths import centre_of, open_individual_path, record_change


async def open_path(work: Work, subject_ref: UUID, centre: str, area: str | None = None) -> GuidancePath:
    """Open an individual path for a visitor.

    Raises `PersonUnknown`, `ConsentMissing`, `PathStillOpen`, `PathElsewhere`, `UnknownCentre`, `AreaNotServed`.
    """
    await known_centre(work.session, Centre, centre, area)
    person, refs = await known_person(work, subject_ref)
    unfinished = await _unfinished(work, refs, centre)
    if unfinished is not None:
        held, booked = await held_and_booked(work.session, unfinished)
        raise refusals.PathStillOpen(held=held, booked=booked, limit=rules.PATH_LIMIT)
    path = work.add(
        GuidancePath(
            id=uuid4(),
            correlation_id=person.correlation_id,
            subject_ref=subject_ref,
            centre=centre,
            area=area,
            method=Method.INDIVIDUAL.value,
            opened_at=work.now,
        )
    )
    emit_opened(work, path, subject_ref)
    return path


async def individual_path(work: Work, subject_ref: UUID, centre: str, area: str | None = None) -> UUID:
    """The id of the visitor's open individual path, or of a new one. Raises as `open_path`."""
    refs = await references_of(work.session, Alias, subject_ref)
    unfinished = await _unfinished(work, refs, centre)
    if unfinished is not None:
        return unfinished
    return (await open_path(work, subject_ref, centre, area)).id


async def _unfinished(work: Work, refs: Collection[UUID], centre: str) -> UUID | None:
    """The person's open individual path at this centre. Raises `PathElsewhere` if there is one at another centre."""
    unfinished = await open_individual_path(work.session, refs, centre)
    if unfinished is not None and await centre_of(work.session, unfinished) != centre:
        raise refusals.PathElsewhere()
    return unfinished


async def path_by_workshop(work: Work, workshop: Workshop, person: KnownPerson, refs: Collection[UUID]) -> UUID:
    """The id of the person's open path by this workshop, or of a new one. `refs`: all of their references."""
    unfinished = await open_path_in(work.session, workshop.id, refs)
    if unfinished is not None:
        return unfinished
    path = work.add(
        GuidancePath(
            id=uuid4(),
            correlation_id=person.correlation_id or workshop.correlation_id,
            subject_ref=person.id,
            centre=workshop.centre,
            area=workshop.area,
            method=Method.COLLECTIVE.value,
            opened_at=work.now,
            workshop_id=workshop.id,
        )
    )
    emit_opened(work, path, person.id)
    return path.id


def emit_opened(work: Work, path: GuidancePath, subject_ref: UUID) -> None:
    """Emit `PathOpened`."""
    work.emit(
        path,
        PathOpened(
            path_id=path.id,
            subject_ref=subject_ref,
            centre=path.centre,
            method=Method(path.method),
            at=path.opened_at,
            workshop_id=path.workshop_id,
        ),
    )


async def plan_confirmed(work: Work, path_id: UUID, at: datetime) -> None:
    """Close the path, as its plan is confirmed, and cancel what is booked on it for later.

    An interview that has begun can still be held: plans are confirmed during one.
    """
    path = await work.find(GuidancePath, path_id)
    if path is None:
        return
    close(work, path, PathOutcome.PLAN_CONFIRMED, at)
    await cancel_booked(work, path_id)


async def cancel_booked(work: Work, path_id: UUID, by: Side = Side.CENTRE) -> None:
    """Cancel what is booked for later on a path that is closed and locked."""
    for interview in await booked_from(work.session, path_id, work.now):
        await guidance.cancel(work, interview, by=by, reason=rules.CancelReason.NO_LONGER_NEEDED.value)


def close(work: Work, path: GuidancePath, outcome: PathOutcome, at: datetime, by: str | None = None) -> None:
    """Close a path. A closed path keeps its outcome, unless its plan is confirmed later.

    A plan may be confirmed after its path was given up: the confirmation takes precedence.
    """
    confirmed_after = led_to_plan(outcome) and path.closed_because != outcome
    if path.closed_at is not None and not confirmed_after:
        return
    path.closed_at, path.closed_because = at, outcome.value
    record_change(work, path, outcome.value, at, by=by)
    event = PathClosed(
        path_id=path.id, centre=path.centre, method=Method(path.method), outcome=outcome, at=path.closed_at
    )
    work.emit(path, event)
    work.notify_board(board(path.centre))
