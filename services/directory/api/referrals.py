"""Referrals: for the centre that refers, the provider that answers, and the operator who expires them."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.people import Person
from services.chassis.web import Body, Reading, Router, Running, Working, allow
from services.contracts.directory import ReferralStatus
from services.contracts.envelope import Code
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version, Whole
from services.directory import actions
from services.directory.actions.access import party_of, referral_for, unassigned_for
from services.directory.actions.partners import provider_ref
from services.directory.claims import own_organization
from services.directory.settings import settings_of
from services.directory.store import (
    Referral,
    UnassignedReferral,
    check_centre_and_area,
    keys_of,
    referrals_of,
    steps_of,
    unassigned_of,
    unknown_centre,
)

router = Router("/directory/api/v1", tags=["referrals"])

Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]
Side = Annotated[Person, allow(Role.COUNSELLOR, Role.PROVIDER)]


class NewReferral(Body):
    """A referral by hand. With an `id` of the caller's choice, the same request again changes nothing."""

    id: UUID = Field(default_factory=uuid4)
    subject_ref: UUID
    centre: Key
    area: Code | None = None
    service_id: UUID
    reason: Code


class ReferralProgress(Body):
    """The next status. `rejected` and `cancelled` need a reason."""

    status: ReferralStatus
    reason: Code | None = None
    version: Version | None = Field(
        default=None, description="The version that you read; the change is refused if it is no longer the current one."
    )


class ReferralQuery(Body):
    """The filter of a list. A provider and a counsellor of one centre may omit `centre`."""

    centre: Key | None = None
    status: ReferralStatus | None = None
    after: UUID | None = None
    limit: Annotated[int, Whole(1, 200)] = 50


class Assignment(Body):
    """The service that a counsellor chose."""

    service_id: UUID


class StepOut(BaseModel):
    """One line of a referral's history."""

    status: ReferralStatus
    reason: str | None
    party: str
    at: datetime


class ReferralOut(BaseModel):
    """A referral. `partner_ref`: the provider's own reference of the person."""

    id: UUID
    version: int
    centre: str
    area: str | None
    organization_id: UUID
    service_id: UUID
    reason: str
    status: ReferralStatus
    status_reason: str | None
    requested_at: datetime
    status_at: datetime
    partner_ref: UUID | None
    subject_ref: UUID | None = None
    """Only for the centre, like the next three."""
    plan_id: UUID | None = None
    action_id: UUID | None = None
    requested_by: str | None = None
    history: list[StepOut] | None = None


class ReferralsPage(BaseModel):
    """Referrals, the latest first."""

    contents: list[ReferralOut]
    next: UUID | None


class UnassignedOut(BaseModel):
    """An action that needs a provider and has no service yet, or waits for the person's consent."""

    action_id: UUID
    subject_ref: UUID
    centre: str
    area: str | None
    reason: str
    plan_id: UUID | None
    wanted_service_id: UUID | None
    awaits_consent: bool
    since: datetime


class Expired(BaseModel):
    """How many referrals expired. `more`: others may be due, call again."""

    expired: int
    more: bool


@router.post("/referrals", status_code=201)
async def post_referral(body: NewReferral, work: Working, person: Counsellor) -> ReferralOut:
    """Refer a person to a service."""
    await check_centre_and_area(work.session, body.centre, body.area)
    person.at(body.centre)
    referral = await actions.refer(
        work,
        body.id,
        subject_ref=body.subject_ref,
        centre=body.centre,
        area=body.area,
        service_id=body.service_id,
        reason=body.reason,
        requested_by=person.subject,
    )
    return (await _out(work.session, [referral], person))[0]


