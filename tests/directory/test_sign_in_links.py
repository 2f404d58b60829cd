"""One-time links: to the account's address only, once, for fifteen minutes, in the browser that asked."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.mail.addresses import WrongEmail
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.directory import ProviderPublished
from services.directory.actions import sign_in_links, teams
from services.directory.domain.refusals import AccountInactive
from services.directory.domain.sign_in_links import LinkNotValid, OtherBrowser, digest
from services.directory.domain.teams import acting_for_team
from services.directory.store import Account, AccountEmail, Mail, SignIn, SignInLink
from tests.directory.web import COUNSELLOR, PROVIDER, Site
from tests.givens.directory import ATELIER
from tests.givens.events import emitted_events

ADA = "ada@atelier.example"
PAGE = "https://cefo.example/directory/sign-in/link"
HALF_A_DAY = timedelta(hours=12)


async def invited(store: Store, address: str = ADA) -> UUID:
    async with store.work() as work:
        return (await teams.invite(work, ATELIER, address, by="demo/region", page=PAGE, lang="fr")).id


async def asked(store: Store, address: str = ADA, browser: str = "mine") -> str | None:
    """Ask for a link. Returns its secret, from the message; None: there is none."""
    before = len(await links_in(store))
    async with store.work() as work:
        await sign_in_links.send_link(work, address, browser, page=PAGE, lang="fr")
    after = await links_in(store)
    return after[-1] if len(after) > before else None


async def links_in(store: Store) -> list[str]:
    """The secrets in the queued messages, in their order."""
    async with store.read() as session:
        messages = list(await session.scalars(sa.select(Mail).order_by(col(Mail.queued_at))))
    return [found[0] for message in messages if (found := re.findall(r"\?token=(\S+)", message.body or ""))]


async def used(store: Store, secret: str, browser: str | None = "mine") -> UUID:
    async with store.work() as work:
        return (await sign_in_links.use_link(work, secret, browser, HALF_A_DAY)).account_ref


async def rows(store: Store) -> list[SignInLink]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(SignInLink)))


async def test_a_link_signs_in_the_account_of_the_address(town: Store) -> None:
    account = await invited(town)
    secret = await asked(town, " ADA@Atelier.example ")
    assert secret is not None
    assert await used(town, secret) == account
    async with town.read() as session:
        sign_ins = list(await session.scalars(sa.select(SignIn)))
        email = await session.get(AccountEmail, account)
    assert [(one.account_id, one.how) for one in sign_ins] == [(account, "link")]
    assert email is not None
    assert email.accepted_at is not None


async def test_a_link_has_128_bits_and_its_secret_is_not_stored(town: Store) -> None:
    await invited(town)
    secret = await asked(town)
    assert secret is not None
    assert len(secret) == 22  # base 64 of 16 bytes
    (row,) = await rows(town)
    assert (row.secret, row.browser) == (digest(secret), digest("mine"))
    assert secret not in str(row)


async def test_a_link_works_once(town: Store) -> None:
    await invited(town)
    secret = await asked(town) or ""
    await used(town, secret)
    with pytest.raises(LinkNotValid):
        await used(town, secret)


async def test_a_link_works_for_fifteen_minutes(town: Store, clock: FixedClock) -> None:
    await invited(town)
    early, late = await asked(town) or "", await asked(town) or ""
    clock.forward(minutes=14, seconds=59)
    await used(town, early)
    clock.forward(seconds=1)
    with pytest.raises(LinkNotValid):
        await used(town, late)


@pytest.mark.parametrize("browser", ["other", "", None])
async def test_a_link_works_in_the_browser_that_asked_and_waits_for_it(town: Store, browser: str | None) -> None:
    await invited(town)
    secret = await asked(town) or ""
    with pytest.raises(OtherBrowser):
        await used(town, secret, browser)
    await used(town, secret)


async def test_an_invented_link_does_not_work(town: Store) -> None:
    await invited(town)
    await asked(town)
    with pytest.raises(LinkNotValid):
        await used(town, "A" * 22)


async def test_an_unknown_address_gets_no_message_and_leaves_the_same_trace(town: Store) -> None:
    assert await asked(town, "nobody@atelier.example") is None
    (row,) = await rows(town)
    assert row.account_id is None
    async with town.read() as session:
        assert list(await session.scalars(sa.select(Mail))) == []


async def test_what_is_no_address_is_refused(town: Store) -> None:
    with pytest.raises(WrongEmail):
        await asked(town, "ada@atelier.example\r\nBcc: all@atelier.example")
    assert await rows(town) == []


async def test_an_account_gets_five_links_an_hour(town: Store, clock: FixedClock) -> None:
    await invited(town)
    await invited(town, "ben@atelier.example")
    assert [bool(await asked(town)) for _ in range(7)] == [True] * 5 + [False] * 2
    assert await asked(town, "ben@atelier.example")
    clock.forward(hours=1)
    assert await asked(town)


async def test_who_was_removed_gets_no_link_and_uses_none(town: Store) -> None:
    account = await invited(town)
    secret = await asked(town) or ""
    async with town.work() as work:
        await teams.remove(work, ATELIER, account, manager=acting_for_team(None, account), by="demo/region")
    with pytest.raises(LinkNotValid):
        await used(town, secret)
    assert await asked(town) is None


async def test_a_deactivated_account_gets_no_link_and_uses_none(town: Store) -> None:
    account = await invited(town)
    secret = await asked(town) or ""
    async with town.work() as work:
        (await work.load(Account, account)).status = AccountStatus.INACTIVE.value
    with pytest.raises(AccountInactive):
        await used(town, secret)
    assert (await rows(town))[0].used_at is None
    assert await asked(town) is None


async def test_an_invitation_that_was_left_for_two_weeks_gives_no_link(town: Store, clock: FixedClock) -> None:
    account = await invited(town)
    await invited(town, "ben@atelier.example")
    await used(town, await asked(town, "ben@atelier.example") or "")
    clock.forward(days=14)
    assert await asked(town) is None
    assert await asked(town, "ben@atelier.example")
    async with town.work() as work:
        await teams.invite_again(work, ATELIER, account, by="demo/region", page=PAGE, lang="fr")
    assert await asked(town)


async def test_old_links_are_removed_when_they_no_longer_count(town: Store, clock: FixedClock) -> None:
    await invited(town)
    await asked(town)
    for minutes, left in ((60, 1), (1, 0)):
        clock.forward(minutes=minutes)
        async with town.work() as work:
            await sign_in_links.prune_links(work)
        assert len(await rows(town)) == left


async def test_no_event_has_an_address(town: Store) -> None:
    await invited(town)
    await used(town, await asked(town) or "")
    events = await emitted_events(town)
    assert any(isinstance(event, ProviderPublished) for event in events)
    assert "ada@" not in " ".join(event.model_dump_json() for event in events)


# ---- On the pages


async def member_of_the_demo(site: Site) -> None:
    async with site.as_(PROVIDER, page=True) as provider:
        answer = await provider.post("/directory/entry/people", data={"email": ADA, "lang": "en"})
        assert answer.status_code == 303


async def ask_on_page(browser: httpx2.AsyncClient, address: str) -> httpx2.Response:
    return await browser.post("/directory/sign-in/email", data={"email": address})


async def link_of(site: Site) -> str:
    """The path of the newest link, as its message has it."""
    secret = (await links_in(site.store))[-1]
    return f"/directory/sign-in/link?token={secret}"


async def signing_in(browser: httpx2.AsyncClient, link: str) -> httpx2.Response:
    return await browser.post("/directory/sign-in/link", data={"token": parse_qs(urlsplit(link).query)["token"][0]})


async def test_a_person_signs_in_on_the_pages(site: Site) -> None:
    await member_of_the_demo(site)
    async with site.as_(None, page=True) as browser:
        sent = await ask_on_page(browser, ADA)
        assert (sent.status_code, sent.headers["location"]) == (303, "/directory/sign-in/sent")
        assert "15 minutes" in (await browser.get("/directory/sign-in/sent")).text
        link = await link_of(site)
        for _ in range(2):  # opening it uses nothing up
            assert "Your link is valid" in (await browser.get(link)).text
        signed = await signing_in(browser, link)
        assert (signed.status_code, signed.headers["location"]) == (303, "/directory/inbox")
        assert "IFAPME" in (await browser.get("/directory/entry")).text
        assert (await browser.get(link)).status_code == 404
        again = await signing_in(browser, link)
        assert again.status_code == 404
        assert "no longer valid" in again.text


async def test_the_answer_is_the_same_for_an_unknown_address(site: Site) -> None:
    await member_of_the_demo(site)
    answers: list[tuple[int, list[str], str]] = []
    for address in (ADA, "nobody@atelier.example"):
        async with site.as_(None, page=True) as browser:
            answer = await ask_on_page(browser, address)
            names = sorted(name for name, _ in answer.headers.multi_items())
            answers.append((answer.status_code, names, answer.headers["location"] + answer.text))
    assert answers[0] == answers[1]


async def test_another_browser_is_told_to_use_the_first_one(site: Site) -> None:
    await member_of_the_demo(site)
    async with site.as_(None, page=True) as browser, site.as_(None, page=True) as other:
        await ask_on_page(browser, ADA)
        link = await link_of(site)
        seen = await other.get(link)
        assert (seen.status_code, "works only in the browser" in seen.text) == (403, True)
        refused = await signing_in(other, link)
        assert (refused.status_code, "cefo-session" in other.cookies) == (403, False)
        await ask_on_page(other, "nobody@atelier.example")  # now it has a secret, another one
        assert (await signing_in(other, link)).status_code == 403
        assert (await signing_in(browser, link)).status_code == 303


async def test_a_forged_browser_cookie_is_none(site: Site) -> None:
    await member_of_the_demo(site)
    async with site.as_(None, page=True) as browser, site.as_(None, page=True) as other:
        await ask_on_page(browser, ADA)
        link = await link_of(site)
        kept = browser.cookies["cefo-sign-in-link"]
        other.cookies.set("cefo-sign-in-link", kept[:-2] + ("AA" if not kept.endswith("AA") else "BB"))
        assert (await signing_in(other, link)).status_code == 403


async def test_several_links_of_one_browser_all_work_in_it(site: Site) -> None:
    await member_of_the_demo(site)
    async with site.as_(None, page=True) as browser:
        await ask_on_page(browser, ADA)
        first = await link_of(site)
        await ask_on_page(browser, ADA)
        assert (await signing_in(browser, first)).status_code == 303


async def test_what_is_no_address_is_shown_at_its_field(site: Site) -> None:
    async with site.as_(None, page=True) as browser:
        answer = await ask_on_page(browser, "ada@")
        assert answer.status_code == 422
        assert "This is not an e-mail address." in answer.text
        assert 'value="ada@"' in answer.text
        assert (await ask_on_page(browser, "")).status_code == 422


async def test_a_page_of_another_site_cannot_sign_in(site: Site) -> None:
    await member_of_the_demo(site)
    async with site.as_(None, page=True) as browser:
        await ask_on_page(browser, ADA)
        link = await link_of(site)
        browser.headers["sec-fetch-site"] = "cross-site"
        assert (await signing_in(browser, link)).status_code == 403


async def test_a_sign_in_ends_the_one_before_in_this_browser(site: Site) -> None:
    await member_of_the_demo(site)
    async with site.as_(None, page=True) as browser:
        for _ in range(2):
            await ask_on_page(browser, ADA)
            assert (await signing_in(browser, await link_of(site))).status_code == 303
    async with site.store.read() as session:
        sign_ins = list(await session.scalars(sa.select(SignIn)))
    assert sorted(one.ended_at is None for one in sign_ins) == [False, True]


async def test_the_message_is_in_the_readers_language(site: Site, tmp_path: Path) -> None:
    await member_of_the_demo(site)
    async with site.as_(None, page=True, language="de") as browser:
        await ask_on_page(browser, ADA)
    mail = site.process.runtimes[0].mail
    assert mail is not None
    await mail.round()
    texts = [path.read_bytes().decode() for path in (tmp_path / "mail" / "directory").glob("*.eml")]
    assert len(texts) == 2
    assert sum("Ihr Link zur Anmeldung" in text for text in texts) == 1
    assert sum("Invitation: IFAPME" in text for text in texts) == 1


async def test_the_demo_leads_to_the_messages(site: Site) -> None:
    async with site.as_(COUNSELLOR, page=True) as browser:
        assert "/directory/mail" in (await browser.get("/directory/sign-in/sent")).text
