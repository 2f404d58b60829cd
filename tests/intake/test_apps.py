"""What a browser keeps: the same for everyone, and complete."""

import json
import re

from services.chassis.testing import Client
from services.chassis.web.static_files import STATIC
from services.contracts.roles import Role
from services.intake.app import SERVICE
from tests.givens.intake import LIEGE_DESK


async def test_the_shells_are_the_same_for_everyone(client: Client) -> None:
    """Signed in or not, and a person's name is in none."""
    addresses = ("/intake/app/desk?lang=de", "/intake/app/kiosk")
    mine = [await client.get(address) for address in addresses]
    client.cookies.clear()
    theirs = [await client.get(address) for address in addresses]
    assert {(one.status_code, one.headers["cache-control"]) for one in mine} == {(200, "public, no-cache")}
    assert [one.text for one in mine] == [one.text for one in theirs]
    assert [one for one in mine if "nonce" in one.text] == []


async def test_nothing_that_the_kiosk_reads_out_has_an_unfilled_place(client: Client) -> None:
    """Screen readers read hidden paragraphs too; what the script fills in is in attributes."""
    kiosk = (await client.get("/intake/app/kiosk")).text
    assert "{ticket}" in kiosk
    assert re.findall(r"[^<>]*\{\w+\}[^<>]*", re.sub(r"<[^>]*>", "<>", kiosk)) == []


async def test_the_worker_keeps_the_shells_and_all_that_they_load(client: Client) -> None:
    script = (await client.get("/intake/worker.js")).text
    shell = json.loads(re.findall(r"^self\.shell = (.*);$", script, re.MULTILINE)[0])
    loaded = {
        address
        for one in shell["files"]
        if one.startswith("/intake/app/")
        for address in re.findall(r'"((?:/intake)?/static/[^"]+)"', (await client.get(one)).text)
    }
    assert loaded
    assert loaded == {one for one in shell["files"] if "/static/" in one}
    scripts = re.findall(r'"([^"]+)"', script.partition("importScripts(")[2])
    assert {name.partition("?")[0] for name in scripts if name in loaded}  # the store of the pages is the worker's too
    for address in (*loaded, *scripts):
        own, _, name = address.partition("?")[0].rpartition("/static/")
        assert ((SERVICE.folder / "static" if own else STATIC) / name).is_file(), address
        assert (await client.get(address)).status_code == 200, address


async def test_every_page_of_a_signed_in_person_deletes_what_the_browser_keeps(client: Client) -> None:
    """At sign-out, on pages of every service: the frame loads the script."""
    script = "/intake/static/"
    page = (await client.get("/", headers={"accept": "text/html"})).text
    assert re.search(r'<script src="/intake/static/[^"]*offline_store\.[^"]+" nonce=', page)
    client.cookies.clear()
    assert script not in (await client.get("/", headers={"accept": "text/html"})).text


async def test_a_page_of_an_earlier_version_finds_the_script_at_its_former_address(client: Client) -> None:
    page = (await client.get("/", headers={"accept": "text/html"})).text
    (found,) = re.findall(r'<script src="/intake(/static/[^"]*offline_store\.[^"]+)" nonce=', page)
    former, now = await client.get(found), await client.get(f"/intake{found}")
    assert (former.status_code, former.content) == (200, now.content)


async def test_both_apps_can_be_installed(client: Client) -> None:
    for app, start in (("desk", "/intake/"), ("kiosk", "/intake/app/kiosk")):
        answer = await client.get(f"/intake/manifest.webmanifest?app={app}")
        assert answer.headers["content-type"].startswith("application/manifest+json")
        made = answer.json()
        assert (made["start_url"], made["scope"], made["icons"][0]["sizes"]) == (start, "/intake/", "any")


async def test_who_is_no_kiosk_is_told_how_to_set_one_up(client: Client) -> None:
    """A team too: a kiosk at which they are signed in would be open to visitors."""
    team = await client.get("/intake/kiosk")
    assert "/directory/sign-in/device?next=/intake/kiosk" in team.text
    assert (await client.get("/intake/kiosk/liege")).status_code == 403
    client.signed_in(LIEGE_DESK.model_copy(update={"subject": "test/kiosk", "roles": frozenset({Role.KIOSK})}))
    assert (await client.get("/intake/kiosk")).headers["location"] == "/intake/kiosk/liege"
    assert "/intake/kiosk/liege/device" in (await client.get("/intake/kiosk/liege")).text
    client.cookies.clear()
    answer = await client.get("/intake/kiosk")
    assert "/directory/sign-in/device?next=/intake/kiosk" in answer.text
