"""A person whose individual path is open at another centre: the second centre learns that, and nothing else of it."""

from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client
from services.scheduling.actions import paths
from services.scheduling.domain import refusals
from services.scheduling.store import GuidancePath, Interview
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, MONDAY, Visitor
from tests.scheduling.test_pages import booking, press

SENTENCE = "Cette personne a déjà un parcours individuel dans un autre centre."


async def has_path(store: Store, person: Visitor, centre: str, weeks_ago: int) -> UUID:
    async with store.work() as work:
        path = GuidancePath(
            id=uuid4(),
            subject_ref=person.subject_ref,
            centre=centre,
            method="individual",
            opened_at=MONDAY - timedelta(weeks=weeks_ago),
        )
        return work.add(path).id


async def test_neither_opened_nor_continued_here_and_the_refusal_counts_nothing(store: Store, adult: Visitor) -> None:
    await has_path(store, adult, "namur", 1)
    for act in (paths.open_path, paths.individual_path):
        with pytest.raises(refusals.PathElsewhere) as refused:
            async with store.work() as work:
                await act(work, adult.subject_ref, LIEGE)
        assert refused.value.values == {}
    assert len(await rows_of(store, GuidancePath)) == 1


async def test_one_that_is_open_here_too_goes_on(store: Store, adult: Visitor) -> None:
    """As imports and merges may have left several open."""
    here = await has_path(store, adult, LIEGE, 9)
    await has_path(store, adult, "namur", 1)
    async with store.work() as work:
        assert await paths.individual_path(work, adult.subject_ref, LIEGE) == here
        with pytest.raises(refusals.PathStillOpen):
            await paths.open_path(work, adult.subject_ref, LIEGE)


async def test_the_form_says_so_and_keeps_what_was_typed(desk: Client, known: Visitor) -> None:
    await has_path(desk.store, known, "namur", 1)
    form = booking(person=str(known.subject_ref), room="salle-1", area="find-job")
    html = unescape(await press(desk, "/interviews/new", 422, **form))
    assert SENTENCE in html
    assert "namur" not in html
    assert '<option value="salle-1" selected>' in html
    assert '<option value="find-job" selected>' in html
    assert await rows_of(desk.store, Interview) == []


async def test_the_api_says_so(desk: Client, known: Visitor) -> None:
    await has_path(desk.store, known, "namur", 1)
    body = {"subject_ref": str(known.subject_ref), "centre": LIEGE}
    answer = await desk.post("/scheduling/api/v1/paths", json=body)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (409, "path-elsewhere")
    assert "held" not in answer.text
