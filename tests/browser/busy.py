"""Makes the morning a busy one: the season of 2017 behind it, years of lists, and 200 people in the waiting room."""

import asyncio
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.launcher.catalogue import SERVICES
from tests.browser.morning import Morning
from tests.journeys.adult import Centre, ok
from tests.journeys.stacks import Stack
from tests.queries.filled import fill

WAITING = 200
ROWS = 2_000
"""Rows of every table that grows: twelve centres, ten years."""
NEEDS = ("find-job", "choose-path", "select-training", "create-business")


def make_busy(lived: Morning, folder: Path) -> None:
    """Fill the lists, import and publish the season, and check the visitors in."""
    asyncio.run(_fill_lists(lived.stack.data))
    season = str(folder / "season")
    lived.stack.cefo("season", "2017", "--out", season)
    lived.stack.cefo("import", season)
    # The filled tables also say that the store was restored.
    lived.stack.cefo("publish", "--from", "2017-01", "--to", "2017-09", "--after-restore")
    _fill_the_room(lived.stack)


async def _fill_lists(data: Path) -> None:
    for name, service in SERVICES.items():
        store = Store(Settings(data=data).store_url(name), name, service.metadata)
        try:
            await fill(store, ROWS)
        finally:
            await store.close()


def _fill_the_room(stack: Stack) -> None:
    desk = Centre(stack).desk
    for nth, area in enumerate(islice(cycle(NEEDS), WAITING)):
        body = {"centre": "liege", "area": area, "other_areas": [NEEDS[nth % 3]] if nth % 5 == 0 else []}
        visit = ok(desk.put(f"/intake/api/v1/visits/{uuid4()}", json=body))
        if nth % 40 == 3:
            ok(desk.post(f"/intake/api/v1/visits/{visit['id']}/call", json={"desk": f"desk-{nth % 3 + 1}"}))
