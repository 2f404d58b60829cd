"""Exact figures over the API: any period, centres and areas, as JSON and CSV, for people with a role; and logged."""

import codecs
import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from services.chassis.identity.people import Person
from services.chassis.testing import Client, FixedClock
from services.contracts.roles import Role
from services.contracts.scheduling import InterviewKind
from services.impact.actions import prune_reads
from services.impact.store import ExactRead
from tests.givens.impact import NOON, checked_in, held, plan_confirmed, process, publish_now, referral_requested

FIGURES = "/impact/api/v1/figures/exact"
PUBLIC = "/impact/api/v1/figures"
SEASON = {"from": "2017-01-01", "to": "2017-09-30"}
REGION = Person(subject="account/6b0e7a0c-3a52-4f0f-9d6b-5a8b7c1d2e3f", name="–", roles=frozenset({Role.MANAGER}))
OF_MONS = REGION.model_copy(update={"centres": frozenset({"mons"})})
APRIL = NOON + timedelta(days=7)


@pytest.fixture(autouse=True)
async def counted(client: Client) -> None:
    """Liège: 3 visitors and 2 interviews in March, 1 visitor in April; Mons: 1 visitor, 1 guidance interview."""
    await process(
        client.store,
        *(checked_in() for _ in range(2)),
        checked_in(area="choose-path"),
        checked_in(APRIL, area=None),
        held(),
        held(InterviewKind.GUIDANCE, area="choose-path"),
        checked_in(where="mons"),
        held(InterviewKind.GUIDANCE, where="mons"),
        plan_confirmed(),
        referral_requested(),
    )
    client.signed_in(REGION)


async def ask(client: Client, **query: Any) -> dict[str, Any]:
    answer = await client.get(FIGURES, params=SEASON | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def three(answer: dict[str, Any]) -> tuple[int, int, int]:
    return answer["visitors"], answer["individual_interviews"], answer["guidance_interviews"]


async def test_the_whole_with_its_breakdowns(client: Client) -> None:
    figures = await ask(client)
    assert three(figures) == (5, 3, 2)
    assert (figures["plans_confirmed"], figures["referrals"]) == (1, 1)
    assert {row["centre"]: three(row) for row in figures["by_centre"]} == {"liege": (4, 2, 1), "mons": (1, 1, 1)}
    assert {row["month"]: three(row) for row in figures["by_month"]} == {"2017-03": (4, 3, 2), "2017-04": (1, 0, 0)}
    cells = {(row["centre"], row["month"]): three(row) for row in figures["by_centre_and_month"]}
    assert cells == {("liege", "2017-03"): (3, 2, 1), ("liege", "2017-04"): (1, 0, 0), ("mons", "2017-03"): (1, 1, 1)}
    assert figures["by_centre"][0]["name"] == "Cité des métiers de Liège"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"centre": "mons"}, (1, 1, 1)),
        ({"centre": ["mons", "liege"]}, (5, 3, 2)),
        ({"area": "choose-path"}, (1, 1, 1)),
        ({"area": ["choose-path", "find-job"]}, (4, 3, 2)),
        ({"centre": "liege", "area": "find-job"}, (2, 1, 0)),
        ({"from": "2017-04-01"}, (1, 0, 0)),
        ({"to": "2017-03-26"}, (0, 0, 0)),
        ({"from": "2017-03-27", "to": "2017-03-27"}, (4, 3, 2)),
    ],
)
async def test_period_centres_and_areas_choose(
    client: Client, query: dict[str, Any], expected: tuple[int, ...]
) -> None:
    figures = await ask(client, **query)
    assert three(figures) == expected
    assert tuple(sum(three(row)[n] for row in figures["by_centre"]) for n in range(3)) == expected


async def test_the_csv_says_the_same_and_names_its_period(client: Client) -> None:
    answer = await client.get(f"{FIGURES}.csv", params=SEASON)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "cefo-exact-2017-01-01-2017-09-30.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    figures = (await ask(client))["by_centre_and_month"]
    assert rows == [{name: str(value) for name, value in row.items()} for row in figures]
    only = (await client.get(f"{FIGURES}.csv", params=SEASON | {"centre": "mons"})).text
    assert [row["centre"] for row in csv.DictReader(io.StringIO(only))] == ["mons"]


async def test_the_csv_for_excel_opens_in_belgium_with_names_instead_of_codes(client: Client) -> None:
    client.headers["accept-language"] = "fr"
    answer = await client.get(f"{FIGURES}.csv", params=SEASON | {"excel": "true"})
    assert answer.content.startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    plain = list(csv.DictReader(io.StringIO((await client.get(f"{FIGURES}.csv", params=SEASON)).text)))
    assert list(rows[0])[:3] == ["Centre", "Mois", "Visites"]
    assert [row["Visites"] for row in rows] == [row["visitors"] for row in plain]
    assert {row["centre"] for row in plain}.isdisjoint(row["Centre"] for row in rows)


