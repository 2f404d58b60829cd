"""Opens referrals: by hand, from a plan's action, or from the list of unassigned referrals."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import AlreadyDifferent, NotFound, msg
from services.chassis.storage.checks import check_same
from services.chassis.storage.store import Work
from services.contracts.directory import ReferralRequested, ServiceStatus
from services.contracts.directory import ReferralStatus as Status
from services.directory import domain
from services.directory.actions.feed import emit_referral_event
from services.directory.actions.people import check_consenting, check_registered, consenting, lock_subject
from services.directory.actions.referrals import centre_board, record_step
from services.directory.domain import Party
from services.directory.store import Referral, Service, UnassignedReferral, open_referral


async def refer(
    work: Work,
    id: UUID,
    *,
    subject_ref: UUID,
    centre: str,
    area: str | None,
    service_id: UUID,
    reason: str,
    requested_by: str | None,
) -> Referral:
    """Opens a referral that a counsellor requests by hand. The same request under the same id changes nothing.

    Raises `AlreadyDifferent`, `AlreadyReferred`, `ServiceNotActive`, `UnknownReason`, `NotFound`, `PersonUnknown`,
    `ConsentMissing`.
    """
    domain.check_referral_reason(reason)
    if (known := await work.find(Referral, id)) is not None:
        existing = (known.subject_ref, known.service_id, known.centre, known.reason)
        check_same(existing, (subject_ref, service_id, centre, reason), field="id", id=id)
        return known
    service = await _active_service(work, service_id)
    await check_registered(work, subject_ref, centre)
    await check_consenting(work, subject_ref)
    await _check_not_referred(work, subject_ref, service_id)
    referral = Referral(
        id=id,
        subject_ref=subject_ref,
        centre=centre,
        area=area,
        organization_id=service.organization_id,
        service_id=service_id,
        reason=reason,
        status=Status.REQUESTED.value,
        requested_at=work.now,
        status_at=work.now,
        requested_by=requested_by,
    )
    work.guard("referrals_key", AlreadyDifferent(about="id", id=str(id)))
    return _open(work, work.start(referral), subject_ref, by=requested_by)


async def refer_from_plan(
    work: Work,
    action_id: UUID,
    *,
    subject_ref: UUID,
    centre: str,
    area: str | None,
    service_id: UUID | None,
    reason: str | None,
    plan_id: UUID,
) -> None:
    """Opens a referral for a plan's action. Without a usable service or consent, adds an unassigned referral instead.

    Once per action: a repeated event changes nothing. Opens nothing for an erased person.
    """
    if await work.find(UnassignedReferral, action_id) is not None or await _has_referral(work, action_id):
        return
    if not await lock_subject(work, subject_ref):
        return
    request = UnassignedReferral(
        id=action_id,
        subject_ref=subject_ref,
        centre=centre,
        area=area,
        reason=reason or "other",
        plan_id=plan_id,
        wanted_service_id=service_id,
        since=work.now,
    )
    service = await _usable_service(work, subject_ref, service_id)
    if service is not None and await consenting(work, subject_ref):
        referral = _referral_of(work, request, service, by=None)
        _open(work, work.start(referral), subject_ref, by=None)
        return
    request.awaits_consent = service is not None
    work.start(request)
    work.notify_board(centre_board(centre))


async def send_waiting(work: Work, subject_ref: UUID) -> None:
    """Opens the referrals of a person that waited only for their consent; of a service not usable now, waits on."""
    await lock_subject(work, subject_ref)
    await work.session.flush()
    wanted = sa.select(UnassignedReferral).where(
        col(UnassignedReferral.subject_ref) == subject_ref, col(UnassignedReferral.awaits_consent)
    )
    for request in (await work.session.scalars(wanted.order_by(col(UnassignedReferral.id)).with_for_update())).all():
        service = await _usable_service(work, subject_ref, request.wanted_service_id)
        if service is None:
            request.awaits_consent = False
        else:
            await work.session.delete(request)
            _open(work, work.add(_referral_of(work, request, service, by=None)), subject_ref, by=None)
        work.notify_board(centre_board(request.centre))


async def assign(work: Work, action_id: UUID, service_id: UUID, *, requested_by: str) -> Referral:
    """Opens the referral of an unassigned one, to the service that a counsellor chose.

    Raises `NotFound`, `ServiceNotActive`, `ConsentMissing`, `AlreadyReferred`.
    """
    service = await _active_service(work, service_id)
    request = await work.session.get(UnassignedReferral, action_id)
    # Locks the person before the unassigned referral: the order of locks in docs/architecture.md.
    if request is None or not await lock_subject(work, request.subject_ref):
        raise NotFound(what=msg("referral without a service"))
    waiting = await work.load(UnassignedReferral, action_id, msg("referral without a service"))
    await check_consenting(work, waiting.subject_ref)
    await _check_not_referred(work, waiting.subject_ref, service_id)
    referral = _referral_of(work, waiting, service, by=requested_by)
    await work.session.delete(waiting)
    # `add`, not `start`: it keeps the plan's correlation id.
    return _open(work, work.add(referral), waiting.subject_ref, by=requested_by)


async def dismiss(work: Work, action_id: UUID) -> None:
    """Deletes an unassigned referral: the action needs no provider. Raises `NotFound`."""
    waiting = await work.load(UnassignedReferral, action_id, msg("referral without a service"))
    await work.session.delete(waiting)
    work.notify_board(centre_board(waiting.centre))


def _referral_of(work: Work, request: UnassignedReferral, service: Service, *, by: str | None) -> Referral:
    """The referral of a plan's action to this service."""
    return Referral(
        correlation_id=request.correlation_id,
        subject_ref=request.subject_ref,
        centre=request.centre,
        area=request.area,
        organization_id=service.organization_id,
        service_id=service.id,
        reason=request.reason,
        plan_id=request.plan_id,
        action_id=request.id,
        status=Status.REQUESTED.value,
        requested_at=work.now,
        status_at=work.now,
        requested_by=by,
    )


