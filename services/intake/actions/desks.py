"""The desks and the counsellors of a centre, by the copies of its accounts.

A desk's number is in the code of its device, for example `liege-desk-2`. Its own code is then `desk-2`.
"""

import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.i18n import by_name
from services.contracts.accounts import AccountKind, AccountStatus, may_sign_in
from services.contracts.roles import Role
from services.intake.store import Account

_DESK = re.compile(r"(?:.*-)?desk-([1-9][0-9]{0,2})")
"""Any other code is a device that is no desk, for example a kiosk."""
_ACTIVE = tuple(status.value for status in AccountStatus if may_sign_in(status))


async def desks_of(session: AsyncSession, centre: str) -> list[str]:
    """The codes of the desks for which the centre has an active device, in order. Empty: any may be typed."""
    devices = sa.select(col(Account.code), col(Account.centres)).where(
        col(Account.code).is_not(None),
        col(Account.kind) == AccountKind.DEVICE.value,
        col(Account.status).in_(_ACTIVE),
    )
    codes = (code for code, centres in await session.execute(devices) if centre in centres)
    return [f"desk-{number}" for number in _numbers(codes)]


async def counsellors_of(session: AsyncSession, centre: str) -> dict[str, str]:
    """The names of a centre's active counsellors by their codes, in the order of the names."""
    staff = sa.select(Account).where(
        col(Account.code).is_not(None), col(Account.kind) == AccountKind.STAFF.value, col(Account.status).in_(_ACTIVE)
    )
    found = [
        (one.code or "", one.display_name or one.code or "")
        for one in await session.scalars(staff)
        if centre in one.centres and Role.COUNSELLOR.value in one.roles
    ]
    return dict(sorted(found, key=lambda one: by_name(one[1])))


def _numbers(codes: Iterable[str | None]) -> list[int]:
    found = (_DESK.fullmatch(code or "") for code in codes)
    return sorted({int(match[1]) for match in found if match})
