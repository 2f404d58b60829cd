"""`cefo import` waits for services that do not know the centres yet, and only for those."""

from typing import Any

import pytest

from services.launcher.commands import centres
from services.launcher.commands.centres import CentresUnknown, wait_for_centres

SERVICES = ("intake", "scheduling")


class Platform:
    """Services that know more centres each time they are asked."""

    def __init__(self, **known: list[list[str]]) -> None:
        self._known = known
        self.asked: list[str] = []

    def __call__(self, service: str) -> list[dict[str, Any]]:
        self.asked.append(service)
        answers = self._known[service]
        return [{"code": code} for code in (answers.pop(0) if len(answers) > 1 else answers[0])]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(centres, "PAUSE_SECONDS", 0)


def test_it_waits_until_each_service_knows_what_the_directory_has_published() -> None:
    platform = Platform(
        directory=[["liege", "mons", "huy"]],
        intake=[[], ["liege"], ["liege", "mons"]],
        scheduling=[[], ["liege", "mons"]],
    )
    wait_for_centres(platform, SERVICES, {"liege", "mons"})
    assert platform.asked == ["directory", "intake", "intake", "intake", "scheduling", "scheduling"]


def test_a_centre_that_nobody_published_is_left_to_the_import_to_refuse() -> None:
    platform = Platform(directory=[["liege"]], intake=[["liege"]], scheduling=[["liege"]])
    wait_for_centres(platform, SERVICES, {"liege", "atlantis"})
    assert platform.asked == ["directory", "intake", "scheduling"]


def test_it_gives_up_with_the_names_and_the_way_out() -> None:
    platform = Platform(directory=[["liege", "mons"]], intake=[["mons"]], scheduling=[["liege", "mons"]])
    with pytest.raises(CentresUnknown, match=r"intake ne connaît pas encore\W+liege\. .*cefo doctor"):
        wait_for_centres(platform, SERVICES, {"liege", "mons"}, seconds=0)
