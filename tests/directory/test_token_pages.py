"""The API and the pages of machine tokens: shown once, kept nowhere, revoked, used, and each partner for itself."""

import re
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from services.chassis.identity.people import Person
from services.chassis.service.definition import TOKEN_USES
from services.chassis.testing import FixedClock
from services.directory.app import keep_token_uses
from services.directory.store import AccountChange
from tests.directory.test_api import sent as referred
from tests.directory.web import CITE, COUNSELLOR, DESK, MANAGER, OPERATOR, PROVIDER, Site, visitor
from tests.givens.rows import store_text

API, PAGE = "/directory/api/v1/tokens", "/directory/tokens"
FEED = "/directory/api/v1/referral-events"
MONS = MANAGER.model_copy(update={"subject": "demo/mons-manager", "centres": frozenset({"mons"})})
ARLON = MANAGER.model_copy(update={"subject": "demo/arlon-manager", "centres": frozenset({"arlon"})})
KIOSK: dict[str, Any] = {
    "name": "Borne de Mons",
    "kind": "device",
    "roles": ["front-desk"],
    "centres": ["mons"],
    "days": 30,
}
PARTNER: dict[str, Any] = {"name": "Cité", "kind": "machine", "roles": ["cite"], "days": 365}


async def bearer(site: Site, token: str, path: str, **query: Any) -> httpx2.Response:
    async with site.as_(None) as client:
        return await client.get(path, params=query, headers={"authorization": f"Bearer {token}"})


async def create(site: Site, **given: Any) -> dict[str, Any]:
    answer = await site.post(MANAGER, "/tokens", given)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(site: Site, person: Person = MANAGER) -> list[dict[str, Any]]:
    return (await site.get(person, "/tokens")).json()


async def posted(site: Site, person: Person, path: str, data: dict[str, Any]) -> httpx2.Response:
    async with site.as_(person, page=True) as client:
        return await client.post(f"{PAGE}{path}", data=data)


async def test_a_token_works_until_it_is_revoked(site: Site) -> None:
    issued = await create(site, **PARTNER)
    assert (await bearer(site, issued["token"], FEED)).status_code == 200
    assert (await bearer(site, issued["token"], API)).status_code == 403
    async with site.as_(MANAGER) as client:
        for _ in range(2):
            assert (await client.delete(f"{API}/{issued['id']}")).status_code == 204
    site.process.runtimes[0].accounts._known.clear()  # pyright: ignore  two seconds later
    assert (await bearer(site, issued["token"], FEED)).status_code == 401
    assert [one["state"] for one in await listed(site)] == ["revoked"]


async def test_the_text_of_a_token_is_in_one_answer_and_kept_nowhere(site: Site) -> None:
    issued = await create(site, **PARTNER)
    signature = issued["token"].rpartition(".")[2]
    stored = await store_text(site.store)
    assert issued["id"] in stored
    assert signature not in stored
    assert signature not in (await site.get(MANAGER, "/tokens")).text


async def test_a_token_ends_when_it_expires(site: Site, clock: FixedClock) -> None:
    issued = await create(site, **PARTNER | {"days": 1})
    clock.forward(days=1)
    assert (await bearer(site, issued["token"], FEED)).status_code == 401
    assert [one["state"] for one in await listed(site)] == ["expired"]


async def test_a_validity_is_required(site: Site) -> None:
    answer = await site.post(MANAGER, "/tokens", {name: KIOSK[name] for name in KIOSK if name != "days"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "days")


@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "bearer"])
async def test_a_token_in_the_address_is_not_accepted(site: Site, name: str) -> None:
    token = (await create(site, **PARTNER))["token"]
    async with site.as_(None) as client:
        for path in (FEED, f"{FEED}/stream"):
            assert (await client.get(path, params={name: token})).status_code == 401


async def test_the_last_use_is_kept_by_the_day(site: Site, clock: FixedClock) -> None:
    issued = await create(site, **PARTNER)
    [runtime] = site.process.runtimes

    async def last_use() -> str | None:
        await keep_token_uses(runtime)
        [one] = await listed(site)
        return one["last_used_on"]

    assert await last_use() is None
    for _ in range(3):
        await bearer(site, issued["token"], FEED)
    assert await last_use() == "2026-03-02"
    await bearer(site, issued["token"], FEED)
    assert runtime.extra[TOKEN_USES] == set(), "not again within the hour"
    clock.forward(days=1)
    await bearer(site, issued["token"], FEED)
    assert await last_use() == "2026-03-03"


