"""Consent is given and withdrawn on the page of a visit and on the person's own page; each says what that does."""

from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.identity.people import visitor
from services.chassis.testing import Client
from services.contracts.consent import Purpose
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn
from services.intake.store import Account
from tests.givens.events import emitted_events
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK

PAGE = {"accept": "text/html", "accept-language": "en"}
ADA = {"given_name": "Ada", "family_name": "Démonstration", "purposes": ["plan", "guidance"]}


@pytest.fixture
def browser(client: Client) -> Client:
    """What an English reader's browser says of itself."""
    client.headers.update(PAGE)
    return client


async def registered(client: Client) -> tuple[str, str]:
    """The visit and the reference of a person who consented to a plan and to guidance."""
    visit = uuid4()
    await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    made = (await client.post(f"/intake/api/v1/visits/{visit}/visitor", json=ADA)).json()
    return f"/intake/visits/{visit}", made["subject_ref"]


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def press(client: Client, path: str, purpose: str) -> int:
    """Press the button of this purpose. Returns the status of the answer."""
    referer = {"referer": f"{client.base_url}/intake/mine"}
    return (await client.post(path, data={"purpose": purpose}, headers=referer)).status_code


async def test_the_desk_withdraws_and_records_again_and_the_page_says_what_that_does(browser: Client) -> None:
    page, _ = await registered(browser)
    before = await text(browser, page)
    assert "All booked appointments are cancelled" in before
    assert "Recorded by: the centre’s team" in before
    assert before.count("Not given") == 2
    assert await press(browser, f"{page}/withdrawals", "guidance") == 303
    assert "Consent withdrawn on" in await text(browser, page)
    assert await press(browser, f"{page}/consents", "guidance") == 303
    assert "Consent withdrawn on" not in await text(browser, page)
    (withdrawn,) = await emitted_events(browser.store, VisitorConsentWithdrawn)
    (given,) = await emitted_events(browser.store, VisitorConsentGiven)
    assert (withdrawn.in_force, given.in_force) == (("plan",), ("guidance", "plan"))


async def test_without_any_consent_the_name_is_hidden_from_the_centre_and_erasure_is_offered(browser: Client) -> None:
    page, person = await registered(browser)
    name = f"/intake/fragments/visitors/{person}"
    assert "Ada" in await text(browser, name)
    for purpose in Purpose:
        await press(browser, f"{page}/withdrawals", purpose)
    assert await text(browser, name) == ""
    shown = await text(browser, page)
    anonymous = uuid4()
    await browser.put(f"/intake/api/v1/visits/{anonymous}", json={"centre": "liege"})
    found = await browser.post(f"/intake/visits/{anonymous}/search", data={"name": "Démonstration"})
    assert (found.status_code, "Nobody found" in found.text) == (200, True)
    assert "Their name is no longer shown." in shown
    assert "Does the person want their data deleted?" in shown
    assert "Ada" in await text(browser.signed_in(visitor(UUID(person))), name)
    assert "You have withdrawn all your consents." in await text(browser, "/intake/mine")
    await press(browser, "/intake/mine/consents", "referral")
    assert "Ada" in await text(browser.signed_in(LIEGE_DESK), name)


async def test_the_person_gives_and_withdraws_on_their_own_page_and_the_desk_sees_who_did(browser: Client) -> None:
    page, person = await registered(browser)
    browser.signed_in(visitor(UUID(person)))
    shown = await text(browser, "/intake/mine")
    assert "The centre no longer sees your plan. You can still read it and take it with you." in shown
    assert await press(browser, "/intake/mine/consents", "referral") == 303
    assert await press(browser, "/intake/mine/withdrawals", "plan") == 303
    assert (await text(browser, "/intake/mine")).count("Recorded by: you") == 2
    assert (await text(browser.signed_in(LIEGE_DESK), page)).count("Recorded by: the person") == 2


async def test_the_page_names_the_colleague_who_recorded_it(browser: Client) -> None:
    ref = uuid4()
    async with browser.store.work() as work:
        facts: dict[str, Any] = {
            "version": 1,
            "kind": "staff",
            "status": "active",
            "roles": [],
            "centres": [],
            "ended_sign_ins": [],
        }
        work.add(Account.model_validate(facts | {"id": ref, "display_name": "Nadia Lambert"}))
    page, _ = await registered(browser.signed_in(LIEGE_DESK.model_copy(update={"subject": f"account/{ref}"})))
    assert "Recorded by: Nadia Lambert" in await text(browser, page)


async def test_another_centre_and_a_visit_of_nobody_have_no_consents(browser: Client) -> None:
    page, _ = await registered(browser)
    anonymous = uuid4()
    await browser.put(f"/intake/api/v1/visits/{anonymous}", json={"centre": "liege"})
    assert await press(browser, f"/intake/visits/{anonymous}/consents", "plan") == 404
    assert await press(browser.signed_in(NAMUR_DESK), f"{page}/withdrawals", "plan") == 404
