"""Values that several pages show: labels of codes, opening hours as lines, referrals with names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from babel.dates import get_day_names
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from starlette.requests import Request

from services.chassis import i18n
from services.chassis.identity.people import Person
from services.chassis.runtime.clock import BRUSSELS
from services.contracts.directory import WEEKDAYS, ReferralStatus
from services.directory import domain
from services.directory.actions.partners import provider_ref
from services.directory.domain import Party
from services.directory.store import (
    Centre,
    Organization,
    Referral,
    Schedule,
    Service,
    UnassignedReferral,
    keys_of,
    open_referral,
)

WORDS: dict[str, Any] = {
    "reason_labels": domain.REASON_LABELS,
    "topic_labels": domain.TOPICS,
    "language_labels": domain.LANGUAGE_LABELS,
    "rejections": domain.REJECTION_REASONS,
    "cancellations": domain.CANCELLATION_REASONS,
    "referral_reasons": domain.REFERRAL_REASONS,
    "short_reference": domain.short_reference,
    "freshness": domain.freshness,
}
"""Labels and functions for every template of the directory."""


@dataclass(frozen=True, slots=True)
class Row:
    """A referral with the names and steps that a page shows."""

    referral: Referral
    service: str
    organization: str
    centre: str
    partner_ref: UUID | None
    steps: tuple[ReferralStatus, ...]
    """The steps that the reader's side may take."""


def now_of(request: Request) -> datetime:
    """The present time of the service's clock."""
    now: datetime = request.app.state.runtime.clock()
    return now


def today_of(request: Request) -> date:
    """The present date in the centres' time zone."""
    return now_of(request).astimezone(BRUSSELS).date()


async def rows_of(session: AsyncSession, referrals: Sequence[Referral], party: Party) -> list[Row]:
    """These referrals as this side sees them, with four queries in total."""
    services = await _names(session, Service, {one.service_id for one in referrals})
    organizations = await _names(session, Organization, {one.organization_id for one in referrals})
    centres = await centre_names(session)
    keys = await keys_of(session, {one.subject_ref for one in referrals if one.subject_ref is not None})
    return [
        Row(
            referral=one,
            service=services.get(one.service_id, "–"),
            organization=organizations.get(one.organization_id, "–"),
            centre=centres.get(one.centre, one.centre),
            partner_ref=provider_ref(keys, one),
            steps=domain.steps_for(ReferralStatus(one.status), party),
        )
        for one in referrals
    ]


async def wanted_names(session: AsyncSession, waiting: Sequence[UnassignedReferral]) -> dict[UUID, str]:
    """The names of the services that were chosen and could not be used."""
    return await _names(session, Service, {one.wanted_service_id for one in waiting if one.wanted_service_id})


async def open_referral_seen(
    session: AsyncSession, subject_ref: UUID | None, service_id: UUID | None, person: Person
) -> Referral | None:
    """The open referral of this person to this service, if it belongs to a centre of the reader."""
    if subject_ref is None or service_id is None:
        return None
    referral = await open_referral(session, subject_ref, service_id)
    return referral if referral is not None and person.works_at(referral.centre) else None


async def names_for(session: AsyncSession, events: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The names of the services and organisations of some events, by id."""
    data = [event["data"] for event in events]
    services = await _names(session, Service, {UUID(one["service_id"]) for one in data})
    organizations = await _names(session, Organization, {UUID(one["organization_id"]) for one in data})
    return {str(id): name for id, name in (services | organizations).items()}


async def centre_names(session: AsyncSession) -> dict[str, str]:
    """Every centre's name by its code, in the order of the names."""
    rows = await session.execute(sa.select(col(Centre.code), col(Centre.name)))
    return dict(sorted(((row[0], row[1]) for row in rows), key=lambda one: i18n.by_name(one[1])))


def opening_lines(schedules: Sequence[Schedule]) -> list[tuple[str, str]]:
    """Days and hours in the reader's language, one line per set of days: `lundi – vendredi`, `09:00–12:00`."""
    hours: dict[str, list[str]] = {}
    for schedule in schedules:
        hours.setdefault(schedule.byday, []).append(f"{schedule.opens_at}–{schedule.closes_at}")
    return [(days_text(byday), ", ".join(spans)) for byday, spans in hours.items()]


def days_text(byday: str) -> str:
    """Names of weekdays; three or more consecutive ones as a range."""
    names = get_day_names("wide", locale=i18n.locale())
    days = sorted(WEEKDAYS.index(day) for day in byday.split(",") if day in WEEKDAYS)
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[days[0]]} – {names[days[-1]]}"
    return ", ".join(names[day] for day in days)


async def _names(session: AsyncSession, table: type[Service | Organization], ids: Iterable[UUID]) -> dict[UUID, str]:
    chosen = sa.select(col(table.id), col(table.name)).where(col(table.id).in_(list(ids)))
    return {row[0]: row[1] for row in await session.execute(chosen)}
