"""Rights on Redis, and a server that takes none. A real one is in tests/journeys/test_locked_redis.py."""

from pathlib import Path

import pytest

from services.chassis.testing import quiet_settings
from services.chassis.web.redis_rights import RightsNotApplied, apply_users, users_of


def test_each_service_has_a_user_with_its_own_keys_and_channel() -> None:
    plans, directory = users_of(["plans", "directory"], "cefo-{name}")
    assert (plans.name, plans.keys, plans.channels) == (
        "cefo-plans",
        ["cefo:limits:LIMITER/plans/*"],
        ["cefo.boards.plans"],
    )
    assert plans.rules[-1] == "(+publish &cefo.boards.directory)"
    assert directory.publishes == []
    assert {rule[0] for rule in directory.rules[4:]} == {"+", "~", "&"}


def test_services_of_one_process_share_a_user() -> None:
    [one] = users_of(["plans", "directory"], "cefo")
    assert one.channels == ["cefo.boards.plans", "cefo.boards.directory"]
    assert one.publishes == []


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path, redis="redis://127.0.0.1:1/0")
    with pytest.raises(RightsNotApplied, match=r"127\.0\.0\.1:1"):
        apply_users(settings, users_of(["plans"], "cefo"), {})
