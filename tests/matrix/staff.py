"""The accounts of the world: those of the callers, and those that callers ask about."""

from uuid import UUID

from services.chassis.identity.tokens import AccountToken
from services.contracts.accounts import AccountKind
from services.contracts.roles import Role
from services.directory import actions as directory
from services.directory.actions import accounts, teams
from services.directory.domain.accounts import Rights
from tests.givens import directory as providers
from tests.givens.accounts import REGION as REGION_MANAGER
from tests.givens.accounts import REGION_BY, account_waits, account_works, rights, signs_in
from tests.matrix.callers import CENTRES_OPERATOR, INACTIVE, OPERATOR, OTHER, REGION
from tests.matrix.world import Side, World

MANAGERS = ("manager", REGION)
SEES_COUNSELLORS = ("front desk",)
"""Chooses them from a list, to transfer a visitor."""
"""Who sees the accounts of a side."""


async def open_accounts(world: World) -> None:
    """Two providers with a service each, everyone who asks, and those who are asked about."""
    store = world.store("directory")
    async with store.work() as work:
        await directory.set_provider(work, *providers.atelier())
        await directory.set_provider(work, *providers.passerelle())
    world.liege.ids |= {"organization": providers.ATELIER, "service": providers.WELDING}
    world.namur.ids |= {"organization": providers.PASSERELLE, "service": providers.DUTCH}
    for side in world.sides:
        for role in ("front desk", "counsellor", "manager", "provider"):
            world.tokens[_caller(side, role)] = await _member(world, side, role)
        world.tokens[_caller(side, "device")] = await _machine(world, side, "device", Role.KIOSK)
        world.tokens[_caller(side, "cité")] = await _machine(world, side, "cité", Role.CITE)
        await _machine(world, side, "kiosk", Role.FRONT_DESK)
        await _open_asked_about(world, side)
    for caller, given in (
        (REGION, rights(Role.MANAGER)),
        (OPERATOR, rights(Role.OPERATOR)),
        (CENTRES_OPERATOR, rights(Role.OPERATOR, centres=("liege",))),
    ):
        world.tokens[caller] = await signs_in(store, await account_works(store, caller, given))
    await account_works(store, "another region", rights(Role.MANAGER))  # so that nobody is the last one
    world.region["pending"] = await account_waits(store, "Wenzel-waits")
    world.liege.private["Wenzel-waits"] = (REGION,)
    gone = await account_works(store, INACTIVE, rights(Role.COUNSELLOR, centres=("liege",)))
    world.tokens[INACTIVE] = await signs_in(store, gone)
    await _deactivate(world, gone)


def _caller(side: Side, role: str) -> str:
    return role if side.centre == "liege" else OTHER + role


async def _member(world: World, side: Side, role: str) -> AccountToken:
    """A person of this role, signed in; a counsellor is in the calendar."""
    store, here, name = world.store("directory"), (side.centre,), f"Name-of-{role}-{side.centre}"
    side.private[name] = (*MANAGERS, role, *(SEES_COUNSELLORS if role == "counsellor" else ()))
    if role == "provider":
        belongs = {"organization_id": side["organization"], "kind": AccountKind.PROVIDER}
        side.private[name] = (REGION, role)
        account = await account_works(store, name, rights(Role.PROVIDER), **belongs)
    else:
        code = {"code": f"{side.centre}-c01"} if role == "counsellor" else {}
        account = await account_works(store, name, rights(Role(role.replace(" ", "-")), centres=here), **code)
    side.ids[f"{role} account"] = account
    return await signs_in(store, account)


async def _machine(world: World, side: Side, role: str, right: Role) -> AccountToken:
    """The token of a kiosk or of a partner's software."""
    kind = AccountKind.MACHINE if right is Role.CITE else AccountKind.DEVICE
    name, given = f"{role.replace('é', 'e')}-of-{side.centre}", Rights(frozenset({right}), frozenset({side.centre}))
    side.private[name] = MANAGERS if role == "kiosk" else (*MANAGERS, role)  # its own name
    async with world.store("directory").work() as work:
        account = await accounts.create_machine(work, kind, name, given, manager=REGION_MANAGER, by=REGION_BY)
        token = await accounts.issue_token(work, account.id, name, 30, manager=REGION_MANAGER, by=REGION_BY)
    side.ids |= {f"{role} account": account.id, f"{role} token": token.sign_in}
    return token


async def _open_asked_about(world: World, side: Side) -> None:
    """A colleague, one who left, and a person of the provider's team."""
    store, here = world.store("directory"), (side.centre,)
    colleague, left, mail = (f"{name}-of-{side.centre}" for name in ("Colette", "Leon", "team"))
    side.ids["colleague"] = await account_works(store, colleague, rights(Role.FRONT_DESK, centres=here))
    side.ids["left"] = await account_works(store, left, rights(Role.FRONT_DESK, centres=here))
    await _deactivate(world, side["left"])
    async with store.work() as work:
        address, page = f"{mail}@atelier.be", "https://cefo.example.test"
        invited = await teams.invite(work, side["organization"], address, by=REGION_BY, page=page, lang="fr")
        side.ids["teammate"] = invited.id
    side.private |= {colleague: MANAGERS, left: MANAGERS, mail: ("provider", REGION)}


async def _deactivate(world: World, account: UUID) -> None:
    async with world.store("directory").work() as work:
        await accounts.deactivate(work, account, manager=REGION_MANAGER, by=REGION_BY)
