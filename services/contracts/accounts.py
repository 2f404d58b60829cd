"""The events of the directory about accounts: who may sign in, with which rights, and which sign-ins were ended."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from services.contracts.envelope import (
    At,
    CentreCode,
    Code,
    Event,
    Number,
    PersonalReference,
    Privacy,
    Reference,
    StaffCode,
    private,
)
from services.contracts.text import Text
from services.contracts.topics import ACCOUNTS


class AccountKind(StrEnum):
    """Who or what signs in with an account."""

    STAFF = "staff"
    PROVIDER = "provider"
    DEVICE = "device"
    """A desk's or a kiosk's own software."""
    MACHINE = "machine"
    """A partner's software, or a job."""


def has_tokens(kind: AccountKind) -> bool:
    """Whether an account of this kind signs in with tokens."""
    match kind:
        case AccountKind.DEVICE | AccountKind.MACHINE:
            return True
        case AccountKind.STAFF | AccountKind.PROVIDER:
            return False


class AccountStatus(StrEnum):
    """Whether an account may sign in."""

    PENDING = "pending"
    """After the first sign-in; a manager has not approved it yet."""
    ACTIVE = "active"
    INACTIVE = "inactive"


def may_sign_in(status: AccountStatus) -> bool:
    """Whether an account of this status may sign in."""
    match status:
        case AccountStatus.ACTIVE:
            return True
        case AccountStatus.PENDING | AccountStatus.INACTIVE:
            return False


def awaits_approval(status: AccountStatus) -> bool:
    """Whether a manager has to approve an account of this status."""
    match status:
        case AccountStatus.PENDING:
            return True
        case AccountStatus.ACTIVE | AccountStatus.INACTIVE:
            return False


Kind = Annotated[AccountKind, private(Privacy.OPERATIONAL)]
Status = Annotated[AccountStatus, private(Privacy.OPERATIONAL)]
Organization = Annotated[UUID, private(Privacy.OPERATIONAL)]
StaffName = Annotated[str, Text(120, published=True), private(Privacy.STAFF)]
"""The name under which colleagues know a member of staff. On this topic only."""


class AccountPublished(Event, type="cefo.directory.account-published.v1", topic=ACCOUNTS, about="account_ref"):
    """The current state of an account. It contains no identity at an issuer and no contact."""

    account_ref: PersonalReference
    version: Number
    """Counts the changes of the account. A copy ignores a version older than its own."""
    kind: Kind
    status: Status
    roles: tuple[Code, ...]
    """Roles that a reader does not know give no right."""
    centres: tuple[CentreCode, ...]
    """Empty: with the role `manager` or `operator` the whole region, otherwise no centre. `operator` needs it empty."""
    organization_id: Organization | None = None
    code: StaffCode | None = None
    """A counsellor's code in the calendar, or a desk's."""
    display_name: StaffName | None = None
    """Staff only."""
    signed_out_before: At | None = None
    """Every sign-in that began earlier is ended."""
    ended_sign_ins: tuple[Reference, ...] = ()
    """Single sign-ins that were ended, until they would have expired."""
