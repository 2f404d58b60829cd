"""The pages of accounts: a manager's list and one account, what a manager does there, and signing out."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.demo import organization_id
from services.directory.domain.accounts import Rights, SignInMethod
from services.directory.store import Account
from tests.directory.web import CITE, COUNSELLOR, DESK, MANAGER, OPERATOR, PROVIDER, Site, visitor
from tests.givens.events import emitted_events

ACCOUNTS = "/directory/accounts"
MONS = MANAGER.model_copy(update={"subject": "demo/mons-manager", "centres": frozenset({"mons"})})
AT_MONS = Rights(frozenset({Role.COUNSELLOR}), frozenset({"mons"}))
NOBODY = uuid4()


async def created(site: Site, name: str, rights: Rights | None = None, **facts: Any) -> UUID:
    status = AccountStatus.PENDING if rights is None else AccountStatus.ACTIVE
    async with site.store.work() as work:
        account = await accounts.create(
            work,
            AccountKind.STAFF,
            identity=("https://login.example.test", name),
            display_name=f"{name} (test)",
            rights=rights,
            status=facts.pop("status", status),
            **facts,
        )
        return account.id


async def signed_in(site: Site, id: UUID) -> AccountToken:
    async with site.store.work() as work:
        return await accounts.sign_in(work, id, SignInMethod.OIDC, timedelta(hours=12))


async def stored(site: Site, id: UUID) -> Account:
    async with site.store.read() as session:
        account = await session.get(Account, id)
    assert account is not None
    return account


async def get(site: Site, person: Person | None, path: str = "", **more: Any) -> httpx2.Response:
    async with site.as_(person, page=True) as client:
        return await client.get(f"{ACCOUNTS}{path}", **more)


async def post(site: Site, person: Person | None, path: str, data: dict[str, Any]) -> httpx2.Response:
    async with site.as_(person, page=True) as client:
        return await client.post(f"{ACCOUNTS}{path}", data=data)


async def test_the_list_shows_who_waits_first_with_rights_and_last_sign_in(site: Site) -> None:
    nadia = await created(site, "Nadia", AT_MONS)
    await signed_in(site, nadia)
    for name in ("Rachid", "Émilie"):
        await created(site, name, AT_MONS)
    await created(site, "Zoe")
    text = (await get(site, MANAGER)).text
    order = [text.index(f"{name} (test)") for name in ("Zoe", "Émilie", "Nadia", "Rachid")]
    assert order == sorted(order)
    assert "Awaiting approval" in text
    assert "Counsellor" in text
    assert "last sign-in: 2 Mar 2026" in text
    assert "login.example" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Nadia", "Zoe", "Rita"}),
        ("?q=&status=&role=&centre=", {"Nadia", "Zoe", "Rita"}),
        ("?q=nad", {"Nadia"}),
        ("?status=pending", {"Zoe"}),
        ("?role=manager", {"Rita"}),
        ("?centre=mons", {"Nadia"}),
        ("?q=nobody", set[str]()),
    ],
)
async def test_the_list_is_searched_and_filtered(site: Site, query: str, found: set[str]) -> None:
    await created(site, "Nadia", AT_MONS)
    await created(site, "Zoe")
    await created(site, "Rita", Rights(frozenset({Role.MANAGER})))
    answer = await get(site, MANAGER, query)
    assert answer.status_code == 200
    assert {name for name in ("Nadia", "Zoe", "Rita") if f"{name} (test)" in answer.text} == found


async def test_a_long_list_goes_on_with_the_same_filter(site: Site) -> None:
    for number in range(51):
        await created(site, f"Nadia {number:02}", AT_MONS)
    text = (await get(site, MANAGER, "?q=nadia")).text
    assert "Nadia 49" in text
    assert "Nadia 50" not in text
    assert f'href="{ACCOUNTS}?q=nadia&amp;skip=50"' in text
    assert "Nadia 50" in (await get(site, MANAGER, "?q=nadia&skip=50")).text


async def test_a_filter_that_does_not_exist_is_refused(site: Site) -> None:
    assert (await get(site, MANAGER, "?role=boss")).status_code == 422


async def test_a_manager_with_centres_sees_only_accounts_of_these(site: Site) -> None:
    mine = await created(site, "Nadia", AT_MONS)
    both = await created(site, "Lea", Rights(frozenset({Role.COUNSELLOR}), frozenset({"mons", "liege"})))
    rita = await created(site, "Rita", Rights(frozenset({Role.MANAGER})))
    text = (await get(site, MONS)).text
    assert {name for name in ("Nadia", "Lea", "Rita") if name in text} == {"Nadia"}
    assert [(await get(site, MONS, f"/{id}")).status_code for id in (mine, both, rita, NOBODY)] == [200, 404, 404, 404]
    assert "Liège" not in (await get(site, MONS, f"/{mine}")).text.partition("<main")[2]


async def test_an_account_is_approved_with_its_rights(site: Site) -> None:
    id = await created(site, "Nadia")
    page = (await get(site, MANAGER, f"/{id}")).text
    assert "Approve the account" in page
    assert "https://login.example.test" in page
    form = {"roles": ["counsellor", "front-desk"], "centres": ["mons"], "code": "mons-c01", "version": "1"}
    answer = await post(site, MANAGER, f"/{id}/approve", form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ACCOUNTS}/{id}")
    account = await stored(site, id)
    assert (account.status, account.roles, account.centres) == ("active", ["front-desk", "counsellor"], ["mons"])
    text = (await get(site, MANAGER, f"/{id}")).text
    assert "Roles: <bdi>–</bdi> → <bdi>Front desk, Counsellor</bdi>" in text
    assert "Status: <bdi>awaiting approval</bdi> → <bdi>active</bdi>" in text
    assert "Demonstration account" in text


async def test_a_change_is_listed_with_who_made_it(site: Site) -> None:
    rita = await created(site, "Rita", Rights(frozenset({Role.MANAGER})))
    id = await created(site, "Nadia", AT_MONS)
    boss = MANAGER.model_copy(update={"subject": f"account/{rita}"})
    form = {
        "roles": ["provider"],
        "organization_id": str(organization_id("ifapme")),
        "version": "1",
    }
    assert (await post(site, boss, f"/{id}", form)).status_code == 303
    text = (await get(site, boss, f"/{id}")).text
    assert "Provider: <bdi>–</bdi> → <bdi>IFAPME" in text
    assert "Mons</bdi> → <bdi>–</bdi>" in text
    assert "Rita (test)" in text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"centres": ["mons"]}, "Choose at least one role."),
        ({"roles": ["counsellor"]}, "This role needs a centre."),
        ({"roles": ["provider"]}, "This role needs a provider."),
        ({"roles": ["provider", "cite"], "organization_id": str(NOBODY)}, "cannot be combined"),
        ({"roles": ["provider"], "organization_id": str(NOBODY)}, "not in the directory"),
        ({"roles": ["counsellor"], "centres": ["paris"]}, "This centre does not exist."),
        (
            {"roles": ["counsellor"], "centres": ["mons"], "code": "Nadia D."},
            "Use small letters, digits",
        ),
        ({"roles": ["counsellor"], "centres": ["mons"], "code": "mons-c02"}, "Another account has this code."),
        ({"roles": ["boss"], "centres": ["mons"]}, "Choose one of these"),
        ({"roles": ["counsellor"], "centres": ["mons"], "version": "7"}, "changed this page in the meantime"),
    ],
)
async def test_a_fault_is_shown_at_its_field_and_nothing_is_changed(
    site: Site, form: dict[str, Any], field: str
) -> None:
    await created(site, "Omar", AT_MONS, code="mons-c02")
    id = await created(site, "Nadia", AT_MONS)
    answer = await post(site, MANAGER, f"/{id}", {"version": "1"} | form)
    assert (answer.status_code, field in answer.text) == (422, True)
    assert (await stored(site, id)).version == 1


async def test_a_manager_with_centres_cannot_grant_beyond_them(site: Site) -> None:
    id = await created(site, "Nadia", AT_MONS)
    for form, status in (
        ({"roles": ["operator"], "centres": ["mons"]}, 403),
        ({"roles": ["counsellor"], "centres": ["liege"]}, 403),
        ({"roles": ["manager"]}, 403),
        ({"roles": ["visitor"], "centres": ["mons"]}, 403),
        ({"roles": ["manager"], "centres": ["mons"]}, 303),
    ):
        assert (await post(site, MONS, f"/{id}", {"version": "1"} | form)).status_code == status, form
    assert (await stored(site, id)).roles == ["manager"]


async def test_ones_own_account_and_one_beyond_ones_rights_have_no_form(site: Site) -> None:
    rita = await created(site, "Rita", Rights(frozenset({Role.MANAGER})))
    beyond = await created(site, "Olga", Rights(frozenset({Role.OPERATOR}), frozenset({"mons"})))
    own = (await get(site, MANAGER.model_copy(update={"subject": f"account/{rita}"}), f"/{rita}")).text
    theirs = (await get(site, MONS, f"/{beyond}")).text
    assert "This is your own account." in own
    assert "Only the region can change this account." in theirs
    assert all(f'action="{ACCOUNTS}' not in text for text in (own, theirs))


async def test_an_account_is_deactivated_and_comes_back(site: Site) -> None:
    id = await created(site, "Nadia", AT_MONS)
    assert (await post(site, MONS, f"/{id}/deactivate", {"version": "1"})).status_code == 303
    assert (await stored(site, id)).status == "inactive"
    assert "Reactivate the account" in (await get(site, MONS, f"/{id}")).text
    assert (await post(site, MONS, f"/{id}/reactivate", {"version": "1"})).status_code == 303  # back with the reason
    assert (await stored(site, id)).status == "inactive"
    assert (await post(site, MONS, f"/{id}/reactivate", {"version": "2"})).status_code == 303
    assert (await stored(site, id)).status == "active"


async def as_account(site: Site, token: AccountToken, path: str, method: str = "GET") -> httpx2.Response:
    """A request of a browser with this sign-in."""
    async with site.as_(None, page=True) as client:
        client.cookies.set("cefo-session", site.process.signer.sign(token))
        return await client.request(method, path)


async def test_an_account_has_its_rights_until_its_sign_ins_are_ended(site: Site) -> None:
    rita = await created(site, "Rita", Rights(frozenset({Role.MANAGER})))
    token = await signed_in(site, rita)
    assert (await as_account(site, token, ACCOUNTS)).status_code == 200
    assert "Account of an organisation" in (await get(site, MANAGER, f"/{rita}")).text
    assert (await post(site, MANAGER, f"/{rita}/end-sign-ins", {})).status_code == 303
    site.process.runtimes[0].accounts._known.clear()  # pyright: ignore  two seconds later
    answer = await as_account(site, token, ACCOUNTS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/directory/accounts")
    assert "This account is not signed in anywhere." in (await get(site, MANAGER, f"/{rita}")).text


async def test_signing_out_ends_the_sign_in_and_deletes_the_cookie(site: Site) -> None:
    rita = await created(site, "Rita", Rights(frozenset({Role.MANAGER})))
    token = await signed_in(site, rita)
    first = await as_account(site, token, "/sign-out", "POST")
    assert (first.status_code, first.headers["location"]) == (307, "/directory/sign-out")
    answer = await as_account(site, token, "/directory/sign-out", "POST")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert 'cefo-session=""; expires=' in answer.headers["set-cookie"]
    told = (await emitted_events(site.store, AccountPublished))[-1]
    assert told.ended_sign_ins == (token.sign_in,)


@pytest.mark.parametrize("person", [None, MANAGER], ids=["nobody", "a demo account"])
async def test_whoever_has_no_account_signs_out_without_an_event(site: Site, person: Person | None) -> None:
    before = await emitted_events(site.store, AccountPublished)
    async with site.as_(person, page=True) as client:
        assert (await client.post("/directory/sign-out")).status_code == 303
        assert (await client.post("/sign-out")).headers["location"] == "/"
    assert await emitted_events(site.store, AccountPublished) == before


ROUTES: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "", {}),
    ("GET", "/{id}", {}),
    ("POST", "/{id}", {"version": "1", "roles": "counsellor", "centres": "arlon"}),
    ("POST", "/{id}/approve", {"version": "1", "roles": "counsellor", "centres": "arlon"}),
    ("POST", "/{id}/deactivate", {"version": "1"}),
    ("POST", "/{id}/reactivate", {"version": "1"}),
    ("POST", "/{id}/end-sign-ins", {}),
]
OTHERS = [COUNSELLOR, DESK, PROVIDER, CITE, OPERATOR, visitor(NOBODY)]


@pytest.mark.parametrize(("method", "path", "form"), ROUTES)
async def test_only_managers_get_to_accounts(site: Site, method: str, path: str, form: dict[str, str]) -> None:
    id = await created(site, "Nadia", AT_MONS)
    before = await stored(site, id)
    for person in (None, *OTHERS):
        async with site.as_(person) as client:
            answer = await client.request(method, f"{ACCOUNTS}{path.format(id=id)}", data=form)
        assert answer.status_code == (403 if person else 401), person
    assert await stored(site, id) == before


@pytest.mark.parametrize(("method", "path", "form"), ROUTES[1:])
async def test_a_manager_of_another_centre_knows_nothing_of_an_account(
    site: Site, method: str, path: str, form: dict[str, str]
) -> None:
    id = await created(site, "Nadia", AT_MONS)
    arlon = MONS.model_copy(update={"centres": frozenset({"arlon"})})
    async with site.as_(arlon) as client:
        answer = await client.request(method, f"{ACCOUNTS}{path.format(id=id)}", data=form)
    assert answer.status_code == 404
    assert (await stored(site, id)).version == 1
