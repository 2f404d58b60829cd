"""Plans let a visitor in by the current link that intake published, and out with it, open streams included."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.copies import visitors
from services.chassis.events.consumer import Consumer
from services.chassis.identity.tokens import VisitorToken
from services.chassis.runtime import live
from services.chassis.testing import record_of
from services.contracts.intake import SubjectErased, VisitorLinkChanged
from services.contracts.roles import Role
from tests.givens.plans import COUNSELLOR, MARCH, Adult
from tests.parts.served import served
from tests.plans.conftest import Site

LINK = uuid4()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended is seen at once."""
    assert visitors.CACHE_SECONDS + live.HOLD_SECONDS < 5
    monkeypatch.setattr(visitors, "CACHE_SECONDS", 0.0)
    monkeypatch.setattr(visitors, "WAIT_SECONDS", 0.02)
    monkeypatch.setattr(live, "HOLD_SECONDS", 0.05)


def token(her: Adult, centre: str | None = None) -> VisitorToken:
    return VisitorToken(
        subject_ref=her.subject_ref,
        link_id=LINK,
        opening=uuid4(),
        began_at=MARCH,
        expires_at=MARCH + timedelta(minutes=15),
        ends_at=MARCH + timedelta(hours=12),
        centre=centre,
    )


async def publish(site: Site, her: Adult, sequence: int, link: UUID | None, *closed: UUID) -> None:
    event = VisitorLinkChanged(subject_ref=her.subject_ref, at=MARCH, link_id=link, closed_openings=closed)
    await consumer(site).process([record_of(event, sequence)])


def consumer(site: Site) -> Consumer:
    return site.process.runtimes[0].consumer


def browser(site: Site, opened: VisitorToken) -> httpx2.AsyncClient:
    client = site.as_(None, page=True)
    client.cookies.set("cefo-visitor", site.process.signer.sign(opened))
    client.headers["sec-fetch-site"] = "same-origin"
    return client


async def test_only_the_current_link_opens_the_plan(site: Site, her: Adult) -> None:
    plan, opened = f"/plans/{her.plan_id}", token(her)
    async with browser(site, opened) as client:
        assert (await client.get(plan)).status_code == 303, "the link is not known here"
        await publish(site, her, 1, LINK)
        assert (await client.get(plan)).status_code == 200
        await publish(site, her, 2, LINK, opened.opening)
        assert (await client.get(plan)).status_code == 303, "closed"
        await publish(site, her, 3, LINK)
        assert (await client.get(plan)).status_code == 200
        await publish(site, her, 4, uuid4())
        assert (await client.get(plan)).status_code == 303, "a new link"
        await publish(site, her, 5, LINK)
        erased = SubjectErased(subject_ref=her.subject_ref, at=MARCH)
        await consumer(site).process([record_of(erased, 6)])
        assert (await client.get("/plans/mine")).status_code == 303, "erased"
        await publish(site, her, 7, LINK)
        assert (await client.get("/plans/mine")).status_code == 303, "a late event brings nobody back"


async def test_what_a_visitor_writes_is_theirs_also_in_the_agents_browser(site: Site, her: Adult) -> None:
    await publish(site, her, 1, LINK)
    base = f"/plans/api/v1/plans/{her.plan_id}"
    async with browser(site, token(her, "mons")) as client:
        client.cookies.set("cefo-session", site.process.signer.session(COUNSELLOR))
        await client.put(f"{base}/assessment/skills", json={"text": "Démonstration"})
        page = await client.get(f"/plans/{her.plan_id}")
        assert "<title>My plan" in page.text
        client.cookies.delete("cefo-visitor")
        page = await client.get(f"/plans/{her.plan_id}")
        assert page.status_code == 200, "the counsellor is still signed in"
        assert "<title>Career plan" in page.text
        log = await client.get(f"{base}/log")
        assert log.json()[0]["by_role"] == Role.VISITOR


async def test_a_form_of_a_closed_plan_is_not_sent_as_the_agents(site: Site, her: Adult) -> None:
    await publish(site, her, 1, LINK)
    base, opened = f"/plans/api/v1/plans/{her.plan_id}", token(her, "mons")
    async with browser(site, opened) as client:
        client.cookies.set("cefo-session", site.process.signer.session(COUNSELLOR))
        assert (await client.get(f"/plans/{her.plan_id}")).status_code == 200
        await publish(site, her, 2, LINK, opened.opening)
        late = await client.put(f"{base}/assessment/skills", json={"text": "Démonstration"})
        assert (late.status_code, late.json()["type"]) == (401, "/problems/plan-closed")
        assert (await client.get(f"{base}/log")).json() == [], "nothing was saved"
        page = await client.get(f"/plans/{her.plan_id}")
        assert "<title>Career plan" in page.text
        assert 'cefo-visitor=""' in page.headers["set-cookie"], "from this page on, the browser is the agent's"
        client.cookies.delete("cefo-visitor")
        own = await client.put(f"{base}/assessment/skills", json={"text": "Démonstration"})
        assert own.is_success


async def test_a_token_of_another_key_or_a_bearer_of_a_visitor(site: Site, her: Adult) -> None:
    await publish(site, her, 1, LINK)
    text = site.process.signer.sign(token(her))
    async with site.as_(None) as client:
        for bearer, status in ((text, 200), (text[:-3] + "abc", 401)):
            headers = {"authorization": f"Bearer {bearer}"}
            assert (await client.get(f"/plans/api/v1/plans/{her.plan_id}", headers=headers)).status_code == status


@pytest.mark.parametrize("how", ["renewed", "closed"])
async def test_an_open_stream_ends_with_the_link(site: Site, her: Adult, how: str) -> None:
    opened = token(her)
    await publish(site, her, 1, LINK)
    async with served(site.process) as url, httpx2.AsyncClient(base_url=url) as client:
        client.cookies.set("cefo-visitor", site.process.signer.sign(opened))
        async with client.stream("GET", f"/plans/{her.plan_id}/live") as answer:
            assert answer.status_code == 200
            chunks: AsyncIterator[Any] = answer.aiter_bytes()
            await anext(chunks)
            await (publish(site, her, 2, None) if how == "renewed" else publish(site, her, 2, LINK, opened.opening))
            async with asyncio.timeout(5):
                async for _ in chunks:
                    pass