async def test_a_new_token_is_shown_once(site: Site) -> None:
    answer = await posted(site, MONS, "", KIOSK)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "Copy the token" in answer.text
    token = answer.text.partition('id="token-text"')[2].partition(">")[2].partition("<")[0]
    assert (await bearer(site, token, FEED)).status_code == 403, "known, and not a Cité"
    async with site.as_(MONS, page=True) as client:
        text = (await client.get(PAGE)).text
    assert ("Borne de Mons" in text, "not used yet" in text, token in text) == (True, True, False)
    again = await posted(site, MONS, "", KIOSK)
    assert (again.status_code, again.headers["location"]) == (303, PAGE)
    async with site.as_(MONS, page=True) as client:
        for address in (f"{PAGE}/{uuid4()}/renew", f"{PAGE}/accounts/{uuid4()}"):
            assert (await client.get(address)).headers["location"] == PAGE, "the page above an address of forms"
    assert len(await listed(site)) == 1, "a form that is sent again creates no second account or token"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"name": ""}, 'id="name-error"'),
        ({"days": ""}, 'id="days-error"'),
        ({"days": "a year"}, 'id="days-error"'),
        ({"days": "401"}, "from 1 to 400."),
        ({"centres": []}, "This role needs a centre."),
        ({"roles": ["cite"]}, "Choose another kind or another role."),
        ({"kind": "staff"}, "Only the account of a device or of software"),
    ],
)
async def test_a_fault_is_shown_at_its_field_and_nothing_is_created(
    site: Site, changed: dict[str, Any], text: str
) -> None:
    answer = await posted(site, MANAGER, "", KIOSK | changed)
    assert (answer.status_code, text in answer.text) == (422, True)
    assert await listed(site) == []


async def test_the_page_renews_and_revokes(site: Site) -> None:
    made = await create(site, **KIOSK)
    id = made["id"]
    renewed = await posted(site, MONS, f"/{id}/renew", {})
    assert (renewed.status_code, "Copy the token now" in renewed.text) == (200, True)
    again = await posted(site, MONS, f"/{id}/renew", {})
    assert (again.status_code, "Copy the token now" in again.text) == (303, False)
    assert (await posted(site, MONS, f"/{id}/revoke", {})).status_code == 303
    assert sorted(one["state"] for one in await listed(site, MONS)) == ["revoked", "valid"]
    assert len({one["account_ref"] for one in await listed(site, MONS)}) == 1
    async with site.store.read() as session:
        changes = await session.scalars(sa.select(AccountChange))
        done = [one.what for one in changes if str(one.account_id) == made["account_ref"]]
    assert sorted(done) == ["created", "token-issued", "token-issued", "token-revoked"]


async def test_two_partners_share_neither_references_nor_log_names(site: Site) -> None:
    referral = (await referred(site))["id"]
    first, second = [await create(site, **PARTNER) for _ in range(2)]
    renewed = (await site.post(MANAGER, f"/tokens/{first['id']}/renew", {"days": 30})).json()
    with capture_logs() as lines:
        asked = [
            (await bearer(site, one["token"], f"{FEED}/references/{referral}")).json()["partner_ref"]
            for one in (first, second, renewed)
        ]
    assert asked[0] == asked[2] != asked[1], "a renewed token keeps its partner's references"
    named = [line["partner"] for line in lines if line["event"] == "partner reference read"]
    assert named == [f"cite/account/{one['account_ref']}" for one in (first, second, renewed)]
    assert named[0] != named[1]


async def test_each_partner_keeps_its_own_place_in_the_feed(site: Site) -> None:
    for _ in range(2):
        await referred(site)
    first, second = [(await create(site, **PARTNER))["token"] for _ in range(2)]
    begun = (await bearer(site, first, FEED, limit=1)).json()
    theirs = (await bearer(site, second, FEED)).json()
    rest = (await bearer(site, first, FEED, after=begun["next"])).json()
    assert (len(begun["events"]), len(rest["events"]), len(theirs["events"])) == (1, 1, 2)
    mine = [event["data"]["partner_ref"] for event in begun["events"] + rest["events"]]
    assert set(mine) & {event["data"]["partner_ref"] for event in theirs["events"]} == set()


