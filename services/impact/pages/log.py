"""The page with the log of exact figures: who asked what, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.areas import area_label
from services.chassis.copies.centres import centre_names
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, Running, allow, page
from services.contracts.roles import Role
from services.contracts.values import Day
from services.impact.settings import settings_of
from services.impact.store import Centre, ExactRead, names_of_accounts, newest_reads

router = Router("/impact", pages=True)
SHOWN = 200
"""The newest entries of the page."""
_ACCOUNT = "account/"


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
) -> Response:
    """Who read exact figures, for the region and for operators."""
    entries = await _entries(read)
    return page(request, "impact/log.html", entries=entries, days=settings_of(running).exact_log_days)


async def _entries(read: AsyncSession) -> list[Entry]:
    rows = await newest_reads(read, SHOWN)
    refs = {ref for row in rows if (ref := _account(row)) is not None}
    people, centres = await names_of_accounts(read, refs), await centre_names(read, Centre)
    return [
        Entry(
            row.at,
            people.get(ref, row.person) if (ref := _account(row)) is not None else row.person,
            row.form,
            row.since,
            row.until,
            [centres.get(code, code) for code in row.centres],
            [area_label(code) for code in row.areas],
        )
        for row in rows
    ]


def _account(row: ExactRead) -> UUID | None:
    return UUID(row.person.removeprefix(_ACCOUNT)) if row.person.startswith(_ACCOUNT) else None
