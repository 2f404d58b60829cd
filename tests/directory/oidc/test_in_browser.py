"""The whole way in a real browser, under cefo's content security policy: in, and out at the provider too."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from services.chassis.brokers import broker_of
from services.chassis.runtime.clock import system_clock
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import Settings
from services.chassis.testing import migrated
from services.chassis.web.app import Process
from services.directory.app import SERVICE, start
from services.directory.oidc import Issuer
from services.launcher.ports import free_ports
from tests.directory.oidc.conftest import client
from tests.parts.oidc import OidcProvider
from tests.parts.served import served

pytestmark = [pytest.mark.oidc, pytest.mark.browser]


async def log_in(page: Page, login: str) -> None:
    """On the provider's pages."""
    await page.fill('input[name="login"]', login)
    await page.fill('input[name="password"]', "any")
    await page.click('button[type="submit"]')
    await page.click('button[type="submit"]')  # consent


async def test_a_person_signs_in_and_out_with_the_account_of_the_organisation(
    browser: Browser, provider: OidcProvider, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_ports(1)[0]
    base = f"http://127.0.0.1:{port}"
    first = provider.setup.clients
    own = client("cefo", f"{base}/directory/sign-in/oidc/region/callback")
    provider.setup.clients = [own | {"post_logout_redirect_uris": [f"{base}/directory/sign-in"]}]
    provider.start()
    monkeypatch.setenv("CEFO_DIRECTORY_OIDC", json.dumps([issuer.model_dump(mode="json")]))
    settings = Settings(data=tmp_path, public_url=base)
    process = Process([SERVICE], settings, broker_of(settings, embedded=True), live=Live(None), clock=system_clock)
    store = process.runtimes[0].store
    await migrated(store, SERVICE)
    await start(process.runtimes[0])
    try:
        async with served(process, port):
            page = await browser.new_page(locale="en-GB")
            refused: list[str] = []
            page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
            await page.goto(f"{base}/sign-in?next=/directory/?q=formation")
            await page.get_by_role("link", name="Sign in with Région wallonne").click()
            await log_in(page, "amina")
            await page.wait_for_url(f"{base}/directory/?q=formation")
            await expect(page.locator(".site-person")).to_contain_text("Amina Delvaux")
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_url(f"{provider.issuer}/session/end?*")
            await page.click('button[name="logout"]')
            await page.wait_for_url(f"{base}/directory/sign-in*")
            await expect(page.locator(".site-person")).not_to_contain_text("Amina Delvaux")
            assert [text for text in refused if "Content Security Policy" in text] == []
    finally:
        await store.close()
        provider.setup.clients = first
        provider.start()
