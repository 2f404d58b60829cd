from typing import Any
from uuid import uuid4

import pytest

from services.chassis.storage.store import Store
from services.contracts.accounts import AccountKind, AccountStatus
from services.scheduling.actions.counsellors import check_counsellor
from services.scheduling.domain import refusals
from services.scheduling.store import PastCounsellor
from services.scheduling.store.counsellors import counsellor_names, counsellors_of, keep_past_counsellors
from tests.givens.rows import rows_of
from tests.givens.scheduling import LEFT, LIEGE, NADIA, TOM, account_of, react
from tests.scheduling.test_imports import guided, information, take_in, take_in_workshops, workshop

NAMES = ["Nadia Lambert", "Tom Peeters"]


async def past(store: Store) -> dict[str, str]:
    return {row.code: row.centre for row in await rows_of(store, PastCounsellor)}


async def refusal(
    store: Store, code: str, centre: str = LIEGE
) -> refusals.UnknownCounsellor | refusals.CounsellorInactive:
    async with store.read() as session:
        with pytest.raises((refusals.UnknownCounsellor, refusals.CounsellorInactive)) as refused:
            await check_counsellor(session, centre, code)
    return refused.value


async def test_a_centre_books_with_its_active_counsellors(store: Store) -> None:
    async with store.read() as session:
        assert [one.code for one in await counsellors_of(session, LIEGE)] == [NADIA, TOM]
        assert await counsellors_of(session, "mons") == []
        await check_counsellor(session, LIEGE, TOM)


@pytest.mark.parametrize(
    "changed",
    [
        {"status": AccountStatus.PENDING},
        {"status": AccountStatus.INACTIVE},
        {"roles": ("front-desk",)},
        {"centres": ("mons",)},
        {"centres": ()},
        {"kind": AccountKind.DEVICE},
    ],
)
async def test_nobody_else_with_a_code_is_booked(store: Store, changed: dict[str, Any]) -> None:
    await react(store, [account_of("liege-c05", **changed)])
    refused = await refusal(store, "liege-c05")
    assert type(refused) is refusals.CounsellorInactive
    assert refused.values == {"counsellor": "liege-c05", "known": [NADIA, TOM], "choices": NAMES}


async def test_an_unknown_code_is_refused_with_the_known_ones(store: Store) -> None:
    refused = await refusal(store, "liege-c09")
    assert type(refused) is refusals.UnknownCounsellor
    assert refused.values == {"counsellor": "liege-c09", "known": [NADIA, TOM], "choices": NAMES}


async def test_a_code_that_passed_to_another_account_is_booked(store: Store) -> None:
    await react(store, [account_of(LEFT, account_ref=uuid4(), display_name="Ugo Simon")])
    async with store.read() as session:
        await check_counsellor(session, LIEGE, LEFT)
        assert (await counsellor_names(session, [LEFT]))[LEFT] == "Ugo Simon"


async def test_names_are_those_of_all_accounts_and_else_the_codes(store: Store) -> None:
    async with store.read() as session:
        names = await counsellor_names(session, [NADIA, LEFT, None, "liege-c99"])
        assert [names[code] for code in (NADIA, LEFT, "liege-c99")] == ["Nadia Lambert", "Eva Maes", "liege-c99"]
        assert await counsellor_names(session, [None]) == {}


async def test_imports_keep_unknown_codes_which_nobody_can_book(store: Store) -> None:
    lines = [information(counsellor=code) for code in ("liege-c44", NADIA, "liege-c44", LEFT)]
    refused = information(counsellor="liege-c45", centre="atlantis")
    outcome = await take_in(store, *lines, refused)
    assert (outcome.accepted, len(outcome.bad)) == (4, 1)
    assert (await take_in_workshops(store, workshop(counsellor="liege-c46"))).accepted == 1
    assert await past(store) == {"liege-c44": LIEGE, "liege-c46": LIEGE}
    assert type(await refusal(store, "liege-c44")) is refusals.CounsellorInactive
    async with store.read() as session:
        assert [one.code for one in await counsellors_of(session, LIEGE)] == [NADIA, TOM]


async def test_the_same_unknown_codes_come_again_and_in_bulk(store: Store) -> None:
    codes = [f"liege-p{number:02}" for number in range(40)]
    lines = [information(counsellor=code) for code in codes]
    assert (await take_in(store, *lines)).accepted == 40
    assert (await take_in(store, *lines)).accepted == 0
    more = [guided(uuid4(), uuid4(), counsellor=code) for code in (*codes, "liege-p99")]
    assert (await take_in(store, *more)).accepted == 41
    assert sorted(await past(store)) == [*codes, "liege-p99"]


async def test_a_code_of_an_import_becomes_an_account_s(store: Store) -> None:
    async with store.work() as work:
        await keep_past_counsellors(work.session, [("liege-c50", LIEGE)])
    await react(store, [account_of("liege-c50", display_name="Ana Roy")])
    async with store.read() as session:
        await check_counsellor(session, LIEGE, "liege-c50")
        assert (await counsellor_names(session, ["liege-c50"]))["liege-c50"] == "Ana Roy"
