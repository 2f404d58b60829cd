"""The rules of accounts: who may give which rights to whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.contracts.accounts import AccountKind, has_tokens
from services.contracts.roles import Role
from services.directory.domain.refusals import (
    CentreMissing,
    CentreNotGranted,
    NotAMachine,
    OrganizationMissing,
    OwnAccount,
    RegionUnmanaged,
    RoleMissing,
    RoleNotForMachine,
    RoleNotGranted,
    RolesApart,
    TokenDays,
)


class SignInMethod(StrEnum):
    """How an account signed in."""

    OIDC = "oidc"
    """With the account of an organisation, by OpenID Connect."""
    LINK = "link"
    """With a one-time link sent by e-mail."""
    DEVICE = "device"
    """With the machine token of a kiosk, typed into its browser."""


class AccountChangeKind(StrEnum):
    """What was done to an account."""

    CREATED = "created"
    APPROVED = "approved"
    CHANGED = "changed"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    SIGNED_OUT = "signed-out"
    RESTORED = "restored"
    """By `cefo restore`: the directory's store came from an older backup."""
    TOKEN_ISSUED = "token-issued"  # noqa: S105  a word, not a password
    TOKEN_REVOKED = "token-revoked"  # noqa: S105


class TokenState(StrEnum):
    """Whether a machine token still signs in."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


TOKEN_DAYS = 400
"""The longest validity of a machine token, in days: a year, and time to replace it."""
DEVICE_ROLES = frozenset({Role.KIOSK, Role.FRONT_DESK})
MACHINE_ROLES = frozenset({Role.KIOSK, Role.FRONT_DESK, Role.PROVIDER, Role.CITE, Role.OPERATOR})
"""The roles of a partner's software or a job. Nobody counsels or manages by token."""
STAFF_ROLES = (Role.FRONT_DESK, Role.COUNSELLOR, Role.CITE, Role.MANAGER, Role.OPERATOR)
"""The roles of accounts that belong to no provider, as pages list them."""
GRANTABLE = frozenset({Role.KIOSK, Role.FRONT_DESK, Role.COUNSELLOR, Role.PROVIDER, Role.CITE, Role.MANAGER})
"""What every manager may grant, within their own centres."""
GRANTABLE_REGION_WIDE = GRANTABLE | {Role.OPERATOR}
_AT_A_CENTRE = frozenset({Role.KIOSK, Role.FRONT_DESK, Role.COUNSELLOR})
"""Roles that give no right without a centre."""


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of an account. A manager or operator without centres has the whole region."""

    roles: frozenset[Role] = frozenset()
    centres: frozenset[str] = frozenset()

    @property
    def manages_region(self) -> bool:
        """Whether this is a region-wide manager."""
        return Role.MANAGER in self.roles and not self.centres


@dataclass(frozen=True, slots=True)
class Grantor:
    """A manager who acts on accounts. `account_ref`: None for who holds the platform's key, and for demo accounts."""

    rights: Rights
    account_ref: UUID | None = None


def acts_on(manager: Grantor, rights: Rights) -> bool:
    """Whether this manager may see and change an account with these rights.

    One with centres acts on accounts that belong to those centres alone.
    """
    own = bool(rights.centres) and rights.centres <= manager.rights.centres
    return manager.rights.manages_region or (Role.MANAGER in manager.rights.roles and own)


def grantable(manager: Grantor) -> frozenset[Role]:
    """The roles that this manager may grant and withdraw."""
    if Role.MANAGER not in manager.rights.roles:
        return frozenset()
    return GRANTABLE_REGION_WIDE if manager.rights.manages_region else GRANTABLE


def check_not_own(manager: Grantor, account_ref: UUID) -> None:
    """The account is another one than the manager's. Raises `OwnAccount`."""
    if manager.account_ref == account_ref:
        raise OwnAccount()


def check_grant(manager: Grantor, before: Rights, after: Rights) -> None:
    """The manager may replace the rights `before` by `after`.

    Raises `RoleNotGranted`, `CentreNotGranted`. A role that the manager may not grant cannot be withdrawn either.
    """
    beyond = (before.roles | after.roles) - grantable(manager)
    if before.manages_region and not manager.rights.manages_region:
        beyond |= {Role.MANAGER}
    if beyond or Role.MANAGER not in manager.rights.roles:
        raise RoleNotGranted(roles=[role for role in Role if role in beyond])
    outside = (before.centres | after.centres) - manager.rights.centres
    if not manager.rights.manages_region and (outside or not after.centres):
        raise CentreNotGranted(known=sorted(manager.rights.centres))


def check_rights(rights: Rights, organization_id: UUID | None) -> None:
    """The rights fit together. Raises `RoleMissing`, `RolesApart`, `CentreMissing`, `OrganizationMissing`."""
    if not rights.roles:
        raise RoleMissing()
    if Role.PROVIDER in rights.roles:
        if len(rights.roles) > 1:
            raise RolesApart()
        if organization_id is None:
            raise OrganizationMissing()
    if rights.roles & _AT_A_CENTRE and not rights.centres:
        raise CentreMissing()


def check_last_manager(before: Rights, after: Rights, others: Collection[UUID]) -> None:
    """A region-wide manager remains. `others`: the other active ones. Raises `RegionUnmanaged`."""
    if before.manages_region and not after.manages_region and not others:
        raise RegionUnmanaged()


def kind_of(kind: AccountKind, roles: Collection[Role]) -> AccountKind:
    """The kind of a person's account follows its roles; that of a device or a machine stays."""
    match kind:
        case AccountKind.STAFF | AccountKind.PROVIDER:
            return AccountKind.PROVIDER if Role.PROVIDER in roles else AccountKind.STAFF
        case AccountKind.DEVICE | AccountKind.MACHINE:
            return kind


def check_machine(kind: AccountKind) -> None:
    """The account is one of a device or a machine, which sign in with tokens. Raises `NotAMachine`."""
    if not has_tokens(kind):
        raise NotAMachine()


def machine_roles(kind: AccountKind) -> frozenset[Role] | None:
    """The roles that an account of this kind may have; None: any."""
    match kind:
        case AccountKind.DEVICE:
            return DEVICE_ROLES
        case AccountKind.MACHINE:
            return MACHINE_ROLES
        case AccountKind.STAFF | AccountKind.PROVIDER:
            return None


def check_kind(kind: AccountKind, roles: Collection[Role]) -> None:
    """A device or a machine has these roles. Raises `RoleNotForMachine`."""
    possible = machine_roles(kind)
    if possible is not None and not possible.issuperset(roles):
        raise RoleNotForMachine(known=[role for role in Role if role in possible])


def lifetime_of(days: int) -> timedelta:
    """How long a machine token is valid. Raises `TokenDays`."""
    if not 1 <= days <= TOKEN_DAYS:
        raise TokenDays(most=TOKEN_DAYS)
    return timedelta(days=days)


def token_state(expires_at: datetime, ended_at: datetime | None, now: datetime) -> TokenState:
    """The state of a machine token."""
    if ended_at is not None:
        return TokenState.REVOKED
    return TokenState.VALID if now < expires_at else TokenState.EXPIRED
