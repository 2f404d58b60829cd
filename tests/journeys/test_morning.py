"""A first trial shows a centre at work: `cefo up --morning`, as `make run` starts it; it is a demo by itself."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.chassis.runtime.clock import BRUSSELS, system_clock
from tests.journeys.adult import by_link, ok, signed_in
from tests.journeys.stacks import Stack, eventually, up

pytestmark = pytest.mark.usefixtures("started_cold")


@contextmanager
def tried_out(folder: Path) -> Generator[tuple[Stack, str]]:
    """The platform, and the personal link that it prints once the morning was lived."""
    with up(folder, "--morning", demo=False) as (stack, _process):
        links = eventually(lambda: re.findall(r"\S+/intake/l/\S+", (folder / "up.log").read_text()), bool)
        yield stack, links[0]


def seen(stack: Stack) -> dict[str, int]:
    """What the team of Liège has before it."""
    desk, counsellor = signed_in(stack, "accueil-liege"), signed_in(stack, "conseil-liege")
    waiting = eventually(
        lambda: ok(counsellor.get("/scheduling/api/v1/waiting?centre=liege"))["visits"], lambda found: len(found) >= 7
    )
    plans = ok(counsellor.get("/plans/api/v1/plans?centre=liege"))
    plan = ok(counsellor.get(f"/plans/api/v1/plans/{plans[0]['id']}"))
    referrals = eventually(lambda: ok(counsellor.get("/directory/api/v1/referrals?centre=liege"))["contents"], bool)
    return {
        "waiting": len(waiting),
        "board": desk.get("/intake/desk/liege").text.count('class="queue-row'),
        "workshops": len(ok(counsellor.get("/scheduling/api/v1/workshops?centre=liege"))),
        "plans": len(plans),
        "steps": len(plan["information_steps"]),
        "referrals": len(referrals),
    }


def free_times(stack: Stack) -> dict[str, Any]:
    """What is entered of Liège's counsellors, and with whom an interview in Arabic can be booked in two weeks."""
    counsellor, region = signed_in(stack, "conseil-liege"), signed_in(stack, "region")
    entered = {one: ok(region.get(f"/scheduling/api/v1/counsellors/{one}")) for one in ("liege-c01", "liege-c02")}
    today = system_clock().astimezone(BRUSSELS).date()
    asked = f"centre=liege&language=ar&minutes=60&from={today}&until={today + timedelta(days=14)}"
    slots = ok(counsellor.get(f"/scheduling/api/v1/slots?{asked}"))
    return {
        "hours": {code: len(one["hours"][0]["rows"]) for code, one in entered.items()},
        "away": sum(len(one["absences"]) for one in entered.values()),
        "arabic": {one["counsellor"] for one in slots},
    }


def test_whoever_tries_it_finds_a_centre_at_work_and_once_only(tmp_path: Path) -> None:
    with tried_out(tmp_path) as (stack, link):
        first = seen(stack)
        visitor = by_link(stack, link)
        assert "Devenir électricien" in follow(visitor, "/plans/")
        offered = free_times(stack)
    assert first == {"waiting": 7, "board": 7, "workshops": 1, "plans": 1, "steps": 1, "referrals": 1}
    assert offered == {"hours": {"liege-c01": 2, "liege-c02": 2}, "away": 1, "arabic": {"liege-c02"}}
    with up(tmp_path, "--morning") as (stack, _process):
        eventually(lambda: "le lien déjà utilisé reste valable" in (tmp_path / "up.log").read_text(), bool)
        assert seen(stack) == first
        assert free_times(stack) == offered
        assert "Devenir électricien" in follow(by_link(stack, link), "/plans/")


def follow(browser: httpx2.Client, path: str) -> str:
    """The page, wherever it is."""
    answer = browser.get(path, headers={"accept": "text/html"}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text
