"""Exact figures: which centres a person may read, and the log of who read what."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from services.chassis.identity.people import Person
from services.chassis.storage.store import Store
from services.impact.domain import Period
from services.impact.store import ExactRead, remove_reads


class ReadForm(StrEnum):
    """In which form exact figures were read."""

    PAGE = "page"
    JSON = "json"
    CSV = "csv"


def centres_for(person: Person, centres: Sequence[str]) -> list[str]:
    """The centres of an exact report: the chosen ones, or all of the person's own; empty: the whole network.

    Raises `WrongCentre`.
    """
    if person.region_wide:
        return list(centres)
    return [person.at(centre) for centre in centres] or sorted(person.centres)


async def log_read(
    store: Store, person: Person, form: ReadForm, period: Period, centres: Sequence[str], areas: Sequence[str]
) -> None:
    """Note who reads exact figures. Called before they are answered: what cannot be noted is not shown."""
    async with store.work() as work:
        work.add(
            ExactRead(
                at=work.now,
                person=person.subject[:200],
                form=form.value,
                since=period.since,
                until=period.until,
                centres=list(centres),
                areas=list(areas),
            )
        )


async def prune_reads(store: Store, days: int) -> bool:
    """Remove entries that are older than `days`. Returns False: one round removes all of them."""
    async with store.work() as work:
        await remove_reads(work, work.now - timedelta(days=days))
    return False
