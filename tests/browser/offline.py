"""A browser behind a network that can go away, and who works there."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from services.chassis.identity.people import Person
from services.chassis.runtime.settings import Settings
from services.chassis.web.cookies import cookie_name
from services.contracts.roles import Role
from tests.browser.morning import Morning
from tests.faults.proxy import Proxy
from tests.journeys.adult import ok
from tests.journeys.screens import PATIENCE
from tests.parts import chromium
from tests.parts.presence import CHROMIUM

_PREPARED = """async (app) => {
  await navigator.serviceWorker.ready;
  for (let pack = null; !(pack?.key && pack.slot); pack = await offline.pack(app)) {
    await new Promise((go) => setTimeout(go, 100));
  }
}"""
"""Ends when the worker is active and the device enrolled."""
RECORDED = """async () => {
  const known = await offline.pending("desk:mons");
  return known.map(({visit_id, ticket, needs, status}) => [visit_id, ticket, needs, status]);
}"""
"""What the desk of Mons has recorded and not sent."""
SENT = """async () => {
  while ((await offline.pending()).some((one) => !one.answered)) await new Promise((go) => setTimeout(go, 100));
}"""
"""Ends when everything is sent."""


@dataclass
class Remote:
    """A centre whose browsers reach the platform over this network."""

    lived: Morning
    network: Proxy
    centre: str

    @property
    def url(self) -> str:
        """The address that the browsers know."""
        return f"http://127.0.0.1:{self.network.port}"

    def person(self, role: Role) -> Person:
        """Who works at the centre, or a kiosk of it."""
        name = f"{role}-{self.centre}"
        return Person(subject=f"demo/{name}", name=name, roles=frozenset({role}), centres=frozenset({self.centre}))

    async def enters(self, context: BrowserContext, role: Role) -> None:
        """They are signed in, in French."""
        session = self.lived.signer.session(self.person(role))
        cookies = {cookie_name(Settings(), "session"): session, "cefo-lang": "fr"}
        await context.add_cookies([{"name": name, "value": value, "url": self.url} for name, value in cookies.items()])

    @asynccontextmanager
    async def screen(self, browser: Browser, role: Role = Role.FRONT_DESK) -> AsyncGenerator[Page]:
        """A browser's page of a signed-in person."""
        context = await browser.new_context(base_url=self.url, locale="fr")
        try:
            await self.enters(context, role)
            yield await context.new_page()
        finally:
            await context.close()

    async def prepared(self, page: Page) -> None:
        """The desk's page is open, and has prepared its browser."""
        await page.goto(f"/intake/desk/{self.centre}")
        async with asyncio.timeout(PATIENCE / 1000):
            await page.evaluate(_PREPARED, f"desk:{self.centre}")

    @asynccontextmanager
    async def own_browser(self, profile: Path) -> AsyncGenerator[BrowserContext]:
        """A browser with a profile on the disk, which is still there when the process was killed."""
        with CHROMIUM.starting():
            playwright = await async_playwright().start()
            context = await playwright.chromium.launch_persistent_context(
                profile, executable_path=chromium.find(), args=chromium.FLAGS, base_url=self.url, locale="fr"
            )
        try:
            yield context
        finally:
            kill(profile)
            await playwright.stop()

    def visits(self) -> list[dict[str, Any]]:
        """What the server knows of the centre's queue, in its order."""
        with self.lived.stack.browse() as client:
            return ok(client.get("/intake/api/v1/visits", params={"centre": self.centre}, headers=self._token()))

    def visit(self, id: str) -> dict[str, Any]:
        """What the server knows of a visit."""
        with self.lived.stack.browse() as client:
            return ok(client.get(f"/intake/api/v1/visits/{id}", headers=self._token()))

    def ends(self) -> None:
        """Everybody has left."""
        with self.lived.stack.browse() as client:
            ok(client.post("/intake/api/v1/visits/close-today", json={"centre": self.centre}, headers=self._token()))

    def _token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.lived.signer.session(self.person(Role.FRONT_DESK))}"}


def kill(profile: Path) -> None:
    """As a power cut does: no page and no process can react."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}".encode() in arguments:
            os.kill(int(process.name), signal.SIGKILL)


async def started(huy: Remote, page: Page) -> None:
    """The kiosk asks for a need."""
    await page.goto("/intake/kiosk/huy")
    await expect(page.get_by_text("Ce navigateur est prêt")).to_be_visible(timeout=PATIENCE)
    await page.goto("/intake/app/kiosk")
    await expect(page.get_by_role("heading", name="De quoi avez-vous besoin")).to_be_visible(timeout=PATIENCE)
