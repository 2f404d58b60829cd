"""The demonstration accounts, with their tasks. They exist only with `CEFO_DEMO`."""

from uuid import NAMESPACE_URL, uuid5

from services.chassis.identity.people import Claim, Person
from services.chassis.refusals import msg
from services.chassis.web.platform import DemoAccount
from services.contracts.roles import Role
from services.directory.actions.accounts.seeding import DemoStaff
from services.directory.claims import ORGANIZATION
from services.directory.demo.accounts import LIEGE_COUNSELLOR, NAMUR_COUNSELLOR
from services.scheduling.claims import STAFF_CODE

_DESK = msg("Welcome people, give tickets, call, record consent.")
_COUNSELLOR = msg("See the queue, hold interviews, book appointments, write plans.")


def _account(
    key: str, name: str, role: Role, what: str, centre: str | None = None, claim: Claim | None = None
) -> DemoAccount:
    person = Person(
        subject=f"demo/{key}",
        name=name,
        roles=frozenset({role}),
        centres=frozenset({centre} if centre else ()),
        claims=frozenset({claim} if claim else ()),
    )
    return DemoAccount(key, person, what)


def _staff(published: DemoStaff) -> Claim:
    return Claim(STAFF_CODE, published.code)


ACCOUNTS = {
    account.key: account
    for account in (
        _account("accueil-liege", msg("Front desk, Liège"), Role.FRONT_DESK, _DESK, "liege"),
        _account(
            "conseil-liege",
            msg("Counselling team, Liège"),
            Role.COUNSELLOR,
            _COUNSELLOR,
            "liege",
            _staff(LIEGE_COUNSELLOR),
        ),
        _account("accueil-namur", msg("Front desk, Namur"), Role.FRONT_DESK, _DESK, "namur"),
        _account(
            "conseil-namur",
            msg("Counselling team, Namur"),
            Role.COUNSELLOR,
            _COUNSELLOR,
            "namur",
            _staff(NAMUR_COUNSELLOR),
        ),
        _account(
            "operateur-ifapme",
            msg("Provider, IFAPME (demo)"),
            Role.PROVIDER,
            msg("Keep the entry up to date, answer referrals."),
            claim=Claim(ORGANIZATION, str(uuid5(NAMESPACE_URL, "https://cefo.example/demo/organization/ifapme"))),
        ),
        _account(
            "cite-charleroi",
            msg("Cité des métiers, Charleroi"),
            Role.CITE,
            msg("Follow the referrals."),
            "charleroi",
        ),
        _account("region", msg("Region"), Role.MANAGER, msg("See the results of every centre.")),
        _account("exploitation", msg("Operations"), Role.OPERATOR, msg("Watch the events, fix what is stuck.")),
    )
}
