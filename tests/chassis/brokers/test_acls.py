"""Rights that a broker cannot be given; those that it is given are in tests/journeys/test_locked_kafka.py."""

from pathlib import Path

import pytest

from services.chassis.brokers import acls
from services.chassis.brokers.acls import Right, RightsNotApplied, apply_rights
from services.chassis.testing import quiet_settings


def test_a_broker_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acls, "DEADLINE", 0.5)
    with pytest.raises(RightsNotApplied):
        apply_rights(quiet_settings(tmp_path), [Right("cefo-plans", "group", "cefo.plans", ("read",))])
