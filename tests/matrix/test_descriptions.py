"""Every page that anyone may open says in a sentence what it is: search engines and link previews show it."""

import re
from pathlib import Path

import pytest

from services.chassis.web.routing import policy_of
from tests.architecture.routes import routes_of
from tests.givens.scenarios import SCENARIOS

PAGE = {"accept": "text/html", "accept-language": "fr"}
NO_PAGES = ("/stream", "/app/desk", "/app/kiosk")
"""Streams, and the frames of the offline apps, which a service worker keeps and nobody finds."""
HELP = {"intake": "front-desk", "plans": "my-plan"}
PUBLIC = {
    "intake": ("/help", "/sign-in", "/intake/waiting-room/liege", "/intake/kiosk", "/intake/help/front-desk"),
    "plans": ("/plans/help/my-plan",),
    "directory": ("/directory/", "/directory/sign-in", "/directory/asyncapi"),
    "scheduling": ("/scheduling/centres/liege/workshops",),
    "impact": ("/impact/",),
}
"""Some of the pages that are found: the test sees pages at all."""


@pytest.mark.parametrize("service", SCENARIOS)
async def test_every_public_page_has_a_description(service: str, tmp_path: Path) -> None:
    undescribed: list[str] = []
    found: set[str] = set()
    named = {"name": HELP.get(service, "")}
    async with SCENARIOS[service](tmp_path) as (client, _):
        client.signed_in(None)
        for route in [*routes_of("front"), *routes_of(service)]:
            if (
                "GET" not in (route.methods or ())
                or policy_of(route).roles is not None
                or route.path.endswith(NO_PAGES)
            ):
                continue
            path = re.sub(r"\{(\w+)[^}]*\}", lambda part: named.get(part[1], "liege"), route.path)
            answer = await client.get(path, headers=PAGE)
            if answer.status_code == 200 and "<html" in answer.text:
                found.add(path)
                described = re.search(r'<meta name="description" content="[^"]{10,}">', answer.text)
                undescribed += [] if described else [path]
    assert set(PUBLIC[service]) - found == set()
    assert undescribed == []