@router.get("/referrals")
async def list_referrals(read: Reading, person: Side, query: Annotated[ReferralQuery, Query()]) -> ReferralsPage:
    """The referrals of the provider or of a centre, the latest first."""
    limit = query.limit
    if query.after is not None:
        await referral_for(read, query.after, person)
    rows = await referrals_of(
        read,
        centre=None if person.has(Role.PROVIDER) else person.at(query.centre or await _only_centre(read, person)),
        organization_id=own_organization(person) if person.has(Role.PROVIDER) else None,
        status=query.status,
        after=query.after,
        limit=limit + 1,
    )
    shown = await _out(read, list(rows[:limit]), person)
    return ReferralsPage(contents=shown, next=shown[-1].id if len(rows) > limit else None)


@router.get("/referrals/{id}")
async def get_referral(id: UUID, read: Reading, person: Side) -> ReferralOut:
    """One referral with its history."""
    referral = await referral_for(read, id, person)
    out = (await _out(read, [referral], person))[0]
    out.history = [StepOut.model_validate(step, from_attributes=True) for step in await steps_of(read, id)]
    return out


@router.post("/referrals/{id}/progress")
async def progress_referral(id: UUID, body: ReferralProgress, work: Working, person: Side) -> ReferralOut:
    """Set the next status: the provider answers, the centre cancels."""
    await referral_for(work.session, id, person)
    referral = await actions.progress(
        work,
        id,
        body.status,
        party=party_of(person),
        by=person.subject,
        reason=body.reason,
        version=body.version,
    )
    return (await _out(work.session, [referral], person))[0]


@router.post("/referrals/expire")
async def expire_referrals(
    work: Working,
    running: Running,
    person: Annotated[Person, allow(region_wide=[Role.OPERATOR])],
    limit: Annotated[int, Whole(1, 2000)] = 500,
) -> Expired:
    """Expire overdue referrals now. A background job does the same every `CEFO_ROUND_SECONDS`."""
    within = timedelta(days=settings_of(running).referral_days)
    expired = await actions.expire(work, within, limit)
    return Expired(expired=expired, more=expired == limit)


@router.get("/undirected")
async def list_unassigned(
    read: Reading,
    person: Counsellor,
    centre: Key | None = None,
    after: Annotated[UUID | None, Query(description="The last action of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 100,
) -> list[UnassignedOut]:
    """The unassigned referrals of a centre, for which a counsellor chooses a service, the oldest first."""
    rows = await unassigned_of(read, person.at(centre or await _only_centre(read, person)), after=after, limit=limit)
    return [_unassigned(row) for row in rows]


@router.post("/undirected/{action_id}/referral", status_code=201)
async def assign(action_id: UUID, body: Assignment, work: Working, person: Counsellor) -> ReferralOut:
    """Choose the service and open the referral."""
    await unassigned_for(work.session, action_id, person)
    referral = await actions.assign(work, action_id, body.service_id, requested_by=person.subject)
    return (await _out(work.session, [referral], person))[0]


@router.delete("/undirected/{action_id}", status_code=204)
async def dismiss(action_id: UUID, work: Working, person: Counsellor) -> None:
    """Delete an unassigned referral: the action needs no provider."""
    await unassigned_for(work.session, action_id, person)
    await actions.dismiss(work, action_id)


async def _out(session: AsyncSession, referrals: list[Referral], person: Person) -> list[ReferralOut]:
    keys = await keys_of(session, {one.subject_ref for one in referrals if one.subject_ref is not None})
    hidden = set[str]() if person.has(Role.COUNSELLOR) else {"subject_ref", "plan_id", "action_id", "requested_by"}
    fields = ReferralOut.model_fields.keys() - {"partner_ref", "history"} - hidden
    return [
        ReferralOut(
            **{field: getattr(one, field) for field in fields},
            partner_ref=provider_ref(keys, one),
        )
        for one in referrals
    ]


def _unassigned(row: UnassignedReferral) -> UnassignedOut:
    return UnassignedOut(action_id=row.id, **row.model_dump(exclude={"id", "version", "correlation_id"}))


async def _only_centre(session: AsyncSession, person: Person) -> str:
    """The person's only centre, if the request names none. Raises `UnknownCentre` if they have several."""
    if len(person.centres) != 1:
        raise await unknown_centre(session, None, among=person.centres)
    return next(iter(person.centres))
