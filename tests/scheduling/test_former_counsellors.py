"""What a counsellor had entered goes when nobody uses the code any more, and never passes to another person."""

from typing import Any
from uuid import uuid4

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.scheduling.actions import availability
from services.scheduling.actions.former_counsellors import delete_unused_availability
from services.scheduling.domain import refusals
from services.scheduling.store import CounsellorAbsence, CounsellorHours, CounsellorProfile, QuarterHour
from tests.givens.rows import count, rows_of
from tests.givens.scheduling import NADIA, TOM, Visitor, account_of, react
from tests.scheduling.test_guidance import TUESDAY, book, take_path
from tests.scheduling.test_working_hours import is_away, works

NEW = "liege-c09"
INACTIVE, PENDING = AccountStatus.INACTIVE, AccountStatus.PENDING
TABLES = (CounsellorHours, CounsellorAbsence, CounsellorProfile)


def changed_account(**changed: Any) -> AccountPublished:
    """Nadia's account with other facts, also with another code."""
    return AccountPublished.model_validate(account_of(NADIA).model_dump() | changed)


async def enter(store: Store, *codes: str) -> None:
    """Hours, an absence and a language, for each of these codes."""
    for code in codes:
        await works(store, "09:00", "12:00", counsellor=code)
        await is_away(store, counsellor=code)
        async with store.work() as work:
            await availability.set_profile(work, code, ["fr"], [])


async def entered(store: Store) -> set[str]:
    """The codes with all that they entered; none has a part of it."""
    found = [{row.counsellor for row in await rows_of(store, table)} for table in TABLES]
    assert found[0] == found[1] == found[2]
    held = {row.resource.removeprefix("counsellor:") for row in await rows_of(store, QuarterHour)}
    assert held == found[0]
    return found[0]


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, True),
        ({"status": PENDING, "display_name": None}, True),
        ({"status": INACTIVE}, True),
        ({"status": INACTIVE, "display_name": None}, False),
        ({"code": None}, False),
        ({"kind": AccountKind.DEVICE, "display_name": None}, False),
    ],
)
async def test_it_is_kept_while_an_account_uses_the_code_or_has_its_name(
    store: Store, changed: dict[str, Any], kept: bool
) -> None:
    await enter(store, NADIA, TOM)
    await react(store, [changed_account(version=2, **changed)])
    assert await entered(store) == {NADIA, TOM}
    await delete_unused_availability(store)
    assert await entered(store) == ({NADIA, TOM} if kept else {TOM})
    await delete_unused_availability(store)
    assert await entered(store) == ({NADIA, TOM} if kept else {TOM})


async def test_who_works_on_under_another_code_keeps_what_they_entered(store: Store, adult: Visitor) -> None:
    booked = await book(store, await take_path(store, adult))
    await enter(store, NADIA, TOM)
    await react(store, [changed_account(version=2, code=NEW)])
    taken = {row.resource for row in await rows_of(store, QuarterHour) if row.holder == booked.id}
    assert {f"counsellor:{NADIA}", f"counsellor:{NEW}"} <= taken, "nobody else is booked with the same person then"
    held = {row.resource for row in await rows_of(store, QuarterHour) if row.holder != booked.id}
    assert held == {f"counsellor:{NEW}", f"counsellor:{TOM}"}
    assert {row.counsellor for row in await rows_of(store, CounsellorHours)} == {NEW, TOM}
    assert {row.counsellor for row in await rows_of(store, CounsellorAbsence)} == {NEW, TOM}
    assert {row.counsellor for row in await rows_of(store, CounsellorProfile)} == {NEW, TOM}
    await delete_unused_availability(store)
    assert {row.counsellor for row in await rows_of(store, CounsellorHours)} == {NEW, TOM}


async def test_what_another_person_left_under_the_new_code_is_not_kept(store: Store) -> None:
    await enter(store, NADIA, TOM)
    await react(store, [account_of(TOM, INACTIVE, version=2), changed_account(version=2, code=TOM)])
    assert await entered(store) == {TOM}
    assert [await count(store, table) for table in ("working_hours", "absences", "counsellor_profiles")] == [1, 1, 1]


async def test_a_code_that_another_account_has_too_takes_nothing_along(store: Store) -> None:
    await react(store, [account_of(NADIA, account_ref=uuid4(), display_name="Ines Claes")])
    await enter(store, NADIA)
    await react(store, [changed_account(version=2, code=NEW)])
    assert await entered(store) == {NADIA}


async def test_a_code_that_passes_to_another_person_takes_nothing_along(store: Store, adult: Visitor) -> None:
    booked = await book(store, await take_path(store, adult))
    await enter(store, TOM)
    await works(store, "09:00", "12:00")
    await react(store, [account_of(NADIA, INACTIVE, version=2)])
    assert len(await rows_of(store, CounsellorHours)) == 2
    await react(store, [account_of(NADIA, account_ref=uuid4(), display_name="Ines Claes")])
    assert [row.counsellor for row in await rows_of(store, CounsellorHours)] == [TOM]
    assert booked.id in {row.holder for row in await rows_of(store, QuarterHour)}, "what is booked stays"


async def test_a_new_account_that_is_approved_with_the_code_takes_over(store: Store) -> None:
    await enter(store, NADIA)
    other = uuid4()
    await react(store, [account_of(NADIA, PENDING, account_ref=other).model_copy(update={"code": None})])
    assert await entered(store) == {NADIA}, "who asks for an account deletes nothing"
    await react(store, [account_of(NADIA, account_ref=other, version=2)])
    assert await entered(store) == set()
    await enter(store, NADIA)
    await react(store, [account_of(NADIA, account_ref=other, version=3, display_name="Another name")])
    await react(store, [account_of(NADIA, INACTIVE, version=2)])
    assert await entered(store) == {NADIA}


async def test_who_waits_for_approval_again_for_a_day_keeps_their_hours(store: Store) -> None:
    await enter(store, NADIA)
    await react(store, [account_of(NADIA, PENDING, version=2)])
    await react(store, [account_of(NADIA, version=3)])
    assert await entered(store) == {NADIA}


async def test_who_comes_back_finds_their_hours_unless_another_person_had_the_code(store: Store) -> None:
    await enter(store, NADIA, TOM)
    await react(store, [account_of(code, INACTIVE, version=2) for code in (NADIA, TOM)])
    await react(store, [account_of(TOM, INACTIVE, account_ref=uuid4())])
    await react(store, [account_of(code, version=3) for code in (NADIA, TOM)])
    assert await entered(store) == {NADIA}


async def test_an_older_version_deletes_nothing(store: Store) -> None:
    await react(store, [account_of(NADIA, version=5)])
    await enter(store, NADIA)
    await react(store, [account_of(NADIA, version=3), changed_account(version=4, code="liege-c09")])
    assert await entered(store) == {NADIA}


async def test_the_time_of_a_deleted_absence_can_be_booked(store: Store, adult: Visitor, clock: FixedClock) -> None:
    await is_away(store)
    path = await take_path(store, adult)
    with pytest.raises(refusals.CounsellorAway):
        await book(store, path)
    await react(store, [changed_account(version=2, code=None), account_of(NADIA, account_ref=uuid4())])
    assert (await book(store, path)).starts_at == TUESDAY
