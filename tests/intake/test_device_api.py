"""Devices over HTTP: set up by who is signed in, replayed by the key alone, listed for and revoked by managers."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from structlog.testing import capture_logs

from services.chassis.testing import Client, FixedClock
from services.contracts.roles import Role
from services.intake.store import Account
from tests.givens.intake import COUNSELLOR, LIEGE_DESK, MONDAY, NAMUR_DESK, PROVIDER
from tests.givens.rows import store_text

MANAGER = LIEGE_DESK.model_copy(update={"subject": "test/manager", "roles": frozenset({Role.MANAGER})})
KIOSK = LIEGE_DESK.model_copy(update={"subject": "test/kiosk", "roles": frozenset({Role.KIOSK})})
API = "/intake/api/v1/devices"
MINUTE = timedelta(minutes=1)
PAGE = {"accept": "text/html", "accept-language": "en"}


async def set_up(client: Client, device: str, place: str = "desk/liege", **more: object) -> httpx2.Response:
    return await client.post(f"/intake/{place}/device", json={"device_id": device} | more)


async def send(client: Client, device: str, key: str, *entries: object, now: str = "", lang: str = "fr") -> Any:
    body = {"device_now": now or MONDAY.isoformat(), "entries": entries}
    headers = {"authorization": f"Bearer {key}", "accept-language": lang}
    return await client.post(f"{API}/{device}/replay", json=body, headers=headers)


def entry(number: int, **more: object) -> dict[str, object]:
    plain = {"visit_id": str(uuid4()), "seq": number, "at": MONDAY.isoformat(), "area": "find-job"}
    return plain | {"ticket": f"E-{1000 + number}"} | more


async def test_a_device_that_is_set_up_has_what_it_needs_and_nothing_about_persons(client: Client) -> None:
    device = str(uuid4())
    pack = (await set_up(client, device)).json()
    key = pack.pop("key")
    assert key.startswith("cefo_device_")
    assert {area["code"]: area["letter"] for area in pack.pop("areas")} == {
        "choose-path": "P",
        "select-training": "F",
        "find-job": "E",
        "create-business": "C",
    }
    assert pack == {
        "device_id": device,
        "kind": "desk",
        "kiosk": False,
        "slot": 1,
        "used": 1000,
        "letter": "A",
        "centre": {"code": "liege", "name": "Cité des métiers de Liège", "zone": "Europe/Brussels"},
        "now": "2026-03-02T08:00:00Z",
        "languages": ["fr", "de", "nl", "en"],
        "desks": [],
        "openings": [],
        "openings_until": None,
    }
    await send(client, device, key, entry(1), entry(7))
    again = (await set_up(client, device)).json()
    assert (again["key"], again["used"]) == (None, 1007)
    names = {area["code"]: area["label"] for area in again["areas"]}["find-job"]
    assert names == {"fr": "Trouver un emploi", "de": "Arbeit finden", "nl": "Werk vinden", "en": "Find a job"}


async def test_the_error_of_the_clock_is_measured_and_one_bad_entry_stops_no_other(
    client: Client, clock: FixedClock
) -> None:
    device = str(uuid4())
    key = (await set_up(client, device)).json()["key"]
    clock.forward(hours=3)
    hour = timedelta(hours=1)
    ahead = [entry(n, at=(MONDAY + 2 * hour + n * MINUTE).isoformat()) for n in (1, 2, 5)]
    bad = [
        entry(3, note="x"),
        entry(4) | {"seq": "soon"},
        {"visit_id": "?"},
        7,
        entry(6, steps=[{"step": "call", "at": MONDAY.isoformat()}]),
        ahead.pop() | {"ticket": "P-1005"},
    ]
    client.signed_in(None)
    answer = await send(client, device, key, *ahead, *bad, now=(MONDAY + 4 * hour).isoformat(), lang="en")
    assert answer.status_code == 200, answer.text
    assert answer.json()["measured_error_seconds"] == -3600
    results = answer.json()["results"]
    assert [(one["status"], one["ticket"], one["visit_status"]) for one in results[:2]] == [
        ("accepted", "E-1001", "waiting"),
        ("accepted", "E-1002", "waiting"),
    ]
    assert [(one["status"], one["problem"]["type"], one["problem"]["field"]) for one in results[2:]] == [
        ("refused", "/problems/invalid", "note"),
        ("refused", "/problems/invalid", "seq"),
        ("refused", "/problems/invalid", "visit_id"),
        ("refused", "/problems/invalid", None),
        ("refused", "/problems/invalid", "steps.0"),
        ("refused", "/problems/ticket-not-of-device", "ticket"),
    ]
    named = [one["visit_id"] if isinstance(one, dict) and len(one) > 1 else None for one in bad]
    assert [one["visit_id"] for one in results[2:]] == named
    assert results[7]["problem"]["detail"].startswith("Ticket P-1005 does not belong to this device")
    again = await send(client, device, key, *ahead, now=(MONDAY + 4 * hour).isoformat())
    assert [one["status"] for one in again.json()["results"]] == ["known", "known"]
    client.signed_in(LIEGE_DESK)
    visit = (await client.get(f"/intake/api/v1/visits/{ahead[0]['visit_id']}")).json()
    assert visit["checked_in_at"] == "2026-03-02T09:01:00Z"


async def test_five_hundred_are_read_and_no_more(client: Client) -> None:
    device = str(uuid4())
    key = (await set_up(client, device)).json()["key"]
    entries = [entry(n, queue=False, ticket=None, steps=[]) for n in range(501)]
    assert (await send(client, device, key, *entries)).status_code == 422
    answer = await send(client, device, key, *entries[1:])
    assert {one["status"] for one in answer.json()["results"]} == {"accepted"}
    too_large = await client.post(f"{API}/{device}/replay", content=b" " * (16 * 65_536 + 1))
    assert too_large.status_code == 413


@pytest.mark.parametrize("signed_in", [True, False])
async def test_without_the_key_nothing_is_sent(client: Client, signed_in: bool) -> None:
    device = str(uuid4())
    key = (await set_up(client, device)).json()["key"]
    other = (await set_up(client, str(uuid4()))).json()["key"]
    session = client.process.signer.session(LIEGE_DESK)
    client.signed_in(LIEGE_DESK if signed_in else None)
    with capture_logs() as logs:
        for id, wrong in ((device, other), (device, ""), (device, session), (str(uuid4()), key)):
            answer = await send(client, id, wrong, entry(1), lang="en")
            assert (answer.status_code, answer.json()["type"]) == (401, "/problems/device-unknown")
            assert answer.json()["detail"].startswith("This device is not set up here.")
        await send(client, device, key, entry(1))
    for secret in (key, other):
        assert secret.removeprefix("cefo_device_") not in f"{logs}{await store_text(client.store)}"


async def test_who_is_signed_in_sets_a_device_up_at_their_own_centre(client: Client) -> None:
    device = str(uuid4())
    allowed = [("desk", LIEGE_DESK), ("desk", COUNSELLOR), ("kiosk", KIOSK)]
    for place, person in allowed:
        answer = await set_up(client.signed_in(person), str(uuid4()), f"{place}/liege")
        assert (answer.status_code, answer.json()["kiosk"]) == (200, place == "kiosk")
    refused = [("desk", KIOSK), ("desk", NAMUR_DESK), ("kiosk", LIEGE_DESK), ("kiosk", COUNSELLOR), ("kiosk", PROVIDER)]
    for place, person in refused:
        assert (await set_up(client.signed_in(person), device, f"{place}/liege")).status_code == 403
    assert (await set_up(client.signed_in(None), device)).status_code == 401
    from_elsewhere = await client.signed_in(LIEGE_DESK).post(
        "/intake/desk/liege/device", json={"device_id": device}, headers={"sec-fetch-site": "cross-site"}
    )
    assert from_elsewhere.status_code == 403


async def test_a_manager_sees_the_devices_and_revokes_one(client: Client) -> None:
    device = str(uuid4())
    lou = uuid4()
    async with client.store.work() as work:
        works: dict[str, Any] = {"kind": "device", "status": "active", "roles": ["kiosk"], "centres": ["liege"]}
        work.add(Account(id=lou, version=1, display_name="Lou (test)", ended_sign_ins=[], **works))
    client.signed_in(KIOSK.model_copy(update={"subject": f"account/{lou}"}))
    key = (await set_up(client, device, "kiosk/liege")).json()["key"]
    client.signed_in(MANAGER.model_copy(update={"centres": frozenset({"namur"})}))
    assert (await client.get(API)).json() == []
    assert (await client.delete(f"{API}/{device}")).status_code == 404
    assert "No devices yet" in (await client.get("/intake/devices", headers=PAGE)).text
    client.signed_in(MANAGER)
    (listed,) = (await client.get(API)).json()
    assert (listed["id"], listed["kind"], listed["revoked_at"]) == (device, "kiosk", None)
    assert (await client.get(API, params={"after": device})).json() == []
    shown = (await client.get("/intake/devices", headers=PAGE)).text
    assert "Kiosk 1" in shown
    assert "tickets from 1001 on" in shown
    assert "last opened: " in shown
    assert ("set up by: <bdi>Lou (test)</bdi>" in shown, listed["set_up_by"]) == (True, "Lou (test)")
    assert key.removeprefix("cefo_device_") not in shown
    assert (await client.post(f"/intake/devices/{device}/revoke", headers=PAGE)).status_code == 303
    assert (await client.delete(f"{API}/{device}")).status_code == 204
    assert "Revoked" in (await client.get("/intake/devices", headers=PAGE)).text
    answer = await send(client, device, key, entry(1))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/device-revoked")
    refused = await set_up(client.signed_in(KIOSK), device, "kiosk/liege")
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/device-revoked")
    assert (await set_up(client, device, "kiosk/liege", key=True)).json()["key"] not in (key, None)


async def test_a_key_opens_no_other_route(client: Client) -> None:
    """On every other route of the API it is worth as much as nothing."""
    device = str(uuid4())
    key = (await set_up(client, device)).json()["key"]
    client.signed_in(None)
    schema = (await client.get("/intake/api/v1/openapi.json")).json()["paths"]
    routes = [(method, path) for path, methods in schema.items() for method in methods if "/replay" not in path]
    assert len(routes) > 20
    headers = {"authorization": f"Bearer {key}", "accept": "application/json"}
    for method, path in routes:
        address = re.sub(r"{[a-z_]+}", device, path)
        answer = await client.request(method, address, json={}, headers=headers)
        plain = await client.request(method, address, json={}, headers={"accept": "application/json"})
        assert answer.status_code == plain.status_code, (method, path)
        assert answer.status_code == 401 or answer.text == plain.text, (method, path)
    assert (await send(client, device, key, entry(1))).status_code == 200


async def test_a_kiosk_gets_the_ticket_as_a_picture_if_it_asks(client: Client) -> None:
    client.signed_in(KIOSK)
    path, body = f"/intake/api/v1/visits/{uuid4()}", {"centre": "liege", "channel": "kiosk"}
    assert (await client.put(path, json=body)).json()["ticket_qr"] is None
    asked = await client.put(path, json=body, params={"qr": "true"})
    assert asked.json()["ticket_qr"].startswith("data:image/svg+xml")
