"""The numbers of a centre's desks: from the codes of its devices, for example `liege-desk-2`."""

import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.contracts.accounts import AccountKind, AccountStatus, may_sign_in
from services.intake.store import Account

_DESK = re.compile(r"(?:.*-)?desk-([1-9][0-9]{0,2})")
"""Any other code is a device that is no desk, for example a kiosk."""
_ACTIVE = tuple(status.value for status in AccountStatus if may_sign_in(status))


async def desk_numbers(session: AsyncSession, centre: str) -> list[int]:
    """The numbers of the desks for which the centre has an active device, in order. Empty: any number may be typed."""
    devices = sa.select(Account).where(
        col(Account.code).is_not(None), col(Account.kind) == AccountKind.DEVICE.value, col(Account.status).in_(_ACTIVE)
    )
    return _numbers(one.code for one in await session.scalars(devices) if centre in one.centres)


def _numbers(codes: Iterable[str | None]) -> list[int]:
    found = (_DESK.fullmatch(code or "") for code in codes)
    return sorted({int(match[1]) for match in found if match})
