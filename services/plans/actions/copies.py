"""Copies of what directory publishes: the state of referrals, and providers' services."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.directory import ProviderService as PublishedService
from services.contracts.directory import ReferralStatus
from services.plans.actions.erasure import is_erased
from services.plans.store import Provider, ProviderService, Referral


async def copy_referral(
    work: Work,
    referral_id: UUID,
    *,
    subject_ref: UUID,
    plan_id: UUID | None,
    action_id: UUID | None,
    organization_id: UUID,
    service_id: UUID,
    at: datetime,
) -> None:
    """Stores a new referral. Ignores one without a plan, and one of an erased person."""
    if plan_id is None or await work.find(Referral, referral_id) is not None or await is_erased(work, subject_ref):
        return
    work.start(
        Referral(
            id=referral_id,
            subject_ref=subject_ref,
            plan_id=plan_id,
            action_id=action_id,
            organization_id=organization_id,
            service_id=service_id,
            status=ReferralStatus.REQUESTED,
            requested_at=at,
            status_at=at,
        )
    )
    work.notify_board(f"plan:{plan_id}")


async def update_referral(
    work: Work, referral_id: UUID, *, status: ReferralStatus, reason: str | None, at: datetime
) -> None:
    """Sets the referral's state, which its action shows."""
    referral = await work.find(Referral, referral_id)
    if referral is None:  # it belongs to no plan, or to an erased person
        return
    referral.status, referral.reason, referral.status_at = status, reason, at
    work.notify_board(f"plan:{referral.plan_id}")


async def copy_provider(work: Work, organization_id: UUID, name: str, services: tuple[PublishedService, ...]) -> None:
    """Stores a provider and its services. Deletes services that it no longer publishes."""
    provider = await work.find(Provider, organization_id)
    if provider is None:
        work.start(Provider(id=organization_id, name=name))
    else:
        provider.name = name
    of_provider = col(ProviderService.organization_id) == organization_id
    ids = [service.service_id for service in services]
    await work.session.execute(sa.delete(ProviderService).where(of_provider | col(ProviderService.id).in_(ids)))
    await work.insert(
        ProviderService,
        [
            {
                "id": service.service_id,
                "organization_id": organization_id,
                "organization_name": name,
                "name": service.name,
                "areas": list(service.areas),
                "status": service.status,
            }
            for service in services
        ],
    )
