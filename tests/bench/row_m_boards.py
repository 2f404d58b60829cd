"""Two hundred live boards of one centre on one process: how soon a check-in is on all, and what they take of memory.

Intake in its own process on PostgreSQL; eighty desks and sixty walls in four languages, and sixty tickets' pages, with
fifteen people in the room. A round checks visitors in, and gives each priority, which changes every page. The figures
are those of the slowest board, from the sending of the request.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from urllib.parse import urlsplit
from uuid import uuid4

import orjson

from services.launcher.commands.client import local_token
from tests.bench.check_ins import CODES, accepted, desk_headers, start_intake
from tests.bench.load import Connection, request, send_all
from tests.bench.measuring import Row, Size, row
from tests.bench.parts import Services, fresh_parts

CENTRE = CODES[0]
LANGUAGES = ("fr", "de", "nl", "en")
API = "/intake/api/v1/visits"
ROOM = 15
"""People in the room before a round."""
QUIET_SECONDS = 0.1
"""Between the last board's answer to a change and the next change."""


END = b"\r\n\r\n\r\n"
"""Of a chunk with an event: the event's own end, then the chunk's."""


class Board(asyncio.Protocol):
    """One open stream: what it showed last, and when. It copies bytes and no more, as the boards share the cores."""

    def __init__(self, path: str, token: str | None) -> None:
        self.path = path
        self.shown = b""
        self.at = 0.0
        self._token = token
        self._received = bytearray()
        self._transport: asyncio.BaseTransport | None = None

    async def open(self, port: int) -> None:
        """Connect, and ask for the stream."""
        signed = f"Authorization: Bearer {self._token}\r\n" if self._token else ""
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        transport.write(f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{signed}\r\n".encode())
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of the protocol: an event, or a piece of one."""
        self._received += data
        if self._received.endswith(END):
            if b"data: " in self._received:
                self.shown, self.at = bytes(self._received), perf_counter()
            self._received.clear()

    def close(self) -> None:
        """Disconnect."""
        if self._transport is not None:
            self._transport.close()


async def check_in(connection: Connection, headers: dict[str, str]) -> dict[str, str]:
    """One more person in the room."""
    body = orjson.dumps({"centre": CENTRE, "area": "find-job"})
    answer = await connection.send(request("PUT", f"{API}/{uuid4()}", body, headers))
    return accepted([answer])[0]


async def seconds_until(started: float, boards: list[Board], shows: Callable[[Board], bool]) -> float:
    """How long after this time the last of these boards shows it."""
    async with asyncio.timeout(30):
        while not all(map(shows, boards)):  # noqa: ASYNC110 - the readers are other tasks
            await asyncio.sleep(0.005)
    return max(board.at for board in boards) - started


async def ours(services: Services, boards: list[Board], changes: int) -> tuple[float, float, float]:
    """Milliseconds until the slowest check-in is on all desks and walls, and a changed order on all pages.

    Then those that a core works for a change.
    """
    before, headers = services.core_seconds("intake"), desk_headers(services)
    check_ins, orders = list[float](), list[float]()
    connection = await Connection.open(services.stack.ports["intake"])

    async def step(visit: str, name: str, **body: str) -> None:
        sent = request("POST", f"{API}/{visit}/{name}", orjson.dumps(body), headers)
        accepted([await connection.send(sent)])

    lists = [board for board in boards if "/t/" not in board.path]
    for _ in range(changes):
        started = perf_counter()
        visit = await check_in(connection, headers)
        check_ins.append(
            await seconds_until(started, lists, lambda board, new=visit["ticket"]: new.encode() in board.shown)
        )
        await asyncio.sleep(QUIET_SECONDS)
        started = perf_counter()
        await step(visit["id"], "priority", priority="appointment")
        orders.append(await seconds_until(started, boards, lambda board, since=started: board.at > since))
        await asyncio.sleep(QUIET_SECONDS)
        started = perf_counter()
        await step(visit["id"], "leave")
        await seconds_until(started, boards, lambda board, since=started: board.at > since)
        await asyncio.sleep(QUIET_SECONDS)
    connection.close()
    worked = services.core_seconds("intake") - before
    return max(check_ins) * 1000, max(orders) * 1000, worked * 1000 / (3 * changes)


def all_boards(services: Services, tickets: list[str], number: int) -> list[Board]:
    """So many boards: desks, walls and tickets' pages."""
    token = local_token(services.stack.folder, "front-desk", [CENTRE])
    pages = tickets[: number * 3 // 10]
    walls = number * 3 // 10
    desks = number - walls - len(pages)
    return [
        *(Board(f"/intake/desk/{CENTRE}/stream?lang={LANGUAGES[nth % 4]}", token) for nth in range(desks)),
        *(Board(f"/intake/waiting-room/{CENTRE}/stream?lang={LANGUAGES[nth % 4]}", None) for nth in range(walls)),
        *(Board(f"{urlsplit(page).path}/stream", None) for page in pages),
    ]


async def measure(size: Size) -> list[Row]:
    """Measure four rows."""
    number, changes = size.of(200, 20), size.of(10, 1)
    times: list[tuple[float, float, float]] = []
    with fresh_parts() as parts, Services(parts) as services:
        await start_intake(services)
        port, headers = services.stack.ports["intake"], desk_headers(services)
        body = orjson.dumps({"centre": CENTRE, "area": "find-job"})
        waiting = [request("PUT", f"{API}/{uuid4()}", body, headers) for _ in range(ROOM)]
        tickets = [visit["ticket_page"] for visit in accepted((await send_all(port, waiting, 1)).answers)]
        boards = all_boards(services, tickets * number, number)
        for one in boards[::7]:  # what one board needs is there before
            await one.open(port)
        for one in boards[::7]:
            one.close()
        await asyncio.sleep(1)
        before = services.peak_memory()["intake"]
        for one in boards:
            await one.open(port)
        await seconds_until(0, boards, lambda board: board.shown != b"")
        for _ in range(size.rounds):
            times.append(await ours(services, boards, changes))
        grown = (services.peak_memory()["intake"] - before) / 1024
        for one in boards:
            one.close()
    what = f"{number} live boards of one centre on one process"
    slowest = f"{what} (slowest of {changes} a round)"
    measured = (
        ("check-in", f"a check-in is on all: {slowest}", "ms", [one for one, _, _ in times], 300),
        ("order", f"a changed order is on all: {slowest}", "ms", [one for _, one, _ in times], 300),
        (
            "core",
            f"what the process works for a change that is on all: {what}",
            "ms of a core",
            [one for _, _, one in times],
            100,
        ),
        ("memory", f"memory that the process needs more: {what}", "MiB", [grown], 100),
    )
    return [
        row(f"m-{name}", title, unit, ours=ours, target=most, better="at most", absolute=True)
        for name, title, unit, ours, most in measured
    ]