async def test_an_account_that_is_there_gets_a_token_of_its_own(site: Site) -> None:
    ref = (await create(site, **KIOSK))["account_ref"]
    answer = await site.post(MONS, f"/tokens/accounts/{ref}", {"name": "Borne 2", "days": 10})
    assert (answer.status_code, answer.json()["account_ref"]) == (201, ref)
    async with site.as_(MONS, page=True) as client:
        assert f'action="{PAGE}/accounts/{ref}"' in (await client.get(f"/directory/accounts/{ref}")).text
    shown = await posted(site, MONS, f"/accounts/{ref}", {"days": "10"})
    assert (shown.status_code, "Borne de Mons" in shown.text) == (200, True)
    assert sorted(one["name"] for one in await listed(site)) == ["Borne 2", "Borne de Mons", "Borne de Mons"]
    assert (await site.post(ARLON, f"/tokens/accounts/{ref}", {"name": "x", "days": 10})).status_code == 404


async def test_a_key_that_made_one_token_makes_no_other(site: Site) -> None:
    first, second = [(await create(site, **KIOSK))["account_ref"] for _ in range(2)]
    named: list[str] = []
    async with site.as_(MONS) as client:
        for ref, name in ((first, "Borne 2"), (second, "Borne 2"), (first, "Borne 3"), (first, "Borne 2")):
            body = {"name": name, "days": 10}
            answer = await client.post(f"{API}/accounts/{ref}", json=body, headers={"idempotency-key": "1"})
            named.append(answer.json().get("type", "made").removeprefix("/problems/"))
    assert named == ["made", "already-different", "already-different", "shown-before"]


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", API, None),
    ("POST", API, KIOSK),
    ("POST", f"{API}/{{id}}/renew", {"days": 1}),
    ("POST", f"{API}/accounts/{{id}}", {"name": "x", "days": 1}),
    ("DELETE", f"{API}/{{id}}", None),
    ("GET", PAGE, None),
    ("POST", PAGE, KIOSK),
    ("POST", f"{PAGE}/accounts/{{id}}", {"days": "1"}),
    ("POST", f"{PAGE}/{{id}}/renew", {}),
    ("POST", f"{PAGE}/{{id}}/revoke", {}),
]


async def asked(site: Site, person: Person | None, method: str, path: str, given: Any) -> int:
    async with site.as_(person) as client:
        body: dict[str, Any] = {"data": given} if path.startswith(PAGE) else {"json": given}
        return (await client.request(method, path, headers={"idempotency-key": str(uuid4())}, **body)).status_code


@pytest.mark.parametrize(("method", "path", "given"), ROUTES)
async def test_only_managers_get_to_tokens(site: Site, method: str, path: str, given: Any) -> None:
    path = path.format(id=(await create(site, **KIOSK))["id"])
    for person in (None, COUNSELLOR, DESK, PROVIDER, CITE, OPERATOR, visitor(uuid4())):
        assert await asked(site, person, method, path, given) == (403 if person else 401), person
    assert [one["state"] for one in await listed(site)] == ["valid"]


@pytest.mark.parametrize(("method", "path", "given"), [route for route in ROUTES if "{id}" in route[1]])
async def test_a_token_of_another_centre_is_not_there(site: Site, method: str, path: str, given: Any) -> None:
    id = (await create(site, **KIOSK))["id"]
    assert await asked(site, ARLON, method, path.format(id=id), given) == 404
    assert await asked(site, MANAGER, method, path.format(id=uuid4()), given) == 404
    assert [one["state"] for one in await listed(site)] == ["valid"]
    assert await listed(site, ARLON) == []


async def test_the_page_of_a_device_offers_what_a_device_may_have(site: Site) -> None:
    ref = (await create(site, **KIOSK))["account_ref"]
    async with site.as_(MANAGER, page=True) as client:
        text = (await client.get(f"/directory/accounts/{ref}")).text
    assert re.findall(r'name="roles" value="([^"]+)"', text) == ["front-desk", "kiosk"]
    assert "mons-desk-2" in text
