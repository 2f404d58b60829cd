"""A provider's team: the people who sign in for an organisation are invited, and removed."""

from uuid import UUID

from services.chassis.mail.addresses import check_address
from services.chassis.mail.messages import queue
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind, AccountStatus
from services.directory.actions.accounts import create, deactivate
from services.directory.actions.letters import invitation
from services.directory.domain import MailPurpose
from services.directory.domain.accounts import Grantor
from services.directory.domain.teams import INVITATION, TEAM_RIGHTS, AddressTaken, check_again, check_size
from services.directory.store import Account, Mail, Organization
from services.directory.store.teams import AccountEmail, remove_contact, team_of


async def invite(work: Work, organization_id: UUID, address: str, *, by: str, page: str, lang: str) -> Account:
    """Give a person an account of this organisation, and tell them by e-mail. `page`: where people sign in.

    Who calls it has checked that `by` may. Raises `NotFound`, `WrongEmail`, `TeamFull`, `AddressTaken`.
    """
    email = check_address(address)
    # Locked: two invitations at the same moment do not both take the last place.
    organization = await work.load(Organization, organization_id, msg("provider"))
    check_size(len(await team_of(work.session, organization_id)))
    account = await create(
        work,
        AccountKind.PROVIDER,
        by=by,
        rights=TEAM_RIGHTS,
        organization_id=organization_id,
        status=AccountStatus.ACTIVE,
    )
    work.guard("account_emails_email_unique", AddressTaken())
    row = work.add(AccountEmail(account_id=account.id, email=email, invited_by=by, invited_at=work.now))
    _send(work, row, organization, page, lang)
    return account


async def invite_again(work: Work, organization_id: UUID, account_id: UUID, *, by: str, page: str, lang: str) -> None:
    """Send the invitation again; it is valid from now on. Raises `NotFound`, `InvitedJustNow`."""
    organization = await work.load(Organization, organization_id, msg("provider"))
    _check_member(await work.find(Account, account_id), organization_id)
    row = await work.load(AccountEmail, account_id, msg("person"))
    check_again(row.invited_at, work.now)
    row.invited_at, row.invited_by = work.now, by
    _send(work, row, organization, page, lang)


async def remove(work: Work, organization_id: UUID, account_id: UUID, *, manager: Grantor, by: str) -> None:
    """Deactivate the account of a person of this organisation, and delete their address.

    Raises `NotFound`, `OwnAccount`, and what `deactivate` raises.
    """
    _check_member(await work.session.get(Account, account_id), organization_id)
    # Locks accounts in their order; so the organisation is checked again.
    _check_member(await deactivate(work, account_id, manager=manager, by=by), organization_id)
    await remove_contact(work, account_id)


def _check_member(account: Account | None, organization_id: UUID) -> None:
    if account is None or account.organization_id != organization_id:
        raise NotFound(what=msg("person"))


def _send(work: Work, row: AccountEmail, organization: Organization, page: str, lang: str) -> None:
    valid_until = (work.now + INVITATION).astimezone(BRUSSELS).date()
    letter = invitation(organization.name, page, valid_until, lang)
    purpose = MailPurpose.INVITATION
    queue(work, Mail, purpose=purpose, recipient=row.email, lang=lang, useful_for=INVITATION, **letter._asdict())
