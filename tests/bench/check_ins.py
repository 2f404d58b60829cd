"""Intake in one process with its centres, and check-ins to send to it; used by rows d, e and i."""

import asyncio
from collections.abc import Sequence
from itertools import cycle
from uuid import uuid4

import orjson

from services.directory.domain.centres import CENTRES
from services.launcher.commands.client import local_token
from tests.bench.load import Answer, request
from tests.bench.parts import Services, connected

CODES = tuple(centre.code for centre in CENTRES)


async def start_intake(services: Services) -> None:
    """Start intake in its own process, with the twelve centres that the directory published."""
    services.start("intake", "directory")
    await wait_for_centres(services, "intake")
    services.stop("directory")


async def wait_for_centres(services: Services, name: str) -> None:
    """Wait until this service has processed the events of the twelve centres."""
    async with connected(services.parts.postgres.url(f"cefo_{name}")) as store:
        for _ in range(600):
            if await store.fetchval("select count(*) from centres") == len(CODES):
                return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"{name} did not process the centres within a minute")


def desk_headers(services: Services) -> dict[str, str]:
    """The headers of a front desk's own software: a token for every centre."""
    return {"Authorization": f"Bearer {local_token(services.stack.folder, 'front-desk', list(CODES))}"}


def check_ins(number: int, path: str, headers: dict[str, str]) -> list[bytes]:
    """So many check-ins with different ids, in the centres in turn. `path` ends before the id."""
    bodies = cycle([orjson.dumps({"centre": code, "area": "find-job"}) for code in CODES])
    return [request("PUT", f"{path}{uuid4()}", body, headers) for body, _ in zip(bodies, range(number), strict=False)]


def accepted(answers: Sequence[Answer]) -> list[dict[str, str]]:
    """The JSON of the answers. Raises if a request was refused."""
    refused = [answer for answer in answers if answer.status != 200]
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(answers)} were refused, the first: {refused[0].body[:300]!r}")
    return [orjson.loads(answer.body) for answer in answers]
