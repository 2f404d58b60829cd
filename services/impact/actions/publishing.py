"""Publishes the figures of months that have ended; docs/decisions/0021-small-numbers.md says why in this way."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from services.chassis.events.restoring import Seen
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Work
from services.contracts.areas import AREAS
from services.impact.domain import (
    WITHOUT_AREA,
    FiguresRebuilding,
    Measure,
    MonthNotEnded,
    Months,
    Period,
    PublishedBefore,
    first_day,
    is_small,
    last_day,
    protect,
)
from services.impact.store import (
    NO_AREA,
    Publication,
    cells_of,
    counted_codes,
    cover,
    covered,
    known_centres,
    locked_publications,
    publish,
    published_areas,
    rebuild_is_running,
    restored_at,
    sums_by_month,
    withdraw,
)

NEXT_LOOK = timedelta(days=1)
"""A longer pause between two looks at the counts: nobody knows whether they changed meanwhile."""
REVISION = timedelta(days=365)
"""What was counted after a month's publication is published with it after this time."""


async def publish_due(work: Work, days: int) -> list[str]:
    """Publish each month that ended, and last changed, at least `days` ago. Returns these months.

    What was counted later follows once a year. A month that ended before the store was restored is left for
    `publish_months`: it may have been published after the backup.
    """
    if await rebuild_is_running(work.session):
        return []
    today, restored = work.now.astimezone(BRUSSELS).date(), await restored_at(work.session)
    sums = {month: n for month, n in (await sums_by_month(work.session)).items() if last_day(month) < today}
    due: list[Publication] = []
    for publication in await locked_publications(work, sums):
        _look(publication, sums[publication.month], work)
        if _is_due(publication, today, work, timedelta(days=days)) and not _may_differ(publication, restored):
            due.append(publication)
    return await _publish_all(work, due)


async def publish_months(work: Work, months: Months, *, after_restore: bool = False) -> list[str]:
    """Publish what was counted in these months at once. Returns the months that have counts.

    `after_restore`: also those that may have been published before the store was restored, with other numbers.
    Raises `MonthNotEnded`, `FiguresRebuilding`, `PublishedBefore`.
    """
    if last_day(months.until) >= work.now.astimezone(BRUSSELS).date():
        raise MonthNotEnded(month=months.until)
    if await rebuild_is_running(work.session):
        raise FiguresRebuilding()
    sums = await sums_by_month(work.session)
    chosen = {month: number for month, number in sums.items() if months.since <= month <= months.until}
    publications, restored = await locked_publications(work, chosen), await restored_at(work.session)
    if not after_restore and (differ := [one.month for one in publications if _may_differ(one, restored)]):
        raise PublishedBefore(months=differ)
    return await _publish_all(work, publications)


async def count_held_months(work: Work, _seen: Seen) -> Mapping[str, int]:
    """After a restore: how many ended months are not published by themselves any more."""
    today = work.now.astimezone(BRUSSELS).date()
    return {"months": sum(last_day(month) < today for month in await sums_by_month(work.session))}


def _may_differ(publication: Publication, restored: datetime | None) -> bool:
    """Whether this month may have been published, or revised, after the backup, with numbers that nobody has now."""
    if restored is None or last_day(publication.month) >= restored.astimezone(BRUSSELS).date():
        return False
    return publication.published_at is None or publication.published_at < restored


def _look(publication: Publication, number: int, work: Work) -> None:
    if publication.counted != number or work.now - publication.looked_at > NEXT_LOOK:
        publication.counted, publication.unchanged_since = number, work.now
    publication.looked_at = work.now


def _is_due(publication: Publication, today: date, work: Work, within: timedelta) -> bool:
    ended = last_day(publication.month) + within < today
    unchanged = work.now - publication.unchanged_since >= within
    again = publication.published_at is None or work.now - publication.published_at >= REVISION
    return ended and unchanged and again


async def _publish_all(work: Work, publications: list[Publication]) -> list[str]:
    if not publications:
        return []
    counted_centres, counted_areas = await counted_codes(work.session)
    centres = sorted(counted_centres | await known_centres(work.session))
    areas = sorted(counted_areas | await published_areas(work.session) | {*AREAS, NO_AREA})
    for publication in publications:
        await _publish(work, publication.month, centres, areas)
        publication.published_at = work.now
        work.session.add(publication)
    return [publication.month for publication in publications]


async def _publish(work: Work, month: str, centres: list[str], areas: list[str]) -> None:
    """Publish what was counted in a month since its last publication, each measure by itself."""
    counted = await cells_of(work.session, Period(first_day(month), last_day(month)))
    before = await covered(work.session, month)
    for measure in Measure:
        late = {
            (centre, area): number - before.get((measure, centre, area), 0)
            for (name, centre, area), number in counted.items()
            if name == measure and number > before.get((name, centre, area), 0)
        }
        first = not any(name == measure for name, _, _ in before)
        await _publish_measure(work, month, measure, late, first, centres, areas)


async def _publish_measure(
    work: Work,
    month: str,
    measure: Measure,
    late: Mapping[tuple[str, str], int],
    first: bool,
    centres: list[str],
    areas: list[str],
) -> None:
    """Publish a measure's late counts. Too few of them are not covered: they wait for further ones."""
    wait = is_small(sum(late.values()))
    if not late or (wait and not first):
        return
    if first:
        await withdraw(work, month, measure)
    if not wait:
        await cover(work, month, measure, late)
    await publish(work, month, measure, protect(late, centres, () if measure in WITHOUT_AREA else areas))
