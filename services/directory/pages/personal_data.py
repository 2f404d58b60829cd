"""What the directory holds about a person: consent, referrals with each answer, and what waits to be referred."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.refusals import msg
from services.chassis.service.personal_data import Held, PersonalData, Shown, rows_where
from services.directory.actions.partners import provider_ref
from services.directory.domain import REASON_LABELS
from services.directory.domain.referrals import PARTY_LABELS
from services.directory.store import (
    Alias,
    Centre,
    Export,
    Organization,
    Referral,
    ReferralStep,
    RegisteredPerson,
    Service,
    UnassignedReferral,
    keys_of,
    steps_of,
)


class HeldAnswer(Held):
    """One step of a referral's history."""

    of = (ReferralStep,)

    number: Annotated[int, Shown(msg("Number"))]
    status: Annotated[str, Shown(msg("Status"), "ReferralStatus")]
    reason: Annotated[str | None, Shown(msg("Reason"), REASON_LABELS)]
    party: Annotated[str, Shown(msg("By"), PARTY_LABELS)]
    at: Annotated[datetime, Shown(msg("When"))]


class HeldReferral(Held):
    """A referral to a provider. `partner_ref`: the reference by which that provider knows the person."""

    of = (Referral,)

    provider: Annotated[str, Shown(msg("Provider"))]
    service: Annotated[str, Shown(msg("Service"))]
    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    reason: Annotated[str, Shown(msg("Reason for the referral"), REASON_LABELS)]
    requested_at: Annotated[datetime, Shown(msg("Sent on"))]
    status: Annotated[str, Shown(msg("Status"), "ReferralStatus")]
    status_reason: Annotated[str | None, Shown(msg("Reason"), REASON_LABELS)]
    status_at: Annotated[datetime, Shown(msg("Status since"))]
    partner_ref: Annotated[UUID | None, Shown(msg("Reference for the provider"))]
    answers: Annotated[list[HeldAnswer], Shown(msg("History"))]


class HeldUnassigned(Held):
    """A referral without a service, or that waits for the person's consent."""

    of = (UnassignedReferral,)

    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    reason: Annotated[str, Shown(msg("Reason for the referral"), REASON_LABELS)]
    service: Annotated[str | None, Shown(msg("Service"))]
    awaits_consent: Annotated[bool, Shown(msg("Waits for consent"))]
    since: Annotated[datetime, Shown(msg("Since"))]


class HeldReferrals(Held):
    """All that the directory holds about a person. `centre` null: it knows them from a plan alone."""

    of = (RegisteredPerson,)

    centre: Annotated[str | None, Shown(msg("Centre"))] = None
    purposes: Annotated[list[str] | None, Shown(msg("Consent to"), PURPOSE_TITLES)] = None
    referrals: Annotated[list[HeldReferral], Shown(msg("Referrals"))]
    unassigned: Annotated[list[HeldUnassigned], Shown(msg("Referrals that are not sent yet"))]


async def read_personal_data(session: AsyncSession, subject_ref: UUID) -> HeldReferrals | None:
    """All that the directory holds about this person."""
    person = await session.get(RegisteredPerson, subject_ref)
    referrals = await rows_where(
        session, Referral, col(Referral.subject_ref) == subject_ref, Referral.requested_at, Referral.id
    )
    waiting = await rows_where(
        session,
        UnassignedReferral,
        col(UnassignedReferral.subject_ref) == subject_ref,
        UnassignedReferral.since,
        UnassignedReferral.id,
    )
    if person is None and not referrals and not waiting:
        return None
    names = {row.code: row.name for row in await session.scalars(sa.select(Centre))}
    return HeldReferrals.of_row(
        person,
        **({"centre": names.get(person.centre, person.centre)} if person is not None else {}),
        referrals=[await _referral(session, one, names) for one in referrals],
        unassigned=[
            HeldUnassigned.of_row(
                one,
                centre=names.get(one.centre, one.centre),
                service=await _name(session, Service, one.wanted_service_id),
            )
            for one in waiting
        ],
    )


async def _referral(session: AsyncSession, one: Referral, names: dict[str, str]) -> HeldReferral:
    keys = await keys_of(session, [one.subject_ref] if one.subject_ref is not None else [])
    return HeldReferral.of_row(
        one,
        provider=await _name(session, Organization, one.organization_id) or str(one.organization_id),
        service=await _name(session, Service, one.service_id) or str(one.service_id),
        centre=names.get(one.centre, one.centre),
        partner_ref=provider_ref(keys, one),
        answers=[HeldAnswer.of_row(step) for step in await steps_of(session, one.id)],
    )


async def _name(session: AsyncSession, table: type[Organization] | type[Service], id: UUID | None) -> str | None:
    found = await session.get(table, id) if id is not None else None
    return found.name if found is not None else None


PERSONAL_DATA = PersonalData(HeldReferrals, read_personal_data, Export, Alias)
