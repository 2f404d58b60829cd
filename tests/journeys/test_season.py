"""The season of 2017, imported as a centre would, gives the brochure's sentence (p. 28) on both stacks."""

import json
from typing import Any

import pytest

from tests.journeys.stacks import Stack

BROCHURE = {"visitors": 181_689, "individual_interviews": 87_532, "guidance_interviews": 5_296}


@pytest.mark.timeout(1500)
def test_the_season_gives_the_brochures_figures(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("season")
    stack.cefo("season", "2017", "--out", str(folder))
    stack.cefo("import", str(folder))
    exact = figures(stack)
    assert {key: exact[key] for key in BROCHURE} == BROCHURE
    for breakdown in ("by_centre", "by_month", "by_centre_and_month"):
        assert {key: sum(row[key] for row in exact[breakdown]) for key in BROCHURE} == BROCHURE
    assert len(exact["by_centre"]) == 12
    assert "9 mois publiés" in stack.cefo("publish", "--from", "2017-01", "--to", "2017-09")
    public = stack.browse().get("/impact/api/v1/figures", params={"from": "2017-01", "to": "2017-09"}).json()
    assert {key: public[key] for key in BROCHURE} == BROCHURE
    assert not set(BROCHURE) & set(public["withheld"])


def figures(stack: Stack) -> dict[str, Any]:
    return json.loads(stack.cefo("figures", "--from", "2017-01-01", "--to", "2017-09-30", "--json"))
