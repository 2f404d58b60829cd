"""The season of 2017, imported as a centre would: whole, it gives the brochure's sentence (p. 28).

Real parts take the whole season, the embedded stack its January, whose figures are counted in the files.
"""

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.stacks import Stack

BROCHURE = {"visitors": 181_689, "individual_interviews": 87_532, "guidance_interviews": 5_296}
REPEATED = {"visits.ndjson": 20_000, "workshops.ndjson": 153, "interviews.ndjson": 10_000}
"""Lines of each file that are imported again."""
FIRST_AT = {"visits.ndjson": "checked_in_at", "workshops.ndjson": "sessions", "interviews.ndjson": "starts_at"}


@pytest.mark.timeout(1500)
def test_the_season_gives_the_brochures_figures_and_importing_again_changes_nothing(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, months, expected = tmp_path_factory.mktemp("season"), 9, BROCHURE
    stack.cefo("season", "2017", "--out", str(folder))
    if stack.name == "embedded":
        folder, months = january_of(folder, tmp_path_factory.mktemp("january")), 1
        expected = counted(folder)
    stack.cefo("import", str(folder))
    first = figures(stack)
    assert {key: first[key] for key in BROCHURE} == expected
    for breakdown in ("by_centre", "by_month", "by_centre_and_month"):
        assert {key: sum(row[key] for row in first[breakdown]) for key in BROCHURE} == expected
    assert len(first["by_centre"]) == 12
    until = f"2017-{months:02}"
    assert f"{months} mois publié" in stack.cefo("publish", "--from", "2017-01", "--to", until)
    public = stack.browse().get("/impact/api/v1/figures", params={"from": "2017-01", "to": until}).json()
    assert {key: public[key] for key in BROCHURE} == expected
    assert not set(BROCHURE) & set(public["withheld"])
    repeated = tmp_path_factory.mktemp("repeated")
    for name, lines in REPEATED.items():
        with (folder / name).open() as every, (repeated / name).open("w") as some:
            some.writelines(islice(every, lines))
    again = stack.cefo("import", str(repeated))
    assert "0 nouvelle ligne, 20\N{NO-BREAK SPACE}000 déjà connues" in again
    assert "0 nouvelle ligne, 10\N{NO-BREAK SPACE}000 déjà connues" in again
    assert figures(stack) == first


def january_of(season: Path, into: Path) -> Path:
    """A folder with the lines of January."""
    for name, at in FIRST_AT.items():
        with (season / name).open() as every, (into / name).open("w") as some:
            some.writelines(takewhile(partial(_in_january, at=at), every))
    return into


def _in_january(line: str, at: str) -> bool:
    when = json.loads(line)[at]
    return (when if isinstance(when, str) else when[0]["starts_at"]).startswith("2017-01")


def counted(folder: Path) -> dict[str, int]:
    """The brochure's figures of these files: an interview counts once it was held."""
    held = [one for one in _lines(folder / "interviews.ndjson") if one["status"] == "fulfilled"]
    return {
        "visitors": sum(1 for _ in _lines(folder / "visits.ndjson")),
        "individual_interviews": len(held),
        "guidance_interviews": sum(one["kind"] == "guidance" for one in held),
    }


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as lines:
        yield from map(json.loads, lines)


def figures(stack: Stack) -> dict[str, Any]:
    return json.loads(stack.cefo("figures", "--from", "2017-01-01", "--to", "2017-09-30", "--json"))
