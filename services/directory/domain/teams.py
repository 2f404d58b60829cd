"""The rules of a provider's team: the people who sign in for an organisation."""

from datetime import datetime, timedelta
from uuid import UUID

from services.chassis.refusals import Refused, msg
from services.contracts.roles import Role
from services.directory.domain.accounts import Grantor, Rights
from services.directory.domain.refusals import OwnAccount

INVITATION = timedelta(days=14)
"""How long a person may leave an invitation unused."""
AGAIN_AFTER = timedelta(minutes=10)
"""How soon an invitation may be sent again."""
MOST = 50
"""People of one team."""
TEAM_RIGHTS = Rights(frozenset({Role.PROVIDER}))


class AddressTaken(Refused):
    """The address belongs to an account, here or elsewhere."""

    slug = "address-taken"
    message = msg(
        "This address cannot be invited: it belongs to an account. Choose another address, or ask the region."
    )
    field_name = "email"


class TeamFull(Refused):
    """The team has as many people as it may."""

    slug = "team-full"
    message = msg("The team is full. Maximum: {most}. Remove a person first.")
    field_name = "email"


class InvitedJustNow(Refused):
    """The invitation was sent a moment ago."""

    slug = "invited-just-now"
    message = msg("The invitation was sent a moment ago. Wait a few minutes, then try again.")


def is_lapsed(accepted_at: datetime | None, invited_at: datetime, now: datetime) -> bool:
    """Whether the person has left the invitation unused for too long."""
    return accepted_at is None and now >= invited_at + INVITATION


def check_size(people: int) -> None:
    """One more fits into the team. Raises `TeamFull`."""
    if people >= MOST:
        raise TeamFull(most=MOST)


def check_again(invited_at: datetime, now: datetime) -> None:
    """The invitation may be sent again. Raises `InvitedJustNow`."""
    if now < invited_at + AGAIN_AFTER:
        raise InvitedJustNow()


def acting_for_team(own_account: UUID | None, account: UUID) -> Grantor:
    """A person of the team, as who changes another account of the same team. Raises `OwnAccount`."""
    if own_account == account:
        raise OwnAccount()
    return Grantor(Rights(frozenset({Role.MANAGER})), own_account)