def _open(work: Work, referral: Referral, subject_ref: UUID, *, by: str | None) -> Referral:
    work.guard("referrals_open_once", domain.AlreadyReferred())
    emit_referral_event(
        work,
        referral,
        ReferralRequested(
            referral_id=referral.id,
            subject_ref=subject_ref,
            centre=referral.centre,
            area=referral.area,
            organization_id=referral.organization_id,
            service_id=referral.service_id,
            reason=referral.reason,
            plan_id=referral.plan_id,
            action_id=referral.action_id,
            at=work.now,
        ),
    )
    record_step(work, referral, Party.CENTRE, by)
    return referral


async def _usable_service(work: Work, subject_ref: UUID, service_id: UUID | None) -> Service | None:
    """The service, if it is active and has no open referral of this person."""
    service = await work.session.get(Service, service_id) if service_id is not None else None
    if service is None or service.status != "active":
        return None
    return service if await _open_referral(work, subject_ref, service.id) is None else None


async def _active_service(work: Work, service_id: UUID) -> Service:
    service = await work.session.get(Service, service_id)
    if service is None:
        raise NotFound(about="service_id", what=msg("service"))
    if service.status != "active":
        raise domain.ServiceNotActive(service=service.name, status=ServiceStatus(service.status))
    return service


async def _check_not_referred(work: Work, subject_ref: UUID, service_id: UUID) -> None:
    """The person has no open referral to this service. Raises `AlreadyReferred`."""
    if (existing := await _open_referral(work, subject_ref, service_id)) is not None:
        raise domain.AlreadyReferred(referral_id=existing.id)


async def _open_referral(work: Work, subject_ref: UUID, service_id: UUID) -> Referral | None:
    await work.session.flush()
    return await open_referral(work.session, subject_ref, service_id)


async def _has_referral(work: Work, action_id: UUID) -> bool:
    await work.session.flush()
    chosen = sa.select(col(Referral.id)).where(col(Referral.action_id) == action_id).limit(1)
    return await work.session.scalar(chosen) is not None