@pytest.mark.parametrize("path", [FIGURES, f"{FIGURES}.csv"])
@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ({"from": "2017-02-30"}, "from", "day"),
        ({"from": "spring"}, "from", "day"),
        ({"to": ""}, "to", "missing"),
        ({"from": "2017-10-01"}, "to", "period-backwards"),
        ({"from": "1900-01-01"}, "to", "period-too-long"),
        ({"centre": "atlantis"}, "centre", "unknown-centre"),
        ({"area": "gardening"}, "area", "unknown-area"),
        ({"area": "find-job'); drop table tallies; --"}, "area", "unknown-area"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(
    client: Client, path: str, query: dict[str, Any], field: str, rule: str
) -> None:
    messages: set[str] = set()
    for lang in ("en", "fr", "de", "nl"):
        answer = await client.get(path, params=SEASON | query, headers={"accept-language": lang})
        assert answer.status_code == 422, answer.text
        [fault] = answer.json()["errors"]
        assert fault["field"] == field
        assert fault["rule"] == rule
        messages.add(fault["message"])
    assert len(messages) == 4


async def test_both_days_are_needed(client: Client) -> None:
    answer = await client.get(FIGURES)
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [
        ("from", "missing"),
        ("to", "missing"),
    ]


async def test_an_area_that_was_counted_once_can_still_be_asked_for(client: Client) -> None:
    """A centre may give an area up; its past stays."""
    await process(client.store, checked_in(datetime(2017, 5, 2, 9, tzinfo=NOON.tzinfo), area="mobility"))
    assert three(await ask(client, area="mobility")) == (1, 0, 0)


async def test_for_an_area_no_figure_is_told_that_was_counted_for_none(client: Client) -> None:
    """A nought would say that nothing happened."""
    whole, part = await ask(client), await ask(client, area="find-job")
    without = {"workshop_attendances", "plans_confirmed", "referrals_completed"}
    assert set(whole) - set(part) == without | {"people", "workshops", "by_mode", "by_next_step", "by_guidance_offer"}
    answer = await client.get(f"{FIGURES}.csv", params=SEASON | {"area": "find-job"})
    assert answer.text.splitlines()[0] == "centre,month,visitors,individual_interviews,guidance_interviews,referrals"


async def test_exact_figures_need_a_role(client: Client) -> None:
    for person, status in (
        (None, 401),
        (Person(subject="c", name="–", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"mons"})), 403),
        (Person(subject="o", name="–", roles=frozenset({Role.OPERATOR})), 200),
    ):
        client.signed_in(person)
        for path in (FIGURES, f"{FIGURES}.csv"):
            assert (await client.get(path, params=SEASON)).status_code == status


async def test_a_manager_of_a_centre_reads_its_exact_figures_only(client: Client) -> None:
    client.signed_in(OF_MONS)
    assert three(await ask(client)) == three(await ask(client, centre="mons")) == (1, 1, 1)
    for centres in ("liege", ["mons", "liege"]):
        answer = await client.get(FIGURES, params=SEASON | {"centre": centres})
        assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (403, "wrong-centre")


async def test_who_read_what_and_when_is_logged_for_a_year(client: Client, clock: FixedClock) -> None:
    await ask(client, area="find-job")
    await client.signed_in(OF_MONS).get(f"{FIGURES}.csv", params=SEASON)
    await client.get(FIGURES, params=SEASON | {"centre": "liege"})
    await client.signed_in(None).get(FIGURES, params=SEASON)
    assert sorted(await reads(client)) == [("csv", ["mons"], []), ("json", [], ["find-job"])]
    clock.forward(days=364)
    await prune_reads(client.store, 365)
    assert len(await reads(client)) == 2
    clock.forward(days=2)
    await prune_reads(client.store, 365)
    assert await reads(client) == []


async def reads(client: Client) -> list[tuple[str, list[str], list[str]]]:
    async with client.store.read() as session:
        rows = await session.scalars(sa.select(ExactRead))
        return [(row.form, row.centres, row.areas) for row in rows]


async def test_the_public_figures_are_those_that_were_published(client: Client) -> None:
    """Three visits are too few; ten more make thirteen, of which the centres are not shown."""
    client.signed_in(None)
    query = {"from": "2017-01", "to": "2017-09"}
    empty = (await client.get(PUBLIC, params=query)).json()
    assert (empty["months"], empty["by_centre"], three(empty)) == ([], [], (0, 0, 0))
    await process(client.store, *(checked_in() for _ in range(9)))
    await publish_now(client.store, "2017-01", "2017-09")
    answer = (await client.get(PUBLIC, params=query)).json()
    assert answer["months"] == ["2017-03", "2017-04"]
    assert three(answer) == (13, None, None)
    assert answer["withheld"] == [
        "visitors",
        "individual_interviews",
        "guidance_interviews",
        "plans_confirmed",
        "referrals",
    ]
    assert {row["centre"]: row["visitors"] for row in answer["by_centre"]} == {"liege": None, "mons": None}
    for area in ("gardening", "mobility"):
        refused = await client.get(PUBLIC, params=query | {"area": area})
        assert refused.json()["errors"][0]["rule"] == "unknown-area"


@pytest.mark.parametrize(("person", "status"), [(None, 401), (OF_MONS, 403), (REGION, 200)])
async def test_the_region_publishes_ended_months_at_once(client: Client, person: Person | None, status: int) -> None:
    client.signed_in(person)
    months = {"since": "2017-01", "until": "2017-09"}
    answer = await client.post("/impact/api/v1/publications", json=months)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"published": ["2017-03", "2017-04"]}
        late = await client.post("/impact/api/v1/publications", json=months | {"until": "2026-03"})
        assert (late.status_code, late.json()["errors"][0]["rule"]) == (422, "month-not-ended")
