"""Lists for the region and for operators, page by page: every entry once, also what nobody has confirmed."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest

from services.chassis.testing import Client, FixedClock
from services.chassis.web import personal_data
from services.intake.pages import erasures
from services.intake.store import ErasedSubject, ErasureConfirmation, Export
from tests.givens.intake import OPERATOR

PAGE = {"accept": "text/html", "accept-language": "fr"}


async def walked(client: Client, path: str) -> list[list[str]]:
    """The references on each page of a list, from the first page to the last."""
    pages, query = list[list[str]](), ""
    while not pages or query:
        text = (await client.get(f"{path}?{query}", headers=PAGE)).text
        pages.append(re.findall(r">([0-9a-f]{8}-[0-9a-f-]{27})<", text))
        query = unescape("".join(re.findall(r'href="\?([^"]*after=[^"]*)"', text)))
    return pages


async def test_erasures_those_that_are_not_confirmed_first(
    client: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "SHOWN", 2)
    refs = [UUID(int=number) for number in range(1, 8)]
    async with client.store.work() as work:
        for number, ref in enumerate(refs):
            work.add(ErasedSubject(subject_ref=ref, erased_at=clock() + timedelta(minutes=number)))
            at = None if number in (1, 4, 5) else clock()
            work.add(ErasureConfirmation(subject_ref=ref, service="plans", confirmed_at=at))
    client.signed_in(OPERATOR)
    expected = [str(refs[number]) for number in (1, 4, 5, 6, 3, 2, 0)]
    assert await walked(client, "/intake/erasures") == [expected[0:2], expected[2:4], expected[4:6], expected[6:]]
    listed = await client.get("/intake/api/v1/erasures", params={"after": str(refs[3]), "limit": 2})
    assert [one["subject_ref"] for one in listed.json()] == [str(refs[2]), str(refs[1])]


async def test_exports_the_newest_first(client: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal_data, "SHOWN", 2)
    refs = [uuid4() for _ in range(3)]
    async with client.store.work() as work:
        for ref in refs:
            work.add(Export(at=clock.forward(minutes=1), subject_ref=ref, person="t/ops"))
    newest, middle, oldest = (str(ref) for ref in reversed(refs))
    assert await walked(client.signed_in(OPERATOR), "/intake/exports") == [[newest, middle], [oldest]]
