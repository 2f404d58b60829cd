"""Who the counsellors of a centre are, by the copies of the accounts, and the codes that only imports have."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.i18n import by_name
from services.chassis.storage.bulk import in_list, upsert
from services.contracts.accounts import AccountKind, AccountStatus, may_sign_in
from services.contracts.roles import Role
from services.scheduling.store.copies import Account
from services.scheduling.store.table import Table

_ACTIVE = tuple(status.value for status in AccountStatus if may_sign_in(status))


class PastCounsellor(Table, table=True):
    """A counsellor's code of imported interviews or workshops that no account had. Nothing is booked with it."""

    __tablename__ = "past_counsellors"  # pyright: ignore[reportAssignmentType]

    code: str = Field(primary_key=True, max_length=60)
    centre: str
    """Where it came first."""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A counsellor as pages show them. `name`: the code, where the account has no name."""

    code: str
    name: str


class CounsellorNames(dict[str, str]):
    """Names by code. A code without a name stands for itself."""

    def __missing__(self, code: str) -> str:
        return code


async def counsellors_of(session: AsyncSession, centre: str) -> list[StaffMember]:
    """The counsellors with whom this centre books, in the order of their names. Equal names have their codes added."""
    return _listed(account for account in await accounts_to_book(session) if is_bookable(account, centre))


async def accounts_to_book(session: AsyncSession) -> Sequence[Account]:
    """The active accounts of the staff of all centres that have a code, in the order of the codes."""
    code = col(Account.code)
    of_staff = code.is_not(None), col(Account.kind) == AccountKind.STAFF.value, col(Account.status).in_(_ACTIVE)
    return (await session.scalars(sa.select(Account).where(*of_staff).order_by(code))).all()


def is_bookable(account: Account, centre: str) -> bool:
    """Whether this centre books with the account: an active counsellor of the centre, with a code."""
    return (
        account.code is not None
        and account.kind == AccountKind.STAFF.value
        and account.status in _ACTIVE
        and Role.COUNSELLOR.value in account.roles
        and centre in account.centres
    )


def _listed(accounts: Iterable[Account]) -> list[StaffMember]:
    named = [(account.code or "", account.display_name or account.code or "") for account in accounts]
    uses = Counter(name for _code, name in named)
    members = [StaffMember(code, f"{name} ({code})" if uses[name] > 1 else name) for code, name in named]
    return sorted(members, key=lambda one: (by_name(one.name), one.code))


async def accounts_with_code(session: AsyncSession, code: str) -> list[Account]:
    """The accounts that have this code; two, while it passes from one to another."""
    return list(await session.scalars(sa.select(Account).where(col(Account.code) == code)))


async def belongs_to(session: AsyncSession, code: str, centre: str) -> bool:
    """Whether an account with this code is of this centre, also one that is inactive."""
    return any(centre in account.centres for account in await accounts_with_code(session, code))


async def is_past(session: AsyncSession, code: str) -> bool:
    """Whether only imports have this code."""
    return await session.get(PastCounsellor, code) is not None


async def counsellor_names(session: AsyncSession, codes: Iterable[str | None]) -> CounsellorNames:
    """The names of these counsellors, also of those who left."""
    wanted = sorted({code for code in codes if code})
    if not wanted:
        return CounsellorNames()
    active = col(Account.status).in_(_ACTIVE)
    found = await session.execute(_NAMED.order_by(sa.case((active, 1), else_=0)), {"codes": wanted})
    return CounsellorNames((str(row[0]), str(row[1])) for row in found)


_NAMED = sa.select(col(Account.code), col(Account.display_name)).where(
    in_list(col(Account.code), "codes"), col(Account.display_name).is_not(None)
)
_KNOWN = sa.union_all(
    sa.select(col(Account.code)).where(in_list(col(Account.code), "codes")),
    sa.select(col(PastCounsellor.code)).where(in_list(col(PastCounsellor.code), "codes")),
)


async def keep_past_counsellors(session: AsyncSession, seen: Collection[tuple[str, str]]) -> None:
    """Keep the codes among these that no account has. `seen`: codes and their centres, from imported lines."""
    centres = dict(reversed(list(seen)))
    if not centres:
        return
    known = set(await session.scalars(_KNOWN, {"codes": sorted(centres)}))
    # In the order of the codes: imports that run at once wait for each other, and for nothing else.
    rows = [{"code": code, "centre": centres[code]} for code in sorted(centres.keys() - known)]
    if rows:
        await session.execute(_kept(session), rows)


_kept = upsert(lambda insert: insert(PastCounsellor).on_conflict_do_nothing())
