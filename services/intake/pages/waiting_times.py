"""How right the estimates of the waiting time were, month by month, for the managers of the centres."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from statistics import median
from typing import Annotated, NamedTuple

from fastapi import Request
from starlette.responses import Response

from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, Running, allow, page
from services.contracts.roles import Role
from services.intake.domain.estimates import KEPT
from services.intake.store import Centre
from services.intake.store.estimates import WaitingDay, measured_days

router = Router("/intake", pages=True)
Manager = Annotated[Person, allow(Role.MANAGER)]


class Month(NamedTuple):
    """The estimates of a month: how many, the share that was right in per cent, and the median error in minutes."""

    first: date
    given: int
    right: int
    error: int

    @property
    def share(self) -> str:
        """The share that was right, in the reader's language."""
        return _("{share} %").format(share=self.right)


@router.get("/waiting-times")
async def waiting_times(request: Request, read: Reading, running: Running, person: Manager) -> Response:
    """The months of each of the reader's centres, the last one first."""
    copies = [one for one in (await centre_copies(read, Centre)).values() if person.works_at(one.code)]
    shown: list[tuple[str, list[Month]]] = []
    for centre in copies:
        since = (running.clock() - KEPT).astimezone(centre.zone).date()
        shown.append((centre.name, months_of(await measured_days(read, centre.code, since))))
    return page(request, "intake/waiting_times.html", centres=shown)


def months_of(days: Iterable[WaitingDay]) -> list[Month]:
    """What the days of each month say together, the last month first."""
    by_month: dict[date, list[WaitingDay]] = defaultdict(list)
    for one in days:
        by_month[one.day.replace(day=1)].append(one)
    return [_month(first, by_month[first]) for first in sorted(by_month, reverse=True)]


def _month(first: date, days: list[WaitingDay]) -> Month:
    given = sum(one.given for one in days)
    errors = [error for one in days for error in one.errors]
    return Month(first, given, round(100 * sum(one.right for one in days) / given), round(median(errors)))
