"""The demonstration's accounts."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.accounts import AccountKind, AccountStatus
from services.directory.actions.accounts.lives import create
from services.directory.domain.accounts import Rights
from services.directory.store.accounts import Account

BY = "demo/staff"
"""Who changed what: the start of a demonstration."""


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """An invented counsellor, or a desk of a centre. `display_name`: of counsellors."""

    code: str
    kind: AccountKind
    rights: Rights
    display_name: str | None = None


async def seed_staff(work: Work, staff: Sequence[DemoStaff]) -> None:
    """Create the accounts whose codes nobody has. Raises `CodeTaken` if another replica did at the same moment."""
    codes = [one.code for one in staff]
    taken = set(await work.session.scalars(sa.select(col(Account.code)).where(col(Account.code).in_(codes))))
    for one in staff:
        if one.code not in taken:
            await create(
                work,
                one.kind,
                by=BY,
                display_name=one.display_name,
                rights=one.rights,
                code=one.code,
                status=AccountStatus.ACTIVE,
            )
