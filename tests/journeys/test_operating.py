"""What an operator does from a terminal, against a running platform."""

import json
from uuid import uuid4

from tests.journeys.stacks import Stack, eventually

MARCH = ("--from", "2019-03-01", "--to", "2019-03-31")


def figures(stack: Stack) -> dict[str, object]:
    return json.loads(stack.cefo("figures", *MARCH, "--json"))


def test_the_figures_are_rebuilt_from_what_was_said(stack: Stack) -> None:
    folder = stack.data / "march"
    folder.mkdir()
    visits = [
        {
            "visit_id": str(uuid4()),
            "centre": "huy" if number % 3 else "arlon",
            "area": "find-job",
            "checked_in_at": f"2019-03-{1 + number % 28:02}T09:00:00+01:00",
            "channel": "desk",
            "status": "no_queue",
        }
        for number in range(300)
    ]
    (folder / "visits.ndjson").write_text("".join(f"{json.dumps(one)}\n" for one in visits))
    stack.cefo("import", str(folder))
    before = eventually(lambda: figures(stack), lambda told: told["visitors"] == 300)
    for options in ((), ("--again",)):
        assert "impact est reconstruit" in stack.cefo("rebuild", "impact", *options)
        assert figures(stack) == before
    stack.cefo("republish")
    assert eventually(lambda: figures(stack), lambda told: told["visitors"] == 300) == before
