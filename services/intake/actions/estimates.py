"""Learns from each day that is over how long visitors wait, and keeps today's pace with the centre.

A check-in reads the centre anyway, so that an estimate costs it no statement.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from services.chassis.copies.visits import RANK, Day
from services.chassis.storage.store import Work
from services.contracts.queue import BY_MISTAKE
from services.intake.domain.estimates import (
    EVERY_AREA,
    Estimate,
    Outlook,
    Waited,
    error_of,
    estimate,
    outlook,
    pace_for,
    paces_of,
    was_right,
)
from services.intake.store import Centre, Visit
from services.intake.store.estimates import WaitingDay, delete_days, known_days, visits_of


async def learn(work: Work, centre: Centre, today: date) -> None:
    """Keep what yesterday says about waiting, and the pace to expect today. Repeating it changes nothing."""
    yesterday = today - timedelta(days=1)
    began, ended = (datetime.combine(day, time(), centre.zone) for day in (yesterday, today))
    await work.session.flush()  # what this night closed is among the visits
    waits = [_waited(row) for row in await visits_of(work.session, Day(centre.code, began, ended))]
    for area, paces in paces_of(waits).items():
        if await work.session.get(WaitingDay, (centre.code, area, yesterday)) is None:
            measured = _measured(waits) if area == EVERY_AREA else {}
            work.add(WaitingDay(centre=centre.code, area=area, day=yesterday, paces=paces, **measured))
    await work.session.flush()
    await delete_days(work.session, centre.code, today)
    by_area: dict[str, dict[date, list[int]]] = {}
    for row in await known_days(work.session, centre.code, today):
        by_area.setdefault(row.area, {})[row.day] = row.paces
    found = {area: pace_for(today, days) for area, days in by_area.items()}
    centre.paces = {area: pace for area, pace in found.items() if pace is not None}


def _waited(row: Any) -> Waited:
    out = called_at(row) or row.ended_at
    return Waited(row.area, row.checked_in_at, out, counts=waited_in_turn(row), estimate=row.estimate)


def called_at(row: Any) -> datetime | None:
    """When the visitor of a row of `visits` was called, or received without a call."""
    return row.called_at or row.served_at


def waited_in_turn(row: Any) -> bool:
    """Whether the wait of a row of `visits` is known, and was that of its turn.

    False: not called, transferred, with priority, recorded later, by mistake or imported; or a device's times
    contradicted each other, so that nobody knows the wait. The call ends the wait: whether a person ended
    the visit afterwards, or the end of the day closed it, says nothing about it.
    """
    moved = row.for_area or row.for_desk or row.for_counsellor
    known = row.ticket is not None and not row.recorded_later and not row.clock_uncertain
    return known and row.closed_by != BY_MISTAKE and called_at(row) is not None and row.rank == RANK and not moved


def _measured(waits: Iterable[Waited]) -> dict[str, Any]:
    """How right the day's estimates were."""
    given = [(one.estimate, one.out_at - one.checked_in_at) for one in waits if one.counts and one.estimate]
    return {
        "given": len(given),
        "right": sum(was_right(shown, waited) for shown, waited in given),
        "errors": [error_of(shown, waited) for shown, waited in given],
    }


def estimate_for(centre: Centre, area: str | None, before: int) -> Estimate | None:
    """The wait of a visitor at this centre who has so many before them. None: too little is known."""
    paces: Mapping[str, list[int]] = centre.paces
    return estimate(paces, area, before)


def outlook_for(centre: Centre, area: str | None, before: int, now: datetime) -> Outlook:
    """What a visitor may expect who has so many before them."""
    return outlook(estimate_for(centre, area, before), centre.hours, now, centre.zone)


def keep_estimate(visit: Visit, centre: Centre, before: int | None) -> None:
    """Keep the wait that is estimated at check-in, to compare it with what happens. `before` None: too many.

    Nothing is kept where the visitor probably waits until the centre closes: no minutes are shown.
    """
    found = estimate_for(centre, visit.area, before) if before is not None else None
    if found is not None:
        found = outlook(found, centre.hours, visit.checked_in_at, centre.zone).estimate
    visit.estimate = [found.low, found.typical, found.high] if found is not None else None
