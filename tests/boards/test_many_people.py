"""205 people at once, and 205 more whom yesterday left: every number is true, and everybody is reached."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from services.chassis.identity.people import Claim
from services.chassis.testing import Client, FixedClock, client_of, emitted, record_of
from services.contracts.intake import VisitCheckedIn
from services.contracts.roles import Role
from services.intake.actions import visits
from services.intake.app import SERVICE as INTAKE
from services.scheduling.api.waiting import WaitingChanges
from services.scheduling.app import SERVICE as SCHEDULING
from services.scheduling.claims import STAFF_CODE
from tests.givens.intake import COUNSELLOR, open_centres
from tests.givens.scheduling import MONDAY, NADIA, liege, liege_team, react

PEOPLE = 205
WHO = COUNSELLOR.model_copy(
    update={"claims": frozenset({Claim(STAFF_CODE, NADIA)}), "roles": frozenset({Role.COUNSELLOR})}
)
VISITS, WAITING = "/intake/api/v1/visits", "/scheduling/api/v1/waiting"
HERE = {"centre": "liege"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsers(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[dict[str, Client]]:
    """A counsellor in front of intake and of scheduling, in which 205 people wait; as many came yesterday."""
    clock = FixedClock(MONDAY)
    async with AsyncExitStack() as opened:

        async def front(service: Any, folder: Path) -> Client:
            client = await opened.enter_async_context(client_of(service, folder, person=WHO, clock=clock))
            client.headers.update({"accept-language": "fr"})
            return client

        folder = tmp_path_factory.mktemp("many")
        desk, board = await front(INTAKE, folder / "i"), await front(SCHEDULING, folder / "s")
        await open_centres(desk.store)
        await react(board.store, [liege(), *liege_team()])
        for day in (MONDAY - timedelta(days=1), MONDAY):
            async with desk.store.work() as work:
                arrivals = [visits.Arrival(uuid4(), "liege", at=day) for _ in range(PEOPLE)]
                await visits.check_in_all(work, arrivals)
        for one in await emitted(desk.store, VisitCheckedIn):
            assert one.event is not None
            await board.consume(record_of(one.event, 1))
        yield {"desk": desk, "board": board}


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def everybody(client: Client, path: str, **query: Any) -> list[str]:
    """The visits on all pages of a list of the API."""
    found: list[str] = []
    while True:
        answer: Any = (await client.get(path, params=query | ({"after": found[-1]} if found else {}))).json()
        rows: list[Any] = answer["visits"] if path == WAITING else answer
        page: list[str] = [row.get("visit_id") or row["id"] for row in rows]
        if not page:
            return found
        found += page


async def test_both_apis_have_everybody_of_today_and_nobody_else(browsers: dict[str, Client]) -> None:
    today = await everybody(browsers["desk"], VISITS, **HERE)
    assert len(today) == len(set(today)) == PEOPLE
    assert await everybody(browsers["board"], WAITING, **HERE, limit=60) == today
    earlier = await everybody(browsers["desk"], VISITS, **HERE, which="earlier")
    assert len(set(earlier) - set(today)) == PEOPLE
    counts = (await browsers["desk"].get(f"{VISITS}/counts", params=HERE)).json()
    assert counts == {"waiting": PEOPLE, "called": 0, "being_served": 0, "earlier": PEOPLE}
    assert (await browsers["board"].get(WAITING, params=HERE)).json()["total"] == PEOPLE


async def test_the_stream_begins_with_everybody_of_today(
    browsers: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.scheduling.api.waiting.PAGE", 100)
    since = WaitingChanges("liege", browsers["board"].runtime.clock)
    found: list[str] = []
    async with browsers["board"].store.read() as session:
        while changes := await since(session, None):
            found += [str(change.data["visit_id"]) for change in changes]  # type: ignore[index]
    assert len(found) == len(set(found)) == PEOPLE
    assert set(found) == set(await everybody(browsers["desk"], VISITS, **HERE))


@pytest.mark.parametrize(
    ("who", "page"),
    [
        ("desk", "/intake/desk/liege"),
        ("desk", "/intake/waiting-room/liege"),
        ("board", "/scheduling/?centre=liege"),
        ("desk", "/intake/desk/liege/people/earlier"),
    ],
)
async def test_a_page_says_how_many_there_are(who: str, page: str, browsers: dict[str, Client]) -> None:
    html = unescape((await browsers[who].get(page)).text)
    assert re.search(rf"[>·] ?{PEOPLE}<", html)


@pytest.mark.parametrize(
    ("who", "board", "rest"),
    [
        ("desk", "/intake/desk/liege", "/intake/desk/liege/people/waiting"),
        ("desk", "/intake/desk/liege", "/intake/desk/liege/people/earlier"),
        ("board", "/scheduling/?centre=liege", "/scheduling/queue"),
    ],
)
async def test_a_board_leads_to_everybody_whom_it_does_not_show(
    who: str, board: str, rest: str, browsers: dict[str, Client]
) -> None:
    html = unescape((await browsers[who].get(board)).text)
    (link, more) = next(
        (link, int(number))
        for link, number in re.findall(r'href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?Afficher (\d+)', html)
        if link.startswith(rest)
    )
    found: list[str] = []
    while link:
        html = unescape((await browsers[who].get(link)).text)
        found += re.findall(r'<li class="queue-row[^"]*" id="visit-([^"]+)"', html)
        onward = re.search(r'href="(\?[^"]*after=[^"]+)"', html)
        link = f"{rest}{onward[1]}" if onward else ""
    assert len(found) == len(set(found)) == more
    assert all(UUID(one) for one in found)
