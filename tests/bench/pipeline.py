"""Our pipeline from an import to the figures; used by rows a, b and f."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx2
import orjson

from services.launcher.catalogue import SERVICES
from services.launcher.commands.client import local_token
from services.launcher.commands.import_files import IMPORTS, LINES_PER_REQUEST
from tests.bench.check_ins import wait_for_centres
from tests.bench.parts import Services, connected


@dataclass(frozen=True, slots=True)
class ImportRun:
    """How many lines were imported, how many events all services emitted, and the duration in seconds."""

    lines: int
    events: int
    seconds: float


async def import_all(services: Services, files: dict[str, list[bytes]]) -> ImportRun:
    """Import these lines through the public APIs, as `cefo import` does, and wait until every service has caught up."""
    await _wait_for_centres(services)
    before = await emitted(services)
    headers = {"Authorization": f"Bearer {local_token(services.stack.folder)}"}
    async with httpx2.AsyncClient(timeout=600, trust_env=False, headers=headers) as client:
        started = perf_counter()
        for name, path in IMPORTS:
            await _import(client, services, path, files.get(name, []))
        await until_none(lambda: _backlog(client, services))
        seconds = perf_counter() - started
    return ImportRun(sum(map(len, files.values())), await emitted(services) - before, seconds)


async def until_none(left: Callable[[], Awaitable[int]]) -> None:
    """Poll until none are left."""
    for _ in range(60_000):
        if await left() <= 0:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("there is still a backlog after twenty minutes")


async def _wait_for_centres(services: Services) -> None:
    for name in ("intake", "scheduling", "impact"):
        await wait_for_centres(services, name)


async def _import(client: httpx2.AsyncClient, services: Services, path: str, lines: list[bytes]) -> None:
    url = f"http://127.0.0.1:{services.stack.ports[path.split('/')[1]]}{path}"
    for start in range(0, len(lines), LINES_PER_REQUEST):
        some = lines[start : start + LINES_PER_REQUEST]
        answer = await client.post(url, content=b"".join(some))
        summary: dict[str, Any] = orjson.loads(answer.content.splitlines()[-1])
        if summary.get("accepted") != len(some):
            raise RuntimeError(f"{path} took {len(some)} lines like this: {answer.content[:500]!r}")


async def _backlog(client: httpx2.AsyncClient, services: Services) -> int:
    """How many events are unsent or unread in all services; a service whose broker is away has at least one."""
    left = 0
    for name in SERVICES:
        answer = await client.get(f"http://127.0.0.1:{services.stack.ports[name]}/{name}/api/v1/backlog")
        if answer.status_code == 503:
            left += 1
            continue
        backlog = answer.raise_for_status().json()
        left += backlog["unsent"] + backlog["unread"]
    return left


async def emitted(services: Services) -> int:
    """How many events all services have emitted."""
    total = 0
    for name in SERVICES:
        async with connected(services.parts.postgres.url(f"cefo_{name}")) as store:
            total += await store.fetchval("select count(*) from outbox")
    return total


async def figures(services: Services) -> dict[str, int]:
    """Impact's counts by the keys of the brochure, read from its store."""
    async with connected(services.parts.postgres.url("cefo_impact")) as store:
        rows = await store.fetch("select measure, sum(number)::int as number from tallies group by measure")
    found = {row["measure"]: row["number"] for row in rows}
    individual = found.get("information_interviews", 0) + found.get("guidance_interviews", 0)
    return found | {"individual_interviews": individual}
