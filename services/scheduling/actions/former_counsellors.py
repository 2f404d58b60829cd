"""What counsellors entered, when their code changes or they leave: working hours, absences, languages and areas."""

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.accounts import copy_account
from services.chassis.storage.store import Store, Work
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus, may_sign_in
from services.scheduling.actions.availability import quarters_left
from services.scheduling.store import (
    Account,
    CounsellorAbsence,
    CounsellorFeed,
    ExternalBusy,
    ExternalCalendar,
    QuarterHour,
)
from services.scheduling.store.availability import (
    ENTERED,
    delete_availability,
    reserve_absence,
    take_booked_too,
    unused_codes,
)
from services.scheduling.store.counsellors import accounts_with_code


async def copy_published(work: Work, published: AccountPublished) -> None:
    """Copy an account. If a code passes to its person, what another person had entered under the code is deleted.

    Of who works on under another code, what they entered goes along.
    """
    passed, before = await _passes_on(work, published), await _code_left(work, published)
    await copy_account(work, Account, published)
    await _end_calendars(work, published)
    if published.code is not None and passed:
        await delete_availability(work.session, [published.code])
        if before is not None:
            await _rename(work, before, published.code)


async def _code_left(work: Work, published: AccountPublished) -> str | None:
    """The code that an active account had until now. None: it keeps its code, or shares one of the two."""
    before = await work.find(Account, published.account_ref)
    if before is None or before.code in (None, published.code) or published.code is None:
        return None
    if before.kind != AccountKind.STAFF or not may_sign_in(AccountStatus(before.status)):
        return None
    for code in (before.code, published.code):
        others = [one for one in await accounts_with_code(work.session, code) if one.id != before.id]
        if any(may_sign_in(AccountStatus(one.status)) for one in others):
            return None
    return before.code


async def _rename(work: Work, before: str, after: str) -> None:
    """Move what was entered under one code to another, under which nothing is entered.

    What is booked stays with its code, and takes its quarter-hours under the new one too: they are one person's.
    """
    theirs = col(CounsellorAbsence.counsellor) == before
    locked = sa.select(col(CounsellorAbsence.id)).where(theirs).order_by(col(CounsellorAbsence.id)).with_for_update()
    ids = (await work.session.scalars(locked)).all()
    await work.session.execute(sa.delete(QuarterHour).where(col(QuarterHour.holder).in_(ids)))
    await take_booked_too(work.session, before, after, work.now)
    for table in ENTERED:
        renamed = sa.update(table).where(col(table.counsellor) == before).values(counsellor=after)
        await work.session.execute(renamed.execution_options(synchronize_session=False))
    moved = sa.select(CounsellorAbsence).where(col(CounsellorAbsence.id).in_(ids))
    for absence in await work.session.scalars(moved.execution_options(populate_existing=True)):
        await reserve_absence(work.session, absence, quarters_left(absence, work.now))


async def _end_calendars(work: Work, published: AccountPublished) -> None:
    """An account that ends takes its calendars with it for good: the one that other programs read, and the one that is
    read here. One that is active again makes and enters new ones."""
    if published.code is None or may_sign_in(published.status):
        return
    others = await accounts_with_code(work.session, published.code)
    if not any(may_sign_in(AccountStatus(one.status)) for one in others):
        for table in (CounsellorFeed, ExternalCalendar, ExternalBusy):
            await work.session.execute(sa.delete(table).where(col(table.counsellor) == published.code))


async def _passes_on(work: Work, published: AccountPublished) -> bool:
    """Whether the account begins to use its code, and what stands there may be of another person.

    An account that is active again, after it was deactivated or waited for approval, has its own hours back, unless
    another one had the code too: the directory gives a new account its code with its approval, never before.
    """
    if published.code is None or published.kind is not AccountKind.STAFF or not may_sign_in(published.status):
        return False
    before = await work.find(Account, published.account_ref)
    if before is None or before.code != published.code:
        return before is None or published.version > before.version
    if published.version <= before.version or may_sign_in(AccountStatus(before.status)):
        return False
    return len(await accounts_with_code(work.session, published.code)) > 1


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
