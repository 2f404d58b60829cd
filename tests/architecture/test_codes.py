"""What a code looks like stands once, in the contracts: nobody writes its pattern again."""

from pathlib import Path

import pytest

from services.contracts import EVENTS

SERVICES = Path(__file__).parents[2] / "services"


def _patterns() -> set[str]:
    """The patterns of all fields of all events."""
    found = set[str]()
    parts: list[object] = [event.model_json_schema() for event in EVENTS.values()]
    for part in parts:
        if isinstance(part, dict):
            found |= {value for name, value in part.items() if name == "pattern"}  # pyright: ignore
            parts.extend(part.values())  # pyright: ignore
        elif isinstance(part, list):
            parts.extend(part)  # pyright: ignore
    return found


@pytest.mark.parametrize("pattern", sorted(_patterns()))
def test_a_code_has_its_pattern_in_the_contracts_alone(pattern: str) -> None:
    bare = pattern.strip("^$")
    again = {path.relative_to(SERVICES).as_posix() for path in SERVICES.rglob("*.py") if bare in path.read_text()}
    assert {path.split("/")[0] for path in again} == {"contracts"}, again
