"""Search: what is found, in which order, and that nobody is ranked up for who they are."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from services import directory
from services.chassis import i18n
from services.chassis.storage.store import Store
from services.contracts.directory import ServiceStatus
from services.directory import actions, domain
from services.directory.actions.entries import ProviderEntry, ServiceChange
from services.directory.demo import demo_providers
from services.directory.search import BAND, Found, Search, SearchParams
from tests.givens.directory import ATELIER, CLOSED, DUTCH, MARCH, WELDING

CATALOGUES = Path(directory.__file__).parent / "locales"
TODAY = MARCH.date()
ROOT = UUID("c0000000-0000-4000-8000-000000000000")


async def find(search: Search, store: Store, words: str = "", today: date = TODAY, **asked: Any) -> Found:
    async with store.read() as session:
        return await search.find(session, SearchParams(words=words, **asked), today=today, explain=True)


def ids(found: Found) -> list[UUID]:
    return [one.id for one in found.results]


@pytest.mark.parametrize(
    "words", ["soudure", "SOUDURES", "métiers", "metier", "la soudure à l'arc", "Berufsbildung soudure"]
)
async def test_words_are_found_by_stem_and_without_accents(town: Store, words: str) -> None:
    assert ids(await find(Search(), town, words)) == [WELDING]


async def test_topics_and_areas_are_found_in_four_languages(town: Store) -> None:
    i18n.add_catalogues(CATALOGUES)
    search = Search()
    for words in ("Sprachkurs", "taalcursus", "language course", "cours de langue"):
        assert DUTCH in ids(await find(search, town, words)), words


async def test_filters_narrow_and_add_nothing_to_the_score(town: Store) -> None:
    search = Search()
    assert ids(await find(search, town, area="find-job")) == [DUTCH]
    assert ids(await find(search, town, town="tournai")) == [DUTCH]
    assert set(ids(await find(search, town, town="mons"))) == {WELDING, DUTCH}
    assert ids(await find(search, town, language="nl")) == [DUTCH]
    assert ids(await find(search, town, town="arlon")) == []
    plain, filtered = await find(search, town, "néerlandais"), await find(search, town, "néerlandais", area="find-job")
    assert plain.results == filtered.results


async def test_what_takes_nobody_is_not_found(town: Store) -> None:
    found = await find(Search(), town)
    assert CLOSED not in ids(found)
    assert found.total == 2


async def test_a_typing_error_still_finds_and_says_so(town: Store) -> None:
    found = await find(Search(), town, "neerlandias")
    assert ids(found) == [DUTCH]
    assert found.relaxed
    nothing = await find(Search(), town, "xylophone")
    assert (nothing.total, nothing.relaxed) == (0, False)


async def test_the_index_follows_the_store_whoever_wrote(town: Store) -> None:
    search, other_replica = Search(), Search()
    assert ids(await find(search, town, "zinguerie")) == ids(await find(other_replica, town, "zinguerie")) == []
    async with town.work() as work:
        await actions.update_service(work, WELDING, ServiceChange(name="Zinguerie"), organization_id=ATELIER)
    for replica in (search, other_replica):
        assert ids(await find(replica, town, "zinguerie")) == [WELDING]
        assert (await find(replica, town, "débutants")).total == 0
        async with town.read() as session:
            assert await replica.catch_up(session, TODAY) == 0
    async with town.work() as work:
        gone = ServiceChange(status=ServiceStatus.DEFUNCT)
        await actions.update_service(work, WELDING, gone, organization_id=ATELIER)
    assert ids(await find(search, town, "zinguerie")) == []


def twin(number: int) -> tuple[UUID, ProviderEntry]:
    """One of several providers that say exactly the same."""
    service = {"id": uuid5(ROOT, f"service {number}"), "name": "Bilan de compétences", "description": "Faire le point."}
    entry = {
        "name": "Le Forem" if number == 0 else f"Association {number}",
        "description": "Bilans.",
        "services": [service | {"areas": ["choose-path"], "topics": ["skills-assessment"]}],
    }
    return uuid5(ROOT, str(number)), ProviderEntry.model_validate(entry)


async def test_equals_are_ordered_by_the_day_s_lot_alone(store: Store) -> None:
    """The one in whose name the largest provider stands is first no more often than chance has it."""
    async with store.work() as work:
        for number in range(5):
            await actions.set_provider(work, *twin(number))
    search = Search()
    first: list[UUID] = []
    for day in (TODAY + timedelta(days=number) for number in range(60)):
        found = await find(search, store, "bilan de compétences", today=day)
        assert found.total == 5
        assert len({one.band for one in found.results}) == 1
        assert ids(found) == sorted(ids(found), key=lambda one: domain.lot(day, one))
        assert ids(await find(search, store, today=day)) == ids(found)
        first.append(ids(found)[0])
    assert all(3 <= first.count(uuid5(ROOT, f"service {number}")) <= 25 for number in range(5))


async def test_every_page_goes_on_where_the_last_ended(store: Store) -> None:
    async with store.work() as work:
        for number in range(7):
            await actions.set_provider(work, *twin(number))
    search = Search()
    for words in ("", "compétences"):
        seen: list[UUID] = []
        after: str | None = None
        while True:
            async with store.read() as session:
                found = await search.find(session, SearchParams(words=words), today=TODAY, after=after, limit=3)
            seen += ids(found)
            after = found.next
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 7
        assert seen == ids(await find(search, store, words))


@pytest.mark.parametrize(
    "cursor", ["zz", *(text.hex() for text in (b"[]", b"\x00", b"null", b"{}", b"[0,-1]", b"[0,18446744073709551616]"))]
)
async def test_a_made_up_cursor_is_refused(town: Store, cursor: str) -> None:
    async with town.read() as session:
        with pytest.raises(domain.UnknownCursor):
            await Search().find(session, SearchParams(), today=TODAY, after=cursor)


async def test_why_a_result_stands_where_it_stands_adds_up(store: Store) -> None:
    async with store.work() as work:
        await actions.seed_providers(work, demo_providers(TODAY))
    found = await find(Search(), store, "formation entreprise")
    assert found.total >= 2
    for one in found.results:
        assert sum(one.fields.values()) == pytest.approx(one.score, abs=0.01)
        assert one.band <= one.score < one.band + BAND
        assert one.lot == domain.lot(TODAY, one.id)
    keys = [(-one.band, one.lot) for one in found.results]
    assert keys == sorted(keys)


async def test_hundreds_of_services_are_indexed_and_searched(store: Store) -> None:
    services = [
        {"id": uuid4(), "name": f"Cours {number}", "description": "Anglais du soir.", "areas": ["select-training"]}
        for number in range(200)
    ]
    async with store.work() as work:
        for part in range(5):
            entry = {"name": f"École {part}", "description": "Cours.", "services": services[part * 40 : part * 40 + 40]}
            await actions.set_provider(work, uuid4(), ProviderEntry.model_validate(entry))
    found = await find(Search(), store, "anglais soir")
    assert (found.total, len(found.results)) == (200, 20)
