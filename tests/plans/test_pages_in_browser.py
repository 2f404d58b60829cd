from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from services.chassis.identity import Person
from services.plans.store import InformationStep, Plan
from tests.browser.page_checks import (
    axe_violations,
    csp_violations,
    html_errors,
    keyboard_walk,
    layout_faults,
)
from tests.parts.served import served
from tests.plans.conftest import Site
from tests.plans.told import COUNSELLOR, Adult, tell, visitor
from tests.plans.written import write_everything


@asynccontextmanager
async def opened(browser: Browser, site: Site, url: str, person: Person, **options: Any) -> AsyncGenerator[Page]:
    """A browser's page, signed in as this person. Who they are is intake's to say; here nobody answers for it."""
    async with await browser.new_context(**options) as context:
        cookies = {"cefo-session": site.process.signer.session(person), "cefo-lang": options.get("locale", "fr")[:2]}
        await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        await context.route("**/intake/fragments/**", lambda route: route.fulfill(body="Nadia (demo)"))
        yield await context.new_page()


@pytest.mark.browser
async def test_counsellor_and_visitor_see_each_other_write_and_lose_nothing(
    site: Site, her: Adult, browser: Browser
) -> None:
    her_account = visitor(her.subject_ref)
    async with (
        served(site.process) as url,
        opened(browser, site, url, COUNSELLOR) as counsellor,
        opened(browser, site, url, her_account) as person,
    ):
        for page in (counsellor, person):
            await page.goto(f"{url}/plans/{her.plan_id}")
            await expect(page.locator(".live-on")).to_be_visible()
        await person.locator("#add-reflection > summary").click()
        await person.locator("#reflection-text").fill("Une idée qui n’est pas encore finie")
        await counsellor.locator("#add-goal > summary").click()
        await counsellor.locator("#my-goal").fill("Travailler le bois")
        await counsellor.locator("#my-goal").press("Enter")
        await expect(person.get_by_role("heading", name="Travailler le bois")).to_be_visible()
        await expect(person.locator("#reflection-text")).to_have_value("Une idée qui n’est pas encore finie")
        await person.locator("#add-reflection button[type=submit]").click()
        await expect(counsellor.get_by_text("Une idée qui n’est pas encore finie")).to_be_visible()
        await expect(person.locator("#reflection-text")).to_have_value("")


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["fr", "de"])
async def test_every_page_is_accessible_fits_and_is_used_by_keyboard(
    site: Site, her: Adult, browser: Browser, lang: str
) -> None:
    action = await write_everything(site.store, her)
    async with site.store.read() as session:
        step = (await session.scalars(select(InformationStep))).one()
        plan = await session.get(Plan, her.plan_id)
        assert plan is not None
    await tell(site.store, [her.interview(2)])
    own, plan_page = visitor(her.subject_ref), f"/plans/{her.plan_id}"
    pages: list[tuple[Person, str]] = [
        (COUNSELLOR, "/plans/"),
        (COUNSELLOR, "/plans/?stage=confirmed"),
        (COUNSELLOR, plan_page),
        (own, plan_page),
        (own, f"{plan_page}/log"),
        (own, f"{plan_page}/assessment/information"),
        (own, f"{plan_page}/information-steps/{step.id}"),
        (COUNSELLOR, f"{plan_page}/tracks/{action.track_id}/actions"),
        (visitor(uuid4()), "/plans/mine"),
    ]
    documents: dict[str, str] = {}
    faults: list[str] = []
    async with served(site.process) as url:
        for person, path in pages:
            async with opened(browser, site, url, person, locale=lang) as page:
                trouble = await csp_violations(page)
                answer = await page.goto(url + path)
                assert answer is not None
                documents[f"{path} {lang}"] = await answer.text()
                for width in (390, 1280):
                    await page.set_viewport_size({"width": width, "height": 844})
                    faults += [f"{path} {width}: {fault}" for fault in await layout_faults(page)]
                if lang == "fr":  # longer words move the layout; roles, names and contrast stay
                    found = [*await axe_violations(page), *await keyboard_walk(page)]
                    faults += [f"{path}: {fault}" for fault in found]
                faults += trouble.all()
    assert faults == []
    assert await html_errors(documents) == []
