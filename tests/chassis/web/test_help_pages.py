"""Help pages: the header's link, the list, a page and its pictures."""

from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis.identity.people import visitor
from services.chassis.testing import Client
from tests.chassis.conftest import DESK

AS_PAGE = {"accept": "text/html", "accept-language": "fr"}
TEMPLATE = (
    '{% extends "help.html" %}{% block title %}Mes notes{% endblock %}'
    '{% block help %}<img src="{{ pictures }}/my-notes-first.{{ lang }}.png" alt="">{% endblock %}'
)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def pages(client: Client, tmp_path: Path) -> None:
    """The sample service's help page and its picture in French."""
    folder = tmp_path / "sample"
    for path, content in {
        "templates/sample/help/my-notes.html": TEMPLATE.encode(),
        "help/my-notes-first.fr.png": PNG,
        "secret.png": b"not for the web",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


async def test_the_header_leads_to_the_roles_own_page(client: Client) -> None:
    own = await client.signed_in(visitor(uuid4())).get("/help", headers=AS_PAGE)
    assert 'class="site-help" href="/sample/help/my-notes"' in own.text
    for other in (client.signed_in(DESK), client.signed_in(None)):
        assert 'class="site-help" href="/help"' in (await other.get("/help", headers=AS_PAGE)).text


async def test_the_list_has_every_help_page_and_the_menu_none(client: Client) -> None:
    listed = (await client.signed_in(DESK).get("/help", headers=AS_PAGE)).text
    assert listed.count('href="/sample/help/my-notes"') == 1


async def test_a_page_shows_its_pictures_in_the_readers_language(client: Client) -> None:
    shown = await client.signed_in(None).get("/sample/help/my-notes", headers=AS_PAGE)
    assert "<h1>Mes notes</h1>" in shown.text
    assert 'src="/sample/help/pictures/my-notes-first.fr.png"' in shown.text
    picture = await client.get("/sample/help/pictures/my-notes-first.fr.png")
    assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")


@pytest.mark.parametrize(
    "path",
    [
        "/sample/help/no-such-page",
        "/sample/help/pictures/my-notes-first.de.png",
        "/sample/help/pictures/secret.png",
        "/sample/help/pictures/..%2Fsecret.fr.png",
        "/sample/help/My_Notes",
    ],
)
async def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert (await client.get(path, headers=AS_PAGE)).status_code in (404, 422)
