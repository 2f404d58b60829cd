"""The log of opened persons: which staff opened whose data, when and why. What was searched for is in no log."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.chassis.copies.accounts import account_names
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, Running, allow, page
from services.contracts.roles import Role
from services.intake.domain.accesses import KIND_LABELS, REASON_LABELS
from services.intake.store import Account
from services.intake.store.accesses import newest_accesses

router = Router("/intake", pages=True)
SHOWN = 100
"""Entries on one page."""


@router.get("/accesses")
async def log_page(
    request: Request,
    read: Reading,
    running: Running,
    person: Annotated[Person, allow(region_wide=[Role.MANAGER, Role.OPERATOR])],
    after: UUID | None = None,
) -> Response:
    """Who opened whose data, for the region and for operators. `after`: the last entry of the page before."""
    found = await newest_accesses(read, SHOWN + 1, after)
    entries = found[:SHOWN]
    names = await account_names(read, Account, (one.person for one in entries))
    return page(
        request,
        "intake/accesses.html",
        entries=entries,
        names=names,
        kinds=KIND_LABELS,
        reasons=REASON_LABELS,
        last=entries[-1].id if len(found) > SHOWN else None,
        days=running.settings.export_log_days,
    )
