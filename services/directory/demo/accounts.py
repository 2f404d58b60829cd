"""The accounts of the demonstration's counsellors and desks.

They are published, so that other services offer them to choose from. Nobody signs in with them: the cards of the
demonstration need no account.
"""

from services.contracts.accounts import AccountKind
from services.contracts.roles import Role
from services.directory.actions.accounts.seeding import DemoStaff
from services.directory.domain.accounts import Rights


def _counsellor(code: str, centre: str, name: str) -> DemoStaff:
    return DemoStaff(code, AccountKind.STAFF, _at(centre, Role.COUNSELLOR), f"{name} Démonstration")


def _desk(centre: str, number: int) -> DemoStaff:
    return DemoStaff(f"{centre}-desk-{number}", AccountKind.DEVICE, _at(centre, Role.FRONT_DESK))


def _at(centre: str, role: Role) -> Rights:
    return Rights(frozenset({role}), frozenset({centre}))


LIEGE_COUNSELLOR = _counsellor("liege-c01", "liege", "Nadia")
NAMUR_COUNSELLOR = _counsellor("namur-c01", "namur", "Léa")
LIEGE_COLLEAGUE = _counsellor("liege-c02", "liege", "Tom")
DEMO_STAFF = (
    LIEGE_COUNSELLOR,
    LIEGE_COLLEAGUE,
    NAMUR_COUNSELLOR,
    *(_desk("liege", number) for number in (1, 2, 3)),
)
"""Liège has three desks of its own; at Namur the number of a desk is typed."""
