"""Copies of what directory owns: referrals of actions, providers' services, centres and their areas."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.chassis.copies.accounts import AccountCopy
from services.chassis.copies.centres import CentreCopy
from services.chassis.copies.visitors import VisitorCopy
from services.chassis.storage.store import Aggregate
from services.plans.store.paths import Table


class Referral(Aggregate, Table, table=True):
    """The referral of an action, so that its plan shows the provider's decision."""

    __tablename__ = "referrals"  # pyright: ignore[reportAssignmentType]

    subject_ref: UUID = Field(index=True)
    plan_id: UUID | None = Field(default=None, index=True)
    action_id: UUID | None = Field(default=None, index=True)
    organization_id: UUID
    service_id: UUID
    status: str = Field(max_length=20)
    reason: str | None = Field(default=None, max_length=40)
    """The reason of the decision, if one was given."""
    requested_at: datetime
    status_at: datetime


class Provider(Aggregate, Table, table=True):
    """A provider as published; its services are in `provider_services`."""

    __tablename__ = "providers"  # pyright: ignore[reportAssignmentType]

    name: str = Field(max_length=200)


class ProviderService(Table, table=True):
    """A service to which an action can be referred."""

    __tablename__ = "provider_services"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(index=True)
    organization_name: str = Field(max_length=200)
    name: str = Field(max_length=200)
    areas: list[str] = Field(sa_type=sa.JSON)
    status: str = Field(max_length=20, index=True)


class Account(AccountCopy, Table, table=True):
    """An account, as the directory published it."""

    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]


class Visitor(VisitorCopy, Table, table=True):
    """Which personal link of a visitor is the current one, as intake published it."""

    __tablename__ = "visitors"  # pyright: ignore[reportAssignmentType]


class Centre(CentreCopy, Table, table=True):
    """A centre's name and areas."""

    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]
