"""Who manages accounts, and which ones."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.i18n import by_name
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.directory.domain.accounts import Grantor, Rights, acts_on, check_grant
from services.directory.domain.refusals import CentreNotGranted
from services.directory.store import centre_codes, centres
from services.directory.store.accounts import Account, region_managers

_SUBJECT = "account/"


def manager_of(person: Person) -> Grantor:
    """The manager that a signed-in person is."""
    own = person.subject.removeprefix(_SUBJECT) if person.subject.startswith(_SUBJECT) else None
    return Grantor(Rights(person.roles, person.centres), UUID(own) if own else None)


async def scope_of(session: AsyncSession, manager: Grantor) -> dict[str, Any]:
    """What limits the lists of a manager with centres, for `accounts_page` and `tokens_page`."""
    if manager.rights.manages_region:
        return {}
    own = manager.rights.centres
    return {"within": own, "others": set(await centre_codes(session)) - own}


async def account_for(session: AsyncSession, id: UUID, manager: Grantor) -> Account:
    """An account that this manager may see. Raises `NotFound`, also for another one."""
    return _visible(await session.get(Account, id), manager)


async def locked_for(work: Work, id: UUID, manager: Grantor | None) -> tuple[Account, list[UUID]]:
    """An account that this manager may change, and the other active region-wide managers; all of them are locked.

    So two managers who remove each other at the same moment do not both succeed. None: who runs the command.
    """
    await work.prefetch(Account, sorted({id, *await region_managers(work.session)}))
    account = await work.load(Account, id, msg("account"))
    return _visible(account, manager), [one for one in await region_managers(work.session) if one != id]


def _visible(account: Account | None, manager: Grantor | None) -> Account:
    if account is None or not (manager is None or acts_on(manager, account.rights)):
        raise NotFound(what=msg("account"))
    return account


async def check_may_grant(session: AsyncSession, manager: Grantor, before: Rights, after: Rights) -> None:
    """As `check_grant`; a refusal names the manager's centres as people read them."""
    try:
        check_grant(manager, before, after)
    except CentreNotGranted:
        own = [one for one in await centres(session) if one.code in manager.rights.centres]
        names = sorted((one.name for one in own), key=by_name)
        raise CentreNotGranted(known=[one.code for one in own], choices=names) from None
