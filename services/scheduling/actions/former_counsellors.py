"""What counsellors who left had entered: working hours, absences, languages and areas are deleted with their code."""

from services.chassis.copies.accounts import copy_account
from services.chassis.storage.store import Store, Work
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus, awaits_approval, may_sign_in
from services.scheduling.store import Account
from services.scheduling.store.availability import delete_availability, unused_codes
from services.scheduling.store.counsellors import accounts_with_code


async def copy_published(work: Work, published: AccountPublished) -> None:
    """Copy an account. If a code passes to its person, what another person had entered under the code is deleted."""
    passed = await _passes_on(work, published)
    await copy_account(work, Account, published)
    if published.code is not None and passed:
        await delete_availability(work.session, [published.code])


async def _passes_on(work: Work, published: AccountPublished) -> bool:
    """Whether the account begins to use its code, and what stands there may be of another person.

    An account that was deactivated and is active again has its own hours back, unless another one had the code too.
    """
    if published.code is None or published.kind is not AccountKind.STAFF or not may_sign_in(published.status):
        return False
    before = await work.find(Account, published.account_ref)
    if before is None or before.code != published.code:
        return before is None or published.version > before.version
    status = AccountStatus(before.status)
    if published.version <= before.version or may_sign_in(status):
        return False
    return awaits_approval(status) or len(await accounts_with_code(work.session, published.code)) > 1


async def delete_unused_availability(store: Store) -> bool:
    """Delete what stands under codes of which no account is active, awaits approval or still has its name.

    The directory removes the name of an account some time after it ended (`CEFO_ACCOUNT_NAME_DAYS`, decision 0049).
    """
    async with store.read() as session:
        found = await unused_codes(session)
    if found:
        async with store.work() as work:
            await delete_availability(work.session, await unused_codes(work.session))
    return False
