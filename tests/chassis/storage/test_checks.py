"""Versions and fingerprints: what a caller knew against what is stored."""

import pytest

from services.chassis.refusals import AlreadyDifferent, Stale
from services.chassis.storage.checks import check_same, check_version, fingerprint
from services.chassis.storage.store import Aggregate


def test_a_stale_version_is_refused_with_both_versions() -> None:
    plan = Aggregate(version=4)
    check_version(plan, None)
    check_version(plan, 4)
    with pytest.raises(Stale) as raised:
        check_version(plan, 3)
    assert raised.value.values == {"now": 4, "seen": 3}


def test_a_row_that_does_not_exist_yet_has_version_0() -> None:
    check_version(None, 0)
    with pytest.raises(Stale):
        check_version(None, 1)


def test_the_same_content_passes_and_other_content_under_the_same_id_is_refused() -> None:
    check_same(fingerprint(b"liege"), fingerprint(b"liege"), field="visit_id", id="v-1")
    with pytest.raises(AlreadyDifferent) as raised:
        check_same(fingerprint(b"liege"), fingerprint(b"namur"), field="visit_id", id="v-1")
    assert (raised.value.about, raised.value.values) == ("visit_id", {"id": "v-1"})
