"""The demonstration's accounts, and where each role comes in."""

from services.chassis.web.pages import Site
from services.contracts.roles import Role
from services.directory.claims import organization_of
from services.directory.demo import organization_id
from services.launcher.catalogue import SERVICES, folders, navigation
from services.launcher.demo import ACCOUNTS
from services.scheduling.claims import required_staff_code


def test_every_role_has_its_home() -> None:
    assert Site([], navigation(), secure=False).homes == {
        Role.FRONT_DESK: "/intake/",
        Role.COUNSELLOR: "/scheduling/to-do",
        Role.VISITOR: "/intake/mine",
        Role.PROVIDER: "/directory/inbox",
        Role.CITE: "/directory/referral-events",
        Role.MANAGER: "/impact/exact",
        Role.OPERATOR: "/intake/dead-letters",
    }


def test_every_process_knows_the_links_and_the_words_of_all_services() -> None:
    assert list(navigation()) == list(SERVICES)
    assert {name: SERVICES[name].nav for name in SERVICES} == navigation()
    assert all((folder / "locales").is_dir() for folder in folders())


def test_the_accounts_say_to_the_services_what_these_read() -> None:
    assert required_staff_code(ACCOUNTS["conseil-namur"].person) == "namur-c01"
    assert organization_of(ACCOUNTS["operateur-ifapme"].person) == organization_id("ifapme")
    assert organization_of(ACCOUNTS["region"].person) is None
