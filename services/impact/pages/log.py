"""The page with the log of exact figures: who asked what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.accounts import account_names
from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_names
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, Running, allow, page
from services.contracts.roles import Role
from services.contracts.values import Day
from services.impact.settings import settings_of
from services.impact.store import Account, Centre, ExactRead, newest_reads

router = Router("/impact", pages=True)
SHOWN = 50
"""Entries on one page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as the page shows it. Empty lists: all."""

    at: datetime
    person: str
    form: str
    since: Day
    until: Day
    centres: list[str]
    areas: list[str]


@router.get("/exact/log")
async def log_page(
    request: Request,
    read: Reading,
    running: Running,
    person: Annotated[Person, allow(region_wide=[Role.MANAGER, Role.OPERATOR])],
    after: UUID | None = None,
) -> Response:
    """Who read exact figures, for the region and for operators. `after`: the last entry of the page before."""
    found = await newest_reads(read, SHOWN + 1, after)
    return page(
        request,
        "impact/log.html",
        entries=await _entries(read, found[:SHOWN]),
        last=found[SHOWN - 1].id if len(found) > SHOWN else None,
        days=settings_of(running).exact_log_days,
    )


async def _entries(read: AsyncSession, rows: Sequence[ExactRead]) -> list[Entry]:
    people = await account_names(read, Account, (row.person for row in rows))
    centres = await centre_names(read, Centre)
    return [
        Entry(
            row.at,
            people.get(row.person, row.person),
            row.form,
            row.since,
            row.until,
            [centres.get(code, code) for code in row.centres],
            [area_label(code) for code in row.areas],
        )
        for row in rows
    ]
