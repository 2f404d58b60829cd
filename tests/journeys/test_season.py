"""The season of 2017, imported as a centre would, gives the brochure's sentence (p. 28) on both stacks."""

import json
from itertools import islice
from typing import Any

import pytest

from tests.journeys.stacks import Stack

BROCHURE = {"visitors": 181_689, "individual_interviews": 87_532, "guidance_interviews": 5_296}
REPEATED = {"visits.ndjson": 20_000, "workshops.ndjson": 153, "interviews.ndjson": 10_000}
"""Lines of each file that are imported again."""


@pytest.mark.timeout(1500)
def test_the_season_gives_the_brochures_figures_and_importing_again_changes_nothing(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("season")
    stack.cefo("season", "2017", "--out", str(folder))
    stack.cefo("import", str(folder))
    first = figures(stack)
    assert {key: first[key] for key in BROCHURE} == BROCHURE
    for breakdown in ("by_centre", "by_month", "by_centre_and_month"):
        assert {key: sum(row[key] for row in first[breakdown]) for key in BROCHURE} == BROCHURE
    assert len(first["by_centre"]) == 12
    assert "9 mois publiés" in stack.cefo("publish", "--from", "2017-01", "--to", "2017-09")
    public = stack.browse().get("/impact/api/v1/figures", params={"from": "2017-01", "to": "2017-09"}).json()
    assert {key: public[key] for key in BROCHURE} == BROCHURE
    assert not set(BROCHURE) & set(public["withheld"])
    repeated = tmp_path_factory.mktemp("repeated")
    for name, lines in REPEATED.items():
        with (folder / name).open() as every, (repeated / name).open("w") as some:
            some.writelines(islice(every, lines))
    again = stack.cefo("import", str(repeated))
    assert "0 nouvelle ligne, 20\N{NO-BREAK SPACE}000 déjà connues" in again
    assert "0 nouvelle ligne, 10\N{NO-BREAK SPACE}000 déjà connues" in again
    assert figures(stack) == first


def figures(stack: Stack) -> dict[str, Any]:
    return json.loads(stack.cefo("figures", "--from", "2017-01-01", "--to", "2017-09-30", "--json"))
