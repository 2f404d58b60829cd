"""No page, stream, list or job reads every row of a table that grows: both stores are asked for each statement's plan.

What is quick today is slow after ten seasons if it scans. The stores are filled: a planner scans what is small.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
import pytest_asyncio

from services.chassis.egress.addresses import EgressRefused, Refusal
from services.chassis.egress.client import GuardedClient
from services.chassis.storage.store import Store
from services.launcher.catalogue import NAMES
from services.scheduling.domain.feeds import digest
from services.scheduling.store import CounsellorFeed, VisitorFeed
from tests.matrix.asking import ask
from tests.matrix.guided import code_of
from tests.matrix.world import World
from tests.parts.stores import BOTH
from tests.queries.filled import fill
from tests.queries.plans import scanned
from tests.queries.reading import Statement, lived_in, noted_statements, read, reading_routes

ROWS = 10_000
"""Of each table: with a thousand, to read all of it costs about what it costs to look a month of one counsellor up."""
pytestmark = pytest.mark.asyncio(loop_scope="module")
_OPERATORS = "an operator looks at what went wrong; what is decided is removed after CEFO_DEAD_LETTER_DAYS"
ALLOWED = {
    f"GET /{service}{path} dead_letters": _OPERATORS
    for service in NAMES
    for path in ("/api/v1/dead-letters", "/dead-letters")
} | {
    **{
        f"job {service} {job} dead_letters": "what is decided is removed after CEFO_DEAD_LETTER_DAYS"
        for service in NAMES
        for job in ("seal-old", "gauges", "retention")
    },
    **{f"job {service} erased-list erased_subjects": "all are compared with a file" for service in NAMES},
    **{
        f"job scheduling {job} absences": "they are deleted 30 days after their end"
        for job in ("past-absences", "unused-availability")
    },
    "job intake mail-retention messages": "they are kept for CEFO_MAIL_DAYS",
    "job directory mail-retention mail": "they are kept for CEFO_MAIL_DAYS",
    "job directory prune-sign-ins sign_ins": "those of some days, and the last one of each account",
    "job intake end-of-day visits": "once, in a centre's first night: from then on since the night before",
    "job impact publish-months tallies": "once an hour: its sum says whether a published month changed",
}
"""Routes and jobs that may scan a table, and why: `route table`."""
WITHOUT_STATEMENTS = {
    "intake desk-topics": "asks the broker",
    "intake end-erased": "no entry ends unless CEFO_BACKUP_DAYS is set",
    "directory keep-token-uses": "writes the uses that requests noted meanwhile, and there were none",
    **{f"{service} remains": "rewrites the file of what was deleted" for service in NAMES},
    **{f"{service} mail-folder": "there is no file in the folder" for service in ("intake", "directory")},
}
"""Jobs that send no statement in a round here, and why. Every other job of every service is looked at."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=BOTH)
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    """Two sides with everything in it, and years behind them."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    async with lived_in(tmp_path_factory.mktemp("queries"), server) as made:
        for name in NAMES:
            await fill(made.store(name), ROWS)
        yield made


async def test_no_statement_of_a_page_a_stream_a_list_or_a_job_scans_what_grows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GuardedClient, "get", _no_such_host)
    stores: dict[str, Store] = {name: world.store(name) for name in NAMES}
    sent: dict[tuple[str, str], tuple[Statement, set[str]]] = {}
    for route in reading_routes():
        with noted_statements(stores) as statements:
            await read(world, route)
        for one in statements:
            sent.setdefault((one.service, one.text), (one, set()))[1].add(str(route))
    assert len(sent) > 100
    for one, line in await _of_calendars(world, stores):
        sent.setdefault((one.service, one.text), (one, set()))[1].add(line)
    for one, line in await _of_jobs(world, stores):
        sent.setdefault((one.service, one.text), (one, set()))[1].add(line)
    found: dict[str, set[str]] = defaultdict(set)
    for one, routes in sent.values():
        for table in await scanned(stores[one.service], one):
            asked = {f"{route} {table}" for route in routes} - ALLOWED.keys()
            if asked:
                found[f"{one.service}.{table}: {one.text}"] |= asked
    shown = "\n\n".join(f"{statement}\n  asked by {', '.join(sorted(routes))}" for statement, routes in found.items())
    assert found == {}, shown


async def _no_such_host(*_: object) -> None:
    """Calendars of other programs are not asked here."""
    raise EgressRefused(Refusal.NO_SUCH_HOST)


async def _of_jobs(world: World, stores: dict[str, Store]) -> list[tuple[Statement, str]]:
    """What every job of every service sends in a round, when what is open in this world is over."""
    world.clock.forward(days=40)
    found: list[tuple[Statement, str]] = []
    silent: set[str] = set()
    for service in NAMES:
        runtime = world.runtime(service)
        for job in (*runtime.acting_jobs(), *runtime.own_jobs()):
            if (line := f"{service} {job.name}") in WITHOUT_STATEMENTS:
                continue
            with noted_statements(stores, writing=True) as statements:
                await job.act()
            found += [(one, f"job {line}") for one in statements]
            if not statements:
                silent.add(line)
    assert silent == set(), "a job that sends nothing is listed in WITHOUT_STATEMENTS, with why"
    return found


async def _of_calendars(world: World, stores: dict[str, Store]) -> list[tuple[Statement, str]]:
    """What is sent for a counsellor's calendar and for a visitor's, by secrets that tests/matrix does not have."""
    found: list[tuple[Statement, str]] = []
    code, person = code_of(world.liege), world.liege["person"]
    at = stores["scheduling"].clock()
    async with stores["scheduling"].work() as work:
        secret = digest("counsellors")
        work.add(CounsellorFeed(counsellor=code, id=uuid4(), secret=secret, language="fr", made_at=at))
        secret = digest("visitors")
        work.add(VisitorFeed(subject_ref=person, id=uuid4(), secret=secret, language="fr", made_at=at))
    for secret in ("counsellors", "visitors"):
        target = f"/scheduling/ics/{secret}.ics"
        with noted_statements(stores) as statements:
            answer = await ask(world.process, "GET", target, {}, b"")
        assert answer.status == 200
        assert "BEGIN:VEVENT" in answer.text
        found += [(one, f"GET {target}") for one in statements]
    return found
