"""An attack on the public figures by subtraction: every answer of page, JSON and CSV, before and after late events.

The answers are equations about the numbers behind them. What they determine, alone or together, is never from 1 to 4.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from html import unescape
from itertools import product
from typing import Any

import pytest

from services.chassis.testing import Client
from services.impact.domain import NAMES, Measure, is_small, month_of
from tests.givens.impact import Cells, centre, count, process, publish_now

CENTRES, AREAS = ("liege", "mons", "namur"), ("find-job", "choose-path", "")
JANUARY, FEBRUARY = date(2026, 1, 12), date(2026, 2, 5)
MONTHS = ("2026-01", "2026-02")
VISITS, INFORMATION, GUIDANCE, PLANS = Measure.VISITORS, Measure.INFORMATION, Measure.GUIDANCE, Measure.PLANS
PARTS = {
    "visitors": (VISITS,),
    "individual_interviews": (INFORMATION, GUIDANCE),
    "guidance_interviews": (GUIDANCE,),
    "plans_confirmed": (PLANS,),
}
"""The measures that each figure adds up."""

FIRST: Cells = {
    (JANUARY, "liege", VISITS, "find-job"): 41,
    (JANUARY, "liege", VISITS, "choose-path"): 3,
    (JANUARY, "liege", VISITS, ""): 17,
    (JANUARY, "mons", VISITS, "find-job"): 2,
    (JANUARY, "namur", VISITS, "find-job"): 25,
    (JANUARY, "namur", VISITS, "choose-path"): 4,
    (JANUARY, "liege", INFORMATION, "find-job"): 30,
    (JANUARY, "liege", GUIDANCE, "find-job"): 1,
    (JANUARY, "namur", INFORMATION, "find-job"): 4,
    (JANUARY, "namur", GUIDANCE, "choose-path"): 9,
    (JANUARY, "liege", PLANS, ""): 4,
    (JANUARY, "mons", PLANS, ""): 4,
    (FEBRUARY, "liege", VISITS, "find-job"): 8,
    (FEBRUARY, "mons", VISITS, "find-job"): 30,
    (FEBRUARY, "namur", VISITS, ""): 1,
    (FEBRUARY, "liege", GUIDANCE, "find-job"): 2,
    (FEBRUARY, "mons", INFORMATION, "find-job"): 33,
}
LATE: Cells = {
    (JANUARY, "liege", VISITS, "choose-path"): 1,
    (JANUARY, "mons", VISITS, "find-job"): 12,
    (JANUARY, "namur", VISITS, "find-job"): 7,
    (JANUARY, "liege", GUIDANCE, "find-job"): 1,
    (JANUARY, "mons", GUIDANCE, "find-job"): 3,
    (FEBRUARY, "liege", GUIDANCE, "find-job"): 8,
    (FEBRUARY, "namur", VISITS, ""): 2,
}
Unknown = tuple[Any, ...]
"""A number behind the figures: month, centre, measure, area, and whether it was counted late."""
Equation = tuple[frozenset[Unknown], int]


@pytest.fixture
async def network(client: Client) -> Client:
    """Three centres with a few people in each, published; and late events."""
    await process(client.store, centre("namur"))
    await count(client.store, FIRST)
    await publish_now(client.store, *MONTHS)
    return client


PERIODS = (MONTHS, *zip(MONTHS, MONTHS, strict=True))


def choices(values: Sequence[str]) -> list[list[str]]:
    """What a filter is asked for: nothing, each value, two, and all. An empty value in an address is no filter."""
    named = [value for value in values if value]
    return [[], *([value] for value in named), named[:2], named]


async def answers(client: Client, periods: Iterable[tuple[str, str]] = PERIODS) -> dict[str, dict[str, Any]]:
    """The public answers, by their queries."""
    asked: dict[str, dict[str, Any]] = {}
    for (since, until), centres, areas in product(periods, choices(CENTRES), choices(AREAS)):
        query: dict[str, Any] = {"from": since, "to": until, "centre": centres, "area": areas}
        answer = await client.get("/impact/api/v1/figures", params=query)
        assert answer.status_code == 200, answer.text
        asked[answer.request.url.query.decode()] = answer.json() | {"asked": query}
    return asked


def equations(answer: dict[str, Any], *, late: bool) -> Iterator[Equation]:
    """What one answer says about the numbers behind it; `late`: it includes late ones."""
    query = answer["asked"]
    months = [month for month in MONTHS if query["from"] <= month <= query["to"]]
    centres, areas = query["centre"] or list(CENTRES), query["area"] or list(AREAS)
    rows = [
        (answer, months, centres),
        *((row, months, [row["centre"]]) for row in answer["by_centre"]),
        *((row, [row["month"]], centres) for row in answer["by_month"]),
        *((row, [row["month"]], [row["centre"]]) for row in answer["by_centre_and_month"]),
    ]
    for row, when, where in rows:
        for name, measures in PARTS.items():
            if name in row and name not in row["withheld"]:
                cells = product(when, where, measures, areas, (False, True) if late else (False,))
                yield frozenset(cells), row[name]


def determined(facts: set[Equation]) -> dict[Unknown, Fraction]:
    """The numbers that the equations determine, by elimination."""
    rows: dict[Unknown, dict[Unknown | None, Fraction]] = {}
    for cells, number in sorted(facts, key=lambda fact: len(fact[0])):
        row: dict[Unknown | None, Fraction] = {cell: Fraction(1) for cell in cells} | {None: Fraction(number)}
        for pivot in [cell for cell in row if cell in rows]:
            _subtract(row, rows[pivot], row.get(pivot, Fraction(0)))
        pivot = next((cell for cell in row if cell is not None), None)
        if pivot is None:
            continue
        row = {cell: value / row[pivot] for cell, value in row.items()}
        for other in rows.values():
            _subtract(other, row, other.get(pivot, Fraction(0)))
        rows[pivot] = row
    return {pivot: row.get(None, Fraction(0)) for pivot, row in rows.items() if not set(row) - {pivot, None}}


def _subtract(row: dict[Unknown | None, Fraction], other: dict[Unknown | None, Fraction], times: Fraction) -> None:
    if times:
        for cell, value in other.items():
            row[cell] = row.get(cell, Fraction(0)) - times * value
            if not row[cell]:
                del row[cell]


def bounds(facts: set[Equation]) -> dict[Unknown, tuple[int, int]]:
    """Between which numbers each must be, as none is below 0: narrowed until nothing changes."""
    cells = {cell for some, _ in facts for cell in some}
    low, high = dict.fromkeys(cells, 0), dict.fromkeys(cells, 10**6)
    changed = True
    while changed:
        changed = False
        for some, number in facts:
            lows, highs = sum(low[cell] for cell in some), sum(high[cell] for cell in some)
            for cell in some:
                least, most = number - (highs - high[cell]), number - (lows - low[cell])
                if least > low[cell] or most < high[cell]:
                    low[cell], high[cell], changed = max(least, low[cell]), min(most, high[cell]), True
    return {cell: (low[cell], high[cell]) for cell in cells}


def differences(facts: set[Equation]) -> set[int]:
    """What remains where one sum is part of another of the same figure."""
    return {more - number for (whole, more), (part, number) in product(facts, facts) if part < whole and more != number}


async def test_no_small_number_follows_from_all_answers_together(network: Client) -> None:
    before = await answers(network)
    await count(network.store, LATE)
    assert await answers(network) == before, "late events move nothing"
    await publish_now(network.store, *MONTHS)
    after = await answers(network)
    assert after != before, "the revision publishes them"
    facts = {fact for answer in before.values() for fact in equations(answer, late=False)}
    facts |= {fact for answer in after.values() for fact in equations(answer, late=True)}
    assert len(facts) > 50
    assert {cell: number for cell, number in determined(facts).items() if is_small(int(number))} == {}
    assert {cell: least for cell, (least, most) in bounds(facts).items() if least == most and is_small(least)} == {}
    assert [number for number in differences(facts) if is_small(number)] == []


async def test_the_attack_finds_a_small_number_where_one_is_given_away(network: Client) -> None:
    """One exact answer more, and it follows."""
    facts = {
        fact for answer in (await answers(network, PERIODS[:1])).values() for fact in equations(answer, late=False)
    }
    cell = (MONTHS[0], "namur", VISITS, "choose-path", False)
    facts.add((frozenset({cell, (MONTHS[0], "namur", VISITS, "find-job", False)}), 29))
    facts.add((frozenset({(MONTHS[0], "namur", VISITS, "find-job", False)}), 25))
    assert determined(facts)[cell] == 4
    assert bounds(facts)[cell] == (4, 4)
    assert 4 in differences(facts)


async def test_page_json_and_csv_say_the_same(network: Client) -> None:
    asked = await answers(network, PERIODS[:1])
    for query, answer in asked.items():
        text = (await network.get(f"/impact/api/v1/figures.csv?{query}")).text
        rows = [{name: int(value) if value.isdigit() else value for name, value in row.items()} for row in _read(text)]
        assert rows == [
            {name: "" if value is None else value for name, value in row.items()}
            | {"withheld": " ".join(row["withheld"])}
            for row in answer["by_centre_and_month"]
        ]
    page = await network.get(f"/impact/?from={MONTHS[0]}&to={MONTHS[1]}", headers={"accept": "text/html"})
    html = unescape(page.text)
    whole = next(one for one in asked.values() if not one["asked"]["centre"] and not one["asked"]["area"])
    shown = re.findall(r'<dd class="figure-value">(.*?)</dd>\s*(?:<dd class="figure-hint">(.*?)</dd>)?', html)
    names = [name for name in NAMES if name != "referrals_completed"]
    assert [value for value, _ in shown] == ["–" if whole[name] is None else str(whole[name]) for name in names]
    marked = [hint == "non publié" or hint.startswith("ou plus") for _, hint in shown]
    assert marked == [name in whole["withheld"] for name in names]
    assert not any(" des entretiens" in hint for _, hint in shown), "a ratio of a figure that is not whole is not shown"


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


async def test_days_of_a_month_cannot_be_asked_for(network: Client) -> None:
    for query in ({"from": "2026-01-01", "to": "2026-01-12"}, {"from": "2026-1", "to": "2026-02"}):
        answer = await network.get("/impact/api/v1/figures", params=query)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["rule"] == "not-a-month"
    assert {month_of(day) for day, *_ in FIRST} == set(MONTHS)
