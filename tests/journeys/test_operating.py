"""What an operator does from a terminal, against a running platform."""

import json

from tests.journeys.adult import past_visits
from tests.journeys.stacks import Stack, eventually

MARCH = ("--from", "2019-03-01", "--to", "2019-03-31")


def figures(stack: Stack) -> dict[str, object]:
    return json.loads(stack.cefo("figures", *MARCH, "--json"))


def test_the_figures_are_rebuilt_from_what_was_said(stack: Stack) -> None:
    folder = stack.data / "march"
    folder.mkdir()
    (folder / "visits.ndjson").write_bytes(past_visits("2019-03", 300))
    stack.cefo("import", str(folder))
    before = eventually(lambda: figures(stack), lambda told: told["visitors"] == 300)
    for options in ((), ("--again",)):
        assert "Résultats recalculés" in stack.cefo("rebuild", "impact", *options)
        assert figures(stack) == before
    stack.cefo("republish")
    assert eventually(lambda: figures(stack), lambda told: told["visitors"] == 300) == before
