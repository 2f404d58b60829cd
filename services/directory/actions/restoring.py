"""What the directory does after its store was restored from an older backup, so that no right comes back.

The accounts topic has the newest state of every account. Where it shows one after the backup, the store takes it over.
Sign-ins of people are in no event: all of them are ended. Machine tokens, and the sign-ins of kiosks with them, are
ended where the account was published after the backup, as a token may have been issued or a kiosk have signed in that
is no longer in the list, or where the topic does not go on from the backup.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.events.restoring import Seen
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus, has_tokens
from services.contracts.directory import CentrePublished, ProviderPublished
from services.contracts.sequences import next_sequence
from services.directory.actions.accounts.lives import facts_of
from services.directory.actions.accounts.publishing import COMMAND, end_all, latest, record
from services.directory.actions.centres import publish_centre
from services.directory.actions.feed import skip_positions
from services.directory.actions.providers import publish_provider
from services.directory.domain.accounts import AccountChangeKind
from services.directory.store import Account, Centre, Organization
from services.directory.store.accounts import MachineToken, SignIn

SKIPPED_POSITIONS = 1_000_000
"""Positions of the partners' feed that are not assigned: readers know more of them than the backup."""


async def restore(work: Work, seen: Seen) -> Mapping[str, int]:
    """End sign-ins and tokens, take over newer states of accounts, and publish what other services know newer."""
    await skip_positions(work, SKIPPED_POSITIONS)
    counted = await _restore_accounts(work, seen)
    await _publish_again(work, seen)
    return counted


async def _restore_accounts(work: Work, seen: Seen) -> dict[str, int]:
    newest = {UUID(ref): state for ref, state in seen.newest(AccountPublished).items()}
    counted = {"sign-ins": 0, "tokens": 0, "accounts": 0, "lost-accounts": 0}
    accounts = (await work.session.scalars(sa.select(Account).order_by(col(Account.id)).with_for_update())).all()
    known = {account.id for account in accounts}
    facts = {account.id: facts_of(account) for account in accounts}
    await _free_codes(work, [account for account in accounts if account.id in newest])
    taken = {account.code for account in accounts}
    for account in accounts:
        before, state = facts[account.id], newest.get(account.id)
        if state is not None:
            await _take_over(work, account, state, taken)
        counted["accounts"] += facts_of(account) != before
        machine = has_tokens(AccountKind(account.kind))
        if machine and state is None and seen.complete:
            continue
        counted["tokens" if machine else "sign-ins"] += 1
        await end_all(work, account)
        await record(work, account, AccountChangeKind.RESTORED, COMMAND, before=before, after=facts_of(account))
    for ref in newest.keys() - known:
        _end_lost(work, newest[ref])
        counted["lost-accounts"] += 1
    return counted


async def _free_codes(work: Work, accounts: Iterable[Account]) -> None:
    """Take the codes of these accounts from them: two may have exchanged theirs."""
    for account in accounts:
        account.code = None
    await work.session.flush()


async def _take_over(work: Work, account: Account, state: AccountPublished, taken: set[str | None]) -> None:
    """Give the account the state that was published last, and end what that says is ended."""
    account.kind, account.status = state.kind.value, state.status.value
    account.roles, account.centres = list(state.roles), list(state.centres)
    account.organization_id = state.organization_id
    account.code = state.code if state.code not in taken else None
    taken.add(account.code)
    account.display_name = state.display_name or account.display_name
    if state.signed_out_before is not None:
        account.signed_out_before = latest(account.signed_out_before, state.signed_out_before)
    for table in (SignIn, MachineToken):
        ended = (col(table.id).in_(state.ended_sign_ins), col(table.ended_at).is_(None))
        await work.session.execute(sa.update(table).where(*ended).values(ended_at=work.now))


def _end_lost(work: Work, state: AccountPublished) -> None:
    """End the rights of an account that was created after the backup: the store cannot manage it any more."""
    version = next_sequence(state.version, work.epoch)
    ended = {"version": version, "status": AccountStatus.INACTIVE, "roles": (), "centres": (), "code": None}
    event = state.model_copy(update=ended | {"display_name": None, "signed_out_before": work.now})
    work.emit_row_event(event, sequence=version, correlation_id=uuid4())


async def _publish_again(work: Work, seen: Seen) -> None:
    """Publish centres and providers that other services know newer, or all if that is not known."""
    centres, providers = seen.newest(CentrePublished), seen.newest(ProviderPublished)
    every_centre = sa.select(Centre).order_by(col(Centre.id)).with_for_update()
    for centre in (await work.session.scalars(every_centre)).all():
        if centre.code in centres or not seen.complete:
            publish_centre(work, centre)
    every_provider = sa.select(Organization).order_by(col(Organization.id)).with_for_update()
    for provider in (await work.session.scalars(every_provider)).all():
        if str(provider.id) in providers or not seen.complete:
            await publish_provider(work, provider)
