"""A state is matched, never compared: then the type checker names every place where a new state has to be decided."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.chassis.mail.messages import MailState
from services.chassis.storage.tables import DeadLetterState
from services.contracts.accounts import AccountStatus
from services.contracts.directory import ReferralStatus
from services.contracts.intake import VisitStatus
from services.contracts.plans import ActionStatus
from services.contracts.scheduling import AppointmentStatus, PathOutcome
from services.plans.domain import Stage
from services.scheduling.domain.states import SeatStatus, WorkshopStatus

ROOT = Path(__file__).parents[2]
STATES = (
    AccountStatus,
    *(VisitStatus, AppointmentStatus, SeatStatus, WorkshopStatus),
    *(PathOutcome, Stage, ActionStatus, ReferralStatus, DeadLetterState, MailState),
)
PACKAGES = ("chassis", "intake", "scheduling", "plans", "directory", "impact")


def undecided(source: str) -> Iterator[int]:
    """The lines that compare with a state, or have states as the keys of a dictionary that is written out."""
    tree = ast.parse(source)
    names = {one.__name__ for one in STATES}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {one.asname for one in node.names if one.asname and one.name in names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            compared = [node.left, *node.comparators]
            listed = [one for part in compared if isinstance(part, ast.Tuple | ast.Set | ast.List) for one in part.elts]
            parts = [*compared, *listed]
        elif isinstance(node, ast.Dict):
            parts = [key for key in node.keys if key is not None]
        else:
            continue
        if any(_is_state(part, names) for part in parts):
            yield node.lineno


def _is_state(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute) and node.attr == "value":
        node = node.value
    return (
        isinstance(node, ast.Attribute)
        and node.attr.isupper()
        and isinstance(node.value, ast.Name)
        and node.value.id in names
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_matches_states(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "services" / package).rglob("*.py"))
        for line in undecided(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "done = seat.status == SeatStatus.TAKEN",
        "done = seat.status is not SeatStatus.TAKEN",
        "chosen.where(col(Seat.status) == SeatStatus.TAKEN.value)",
        "done = seat.status in (SeatStatus.TAKEN, SeatStatus.RELEASED)",
        "LABELS = {SeatStatus.TAKEN: 'taken'}",
        "from services.contracts.directory import ReferralStatus as Status\nopen = one is Status.ACCEPTED",
    ],
)
def test_a_comparison_is_found(source: str) -> None:
    assert list(undecided(source)) != []


def test_a_match_and_an_assignment_are_not() -> None:
    source = "seat.status = SeatStatus.TAKEN\nmatch status:\n    case SeatStatus.TAKEN:\n        pass"
    assert list(undecided(source)) == []
