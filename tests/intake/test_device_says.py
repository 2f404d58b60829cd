"""A desk without the network says what it says with it; and what a device is given to work alone."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, emitted
from services.contracts.accounts import AccountKind
from services.contracts.arrivals import Activity
from services.contracts.intake import Channel, VisitCheckedIn
from services.intake.actions import visits
from services.intake.actions.replay import Entry, Step
from services.intake.domain import Need
from services.intake.domain.devices import SLOTS
from services.intake.store import Account, Visit
from services.intake.store.devices import Device
from tests.givens.intake import MONDAY
from tests.givens.rows import count
from tests.intake.test_device_api import entry, send, set_up
from tests.intake.test_devices import MINUTE, Browser, slug

ENTERED: list[dict[str, Any]] = [
    {"area": "find-job", "other_areas": ("choose-path",), "needs": (Need.WHEELCHAIR, Need.QUIET_ROOM)},
    {"area": "find-job", "interpreter_language": "ar", "needs": (Need.WHEELCHAIR,)},
    {"queue": False, "channel": Channel.PHONE, "needs": (Need.WHEELCHAIR,)},
    {"queue": False, "activity": Activity.DOCUMENTATION, "interpreter_language": "ar"},
]
KEPT = ("area", "other_areas", "needs", "interpreter_language", "channel", "activity", "status", "fingerprint")
EVENT = ("area", "other_areas", "interpreter_language", "channel", "activity", "status", "at")


async def found(store: Store, id: UUID) -> Visit:
    async with store.read() as session:
        return (await session.scalars(sa.select(Visit).where(col(Visit.id) == id))).one()


@pytest.mark.parametrize("entered", ENTERED)
async def test_a_replayed_check_in_is_the_visit_that_it_would_have_been_at_once(
    store: Store, clock: FixedClock, entered: dict[str, Any]
) -> None:
    browser, at_once = await Browser(store).set_up(), uuid4()
    async with store.work() as work:
        await visits.check_in(work, visits.Arrival(at_once, "liege", **entered))
    entry = browser.entry(MONDAY, **entered | ({} if entered.get("queue", True) else {"ticket": None}))
    (result,) = await browser.send(entry)
    assert (result.status, slug(result)) == ("accepted", None)
    one, other = await found(store, at_once), await found(store, entry.visit_id)
    assert {name: getattr(one, name) for name in KEPT} == {name: getattr(other, name) for name in KEPT}
    events = {one.event.visit_id: one.event for one in await emitted(store) if isinstance(one.event, VisitCheckedIn)}
    assert [getattr(events[at_once], name) for name in EVENT] == [
        getattr(events[entry.visit_id], name) for name in EVENT
    ]
    assert not {"wheelchair", "quiet-room"} & set(events[entry.visit_id].model_dump_json().split('"'))


async def test_what_was_to_be_prepared_is_deleted_when_the_replayed_visit_has_ended(
    store: Store, clock: FixedClock
) -> None:
    browser = await Browser(store).set_up()
    clock.forward(minutes=5)
    waiting = browser.entry(MONDAY, needs=(Need.WHEELCHAIR,))
    await browser.send(waiting)
    assert (await found(store, waiting.visit_id)).needs == ["wheelchair"]
    # The device has deleted the needs when the visitor left.
    left = Entry(
        waiting.visit_id, waiting.seq, waiting.at, ticket=waiting.ticket, steps=(Step("leave", MONDAY + MINUTE),)
    )
    (result,) = await browser.send(left)
    assert (result.status, slug(result)) == ("known", None)
    assert (await found(store, waiting.visit_id)).needs == []


async def has_desks(store: Store, status: str = "active", **of: list[int]) -> None:
    """Each of these centres has devices with these numbers."""
    works: dict[str, Any] = {"kind": AccountKind.DEVICE.value, "status": status, "roles": ["front-desk"], "version": 1}
    async with store.work() as work:
        for centre, numbers in of.items():
            for number in numbers:
                code = f"{centre}-desk-{number}"
                work.add(Account(id=uuid4(), code=code, centres=[centre], ended_sign_ins=[], **works))


@pytest.mark.parametrize(
    ("desk", "typed", "listed"),
    [
        ("desk-1", None, None),
        ("desk-2", None, None),
        ("desk-7", None, None),
        ("desk-0", "/problems/unknown-desk", "/problems/unknown-desk"),
        ("liege-c01", "/problems/unknown-desk", "/problems/unknown-desk"),
    ],
)
async def test_a_call_to_what_is_no_desk_is_left_out_alone(
    client: Client, desk: str, typed: str | None, listed: str | None
) -> None:
    """Any number is a desk: the one that called may have another code, another centre, or be gone since."""

    def step(name: str, **more: str) -> dict[str, str]:
        return {"step": name, "at": MONDAY.isoformat()} | more

    device = str(uuid4())
    key = (await set_up(client, device)).json()["key"]
    for number, expected in ((1, typed), (3, listed)):
        wrong = entry(number, steps=[step("call", desk=desk), step("serve")])
        right = entry(number + 1, steps=[step("call", desk="desk-1")])
        results = (await send(client, device, key, wrong, right)).json()["results"]
        assert [(one["status"], one["ticket"]) for one in results] == [
            ("accepted", wrong["ticket"]),
            ("accepted", right["ticket"]),
        ]
        assert [one["visit_status"] for one in results] == ["waiting" if expected else "being_served", "called"]
        problem, none = (one["problem"] for one in results)
        assert none is None
        assert (problem and (problem["type"], problem["field"])) == (expected and (expected, "steps.0.desk"))
        again = (await send(client, device, key, wrong, right)).json()["results"]
        assert [one["visit_status"] for one in again] == [one["visit_status"] for one in results]
        await has_desks(client.store, liege=[1], namur=[7])
        await has_desks(client.store, "inactive", liege=[2])


async def test_a_device_knows_the_desks_of_its_centre(client: Client) -> None:
    await has_desks(client.store, liege=[2, 1])
    assert (await set_up(client, str(uuid4()))).json()["desks"] == ["desk-1", "desk-2"]


async def test_the_eightieth_device_of_a_centre_is_refused_with_what_to_do(client: Client, clock: FixedClock) -> None:
    first = str(uuid4())
    await set_up(client, first)
    async with client.store.work() as work:
        like: dict[str, Any] = (await work.load(Device, UUID(first))).model_dump()
        for slot in range(2, SLOTS + 1):
            like |= {"id": uuid4(), "slot": slot}
            work.add(Device(**like))
    answer = await client.post(
        "/intake/desk/liege/device", json={"device_id": str(uuid4())}, headers={"accept-language": "en"}
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-slot-free")
    assert answer.json()["detail"] == (
        "This centre already has 79 devices. Ask a manager to revoke one: its numbers are free tomorrow."
    )
    assert await count(client.store, "devices") == SLOTS, "nothing is kept of it"
    assert (await set_up(client, first)).status_code == 200, "the others go on"
    clock.now += timedelta(days=30)
    assert (await set_up(client, str(uuid4()))).status_code == 200, "in the place of one that was not used"
