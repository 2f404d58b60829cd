"""What a counsellor's to-do leaves out, since it cannot be done; on both stores."""

from datetime import timedelta

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.scheduling.actions import guidance
from services.scheduling.domain.refusals import ConsentMissing
from services.scheduling.domain.todo import Task, ToDoPart
from services.scheduling.store import GuidancePath
from tests.givens.scheduling import MONDAY, NADIA, Visitor, react
from tests.scheduling.test_final_interviews import book, due_paths, ids
from tests.scheduling.test_guidance import change
from tests.scheduling.test_todo import guided, listed


async def test_nothing_is_to_be_booked_for_people_who_withdrew_their_consent(store: Store, clock: FixedClock) -> None:
    (final,) = await due_paths(store, clock, [NADIA], 1)
    visitor, path, interview = await guided(store, 4)
    clock.now = MONDAY + timedelta(hours=5)
    await change(store, interview, guidance.hold)
    next_one, final_one = (Task.BOOK_NEXT, path), (Task.BOOK_FINAL_INTERVIEW, final)
    assert await listed(store, ToDoPart.PATHS) == [next_one]
    assert await listed(store, ToDoPart.FINAL_INTERVIEWS) == [final_one]
    assert await ids(store) == ([final], [])
    async with store.read() as session:
        attended = (await session.get_one(GuidancePath, final)).subject_ref
    assert attended is not None
    participant = Visitor()
    participant.subject_ref = attended
    people = [visitor, participant]
    await react(store, [one.withdraws("guidance") for one in people])
    for one in (path, final):
        with pytest.raises(ConsentMissing):
            await book(store, one)
    assert await listed(store, ToDoPart.PATHS) == await listed(store, ToDoPart.FINAL_INTERVIEWS) == []
    assert await ids(store) == ([], [])
    await react(store, [one.gives("guidance", "plan") for one in people])
    assert await listed(store, ToDoPart.PATHS) == [next_one]
    assert await listed(store, ToDoPart.FINAL_INTERVIEWS) == [final_one]
    assert await ids(store) == ([final], [])
