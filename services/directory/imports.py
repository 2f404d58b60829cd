"""Imports of providers as HSDS: each line an organisation with its services, or a service.

A batch is recorded in the order of ids, in which other units of work lock these rows too.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.storage.store import Work
from services.chassis.web import Outcome, SeveralRefused, check_each
from services.chassis.web.imports import BadLine
from services.directory.actions import hsds
from services.directory.actions.hsds.models import OrganizationWithServices, Service
from services.directory.store import known_areas

Line = TypeVar("Line", bound=BaseModel)


async def record_organizations(work: Work, lines: list[tuple[int, OrganizationWithServices]]) -> Outcome:
    """Set the whole entries of these organisations."""
    check = await organization_checks(work.session, work.now)
    in_order = sorted(lines, key=lambda one: one[1].id)
    return await _record(work, in_order, check, hsds.import_organization)


async def record_services(work: Work, lines: list[tuple[int, Service]]) -> Outcome:
    """Set these services."""
    check = await service_checks(work.session, work.now)
    in_order = sorted(lines, key=lambda one: (hsds.owner_of(one[1]), one[1].id))
    return await _record(work, in_order, check, hsds.import_service)


async def organization_checks(session: AsyncSession, now: datetime) -> Callable[[OrganizationWithServices], None]:
    """The check of one organisation. It raises `SeveralRefused`."""
    areas = await known_areas(session)
    return lambda line: check_each(*hsds.checks_of(line.services or (), areas, now))


async def service_checks(session: AsyncSession, now: datetime) -> Callable[[Service], None]:
    """The check of one service. It raises `SeveralRefused`."""
    areas = await known_areas(session)
    return lambda line: check_each(*hsds.checks_of([line], areas, now))


async def _record(
    work: Work,
    lines: list[tuple[int, Line]],
    check: Callable[[Line], None],
    record: Callable[[Work, Line], Awaitable[bool]],
) -> Outcome:
    """Record each line that no rule forbids. A refusal of the store ends the batch, which is then halved."""
    outcome = Outcome()
    for number, line in lines:
        try:
            check(line)
        except SeveralRefused as several:
            outcome.bad += [BadLine.from_refusal(number, refused) for refused in several.refusals]
            continue
        outcome.accepted += await record(work, line)
    return outcome
