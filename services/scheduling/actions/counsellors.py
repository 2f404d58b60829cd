"""With whom a centre books: its active counsellors. And who keeps their working hours and absences."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.contracts.roles import Role
from services.scheduling.claims import staff_code
from services.scheduling.domain import refusals
from services.scheduling.store import Account
from services.scheduling.store.counsellors import accounts_with_code, counsellors_of, is_bookable, is_past


async def check_counsellor(session: AsyncSession, centre: str, code: str) -> None:
    """This centre books with the counsellor of this code. Raises `UnknownCounsellor`, `CounsellorInactive`."""
    accounts = await accounts_with_code(session, code)
    if any(is_bookable(account, centre) for account in accounts):
        return
    await _refuse_counsellor(session, centre, code, accounts)


async def check_counsellor_of(session: AsyncSession, centres: Sequence[str], code: str) -> None:
    """One of these centres, at least one, books with the counsellor. Raises as `check_counsellor` does."""
    accounts = await accounts_with_code(session, code)
    if not any(is_bookable(account, centre) for account in accounts for centre in centres):
        await _refuse_counsellor(session, centres[0], code, accounts)


async def _refuse_counsellor(session: AsyncSession, centre: str, code: str, accounts: Sequence[Account]) -> None:
    team = await counsellors_of(session, centre)
    known, names = [one.code for one in team], [one.name for one in team]
    if accounts or await is_past(session, code):
        raise refusals.CounsellorInactive(counsellor=code, known=known, choices=names)
    raise refusals.UnknownCounsellor(counsellor=code, known=known, choices=names)


async def centres_kept(session: AsyncSession, person: Person, code: str) -> list[str]:
    """The centres at which the person keeps the hours of the counsellor with this code; their absences are for all.

    Counsellors keep their own, managers those of the counsellors of their centres. Raises `NotFound` if there are none.
    """
    mine = person.has(Role.COUNSELLOR) and staff_code(person) == code
    manages = person.has(Role.MANAGER)
    found = {
        centre
        for account in await accounts_with_code(session, code)
        for centre in account.centres
        if is_bookable(account, centre) and (mine or (manages and person.works_at(centre)))
    }
    if not found:
        raise NotFound(what=msg("counsellor"))
    return sorted(found)
