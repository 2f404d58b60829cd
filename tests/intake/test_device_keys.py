"""What the key of a device may do, and what ends it. Nothing that was recorded is lost with it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import AlreadyDifferent
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountKind
from services.intake.actions import devices, visits
from services.intake.actions.replay import Step
from services.intake.domain.devices import (
    SLOTS,
    DeviceKind,
    DeviceNotOpened,
    DeviceOfOtherKind,
    DeviceRevoked,
    DeviceUnknown,
    KioskOnlyChecksIn,
    NoSlotFree,
    choose_slot,
)
from services.intake.store import Account
from services.intake.store.devices import Device
from tests.givens.intake import MONDAY
from tests.intake.test_devices import MINUTE, Browser, in_order, slug

LEAVE = Step("leave", MONDAY + MINUTE)


async def account(store: Store, kind: AccountKind, role: str) -> UUID:
    """The copy of an account that works in Liège."""
    id = uuid4()
    async with store.work() as work:
        given: dict[str, Any] = {"kind": kind.value, "status": "active", "roles": [role], "centres": ["liege"]}
        work.add(Account(id=id, version=1, ended_sign_ins=[], **given))
    return id


async def becomes(store: Store, id: UUID, **values: Any) -> None:
    """The copy of the account says this now."""
    async with store.work() as work:
        copy = await work.load(Account, id)
        for name, value in values.items():
            setattr(copy, name, value)


@pytest.mark.parametrize(
    "change",
    [{"status": "inactive"}, {"status": "pending"}, {"roles": ["cite"]}, {"roles": ["kiosk"]}, {"centres": ["namur"]}],
)
async def test_a_key_ends_with_the_rights_of_the_account_that_made_it(store: Store, change: dict[str, Any]) -> None:
    agent = await account(store, AccountKind.STAFF, "front-desk")
    browser = await Browser(store).set_up(by=f"account/{agent}")
    await browser.set_up(by="test/colleague")  # opens it, and gets no key: the first one goes on
    pending = browser.entry(MONDAY, area="find-job")
    assert await browser.send() == []
    await becomes(store, agent, **change)
    with pytest.raises(DeviceRevoked):
        await browser.send(pending)
    old = browser.key
    await browser.set_up(by="test/colleague")
    assert [one.status for one in await browser.send(pending)] == ["accepted"]
    browser.key = old
    with pytest.raises(DeviceUnknown):
        await browser.send()


@pytest.mark.parametrize("how", ["ended", "signed out", "expired"])
async def test_the_key_of_a_kiosk_ends_with_its_sign_in(store: Store, clock: FixedClock, how: str) -> None:
    kiosk = await account(store, AccountKind.DEVICE, "kiosk")

    def signed_in() -> AccountToken:
        times = {"began_at": clock(), "expires_at": clock() + timedelta(days=1)}
        return AccountToken(account_ref=kiosk, sign_in=uuid4(), **times)

    async def opens(browser: Browser, token: AccountToken) -> Browser:
        return await browser.set_up(kind=DeviceKind.KIOSK, by=f"account/{kiosk}", token=token)

    first = signed_in()
    browser = await opens(Browser(store), first)
    pending = browser.entry(MONDAY, area="find-job")
    clock.forward(hours=1)
    assert await browser.send() == []
    if how == "ended":
        await becomes(store, kiosk, ended_sign_ins=[str(first.sign_in)])
    elif how == "signed out":
        await becomes(store, kiosk, signed_out_before=clock())
    else:
        clock.forward(days=1)
    with pytest.raises(DeviceRevoked):
        await browser.send(pending)
    await opens(browser, signed_in())
    assert [one.status for one in await browser.send(pending)] == ["accepted"]


async def test_a_key_ends_when_nobody_has_opened_the_device_for_thirty_days(store: Store, clock: FixedClock) -> None:
    browser = await Browser(store).set_up()
    clock.forward(days=20)
    await browser.set_up()
    clock.forward(days=29)
    pending = browser.entry(clock(), area="find-job")
    assert await browser.send() == [], "sending does not open it"
    clock.forward(days=1)
    with pytest.raises(DeviceNotOpened):
        await browser.send(pending)
    await browser.set_up()
    assert [one.status for one in await browser.send(pending)] == ["accepted"]


async def test_visits_of_others_are_neither_shown_nor_changed(store: Store) -> None:
    browser, other = await Browser(store).set_up(), await Browser(store).set_up()
    others = other.entry(MONDAY, area="find-job")
    await other.send(others)
    online = visits.Arrival(uuid4(), "liege", "find-job")
    async with store.work() as work:
        await visits.check_in(work, online)
    tries = [
        browser.entry(MONDAY, LEAVE, visit_id=others.visit_id, area="find-job", ticket=None),
        browser.entry(MONDAY, LEAVE, visit_id=online.visit_id, area="choose-path", ticket=None),
        browser.entry(MONDAY, LEAVE, visit_id=online.visit_id, ticket=None),
    ]
    for one in tries:
        (result,) = await browser.send(one)
        assert (result.status, result.visit, type(result.problem)) == ("refused", None, AlreadyDifferent)
    assert {visit.status for visit in await in_order(store)} == {"waiting"}


async def test_a_group_whose_answer_was_lost_is_known(store: Store) -> None:
    """The form named only other needs, one of them twice; the device keeps the first as the main one."""
    browser = await Browser(store).set_up()
    twice = ("find-job", "choose-path", "find-job")
    async with store.work() as work:
        online = visits.Arrival(uuid4(), "liege", other_areas=twice, group=3)
        (group,) = await visits.check_in_groups(work, [online])
    assert len(group) == 3
    values: dict[str, Any] = {"area": "find-job", "other_areas": ("choose-path",), "group": 3, "ticket": None}
    results = await browser.send(*(browser.entry(MONDAY, LEAVE, visit_id=one.id, **values) for one in group))
    assert [(one.status, slug(one)) for one in results] == [("known", None)] * 3
    assert {visit.status for visit in await in_order(store)} == {"left"}


async def test_a_kiosk_sends_no_steps_and_is_no_desk(store: Store) -> None:
    kiosk = await Browser(store).set_up(kind=DeviceKind.KIOSK)
    entry = kiosk.entry(MONDAY, LEAVE, area="find-job")
    for status in ("accepted", "known"):
        (result,) = await kiosk.send(entry)
        assert (result.status, type(result.problem)) == (status, KioskOnlyChecksIn)
    assert [visit.status for visit in await in_order(store)] == ["waiting"]
    with pytest.raises(DeviceOfOtherKind):
        await kiosk.set_up(wants_key=True)


def test_slots_of_revoked_devices_come_last() -> None:
    used = {slot: MONDAY - timedelta(days=slot % 7) for slot in range(1, SLOTS + 1)}
    assert choose_slot(used, MONDAY, [5, 6, 13]) == 6
    del used[40]
    assert choose_slot(used, MONDAY, [5, 6]) == 40
    used[41] = MONDAY - timedelta(days=30)
    assert choose_slot(used, MONDAY, [5, 6]) == 41


async def test_a_revoked_device_makes_room_the_next_day_and_no_number_is_given_twice(
    store: Store, clock: FixedClock
) -> None:
    lost, second = await Browser(store).set_up(), await Browser(store).set_up()
    late = lost.entry(MONDAY, area="find-job")
    async with store.work() as work:
        like: dict[str, Any] = (await work.load(Device, second.id)).model_dump()
        for slot in range(3, SLOTS + 1):
            like |= {"id": uuid4(), "slot": slot}
            work.add(Device(**like))
        for one in (lost, second):
            await devices.revoke(work, one.id, by="test/manager")
    with pytest.raises(NoSlotFree):
        await Browser(store).set_up()
    clock.forward(days=1)
    new = await Browser(store).set_up()
    assert new.slot == lost.slot == 1
    given = new.entry(clock(), area="find-job")
    await lost.set_up(wants_key=True)
    assert lost.slot == second.slot == 2, "not the one that another device has now"
    with pytest.raises(NoSlotFree):
        await second.set_up(wants_key=True)
    lost.given = 0
    again = lost.entry(clock(), area="find-job")
    sent = [*await new.send(given), *await lost.send(late, again)]
    assert [(one.status, slug(one)) for one in sent] == [("accepted", None)] * 3
    numbers = sorted((visit.checked_in_at.date(), visit.ticket) for visit in await in_order(store))
    assert numbers == [(MONDAY.date(), "E-1001"), (clock().date(), "E-1001"), (clock().date(), "E-2001")]
