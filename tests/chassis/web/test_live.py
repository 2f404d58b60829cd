"""Streams: of changes for programs, of boards for pages; and that both end with the sign-in."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request

from services.chassis.copies import accounts
from services.chassis.identity import tokens
from services.chassis.runtime import live
from services.chassis.testing import Client, FixedClock
from services.chassis.web import PAGE, Board, Change, live_board, live_changes
from services.chassis.web.security import Known, RequestIdentity
from services.contracts.accounts import AccountStatus
from tests.chassis.conftest import DESK
from tests.chassis.web.test_sign_in import publish, token

TEMPLATES = {"board": "{{ lang }} {{ people }}{{ mine }}"}


def identity_of(client: Client, text: str | None) -> RequestIdentity:
    signer = client.process.signer
    token = signer.verify(text) if text else None
    return RequestIdentity([token] if token else [], signer, Known(client.runtime.accounts))


def a_request(app: Starlette, identity: RequestIdentity) -> Request:
    app.state.site = SimpleNamespace(templates=Environment(loader=DictLoader(TEMPLATES), autoescape=True))
    state = {"identity": identity, "lang": "fr"}
    return Request({"type": "http", "headers": [], "query_string": b"", "app": app, "state": state})


async def test_changes_are_read_page_by_page_while_pages_are_full(client: Client) -> None:
    app = Starlette()
    app.state.runtime = client.runtime
    pages, asked = [PAGE, PAGE, 1], list[str | None]()

    async def since(_session: AsyncSession, last: str | None) -> list[Change]:
        asked.append(last)
        first = int(last or 0) + 1
        return [Change(str(number), {}) for number in range(first, first + pages.pop(0))]

    stream: Any = live_changes(a_request(app, identity_of(client, None)), "board", since)
    seen = 0
    async for _ in stream.body_iterator:
        seen += 1
        if seen == 2 * PAGE + 1:
            client.process.live.close()
    assert (seen, asked) == (2 * PAGE + 1, [None, str(PAGE), str(2 * PAGE)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream asks often, and nothing is cached, so that a test need not wait."""
    monkeypatch.setattr(live, "HOLD_SECONDS", 0.02)
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 0.0)


def test_a_sign_in_that_is_ended_ends_its_streams_within_five_seconds() -> None:
    """What is cached, and then the time until a stream asks again; the event itself takes less than a second."""
    assert accounts.CACHE_SECONDS + live.HOLD_SECONDS <= 4


@pytest.mark.parametrize("ended", [{"status": AccountStatus.INACTIVE}, {"roles": ["counsellor"]}, "sign-in"], ids=str)
@pytest.mark.usefixtures("quick")
async def test_a_stream_ends_with_its_sign_in(client: Client, clock: FixedClock, ended: Any) -> None:
    app = Starlette()
    app.state.runtime = client.runtime
    mine = token(clock)
    await publish(client.store)
    identity = identity_of(client, client.process.signer.sign(mine))
    assert await identity.load() is not None
    other = identity_of(client, client.process.signer.session(DESK))
    await other.load()
    mine_open, other_open = (asyncio.create_task(watched(a_request(app, one))) for one in (identity, other))
    await asyncio.sleep(0.1)
    assert not mine_open.done()
    await publish(client.store, 2, **({"ended_sign_ins": [mine.sign_in]} if ended == "sign-in" else ended))
    async with asyncio.timeout(5):
        assert await mine_open == ["fr nobody"]
    client.process.live.changed({"board"})
    assert not other_open.done()
    client.process.live.close()
    assert await other_open == ["fr nobody"]


@pytest.mark.usefixtures("quick")
async def test_a_stream_ends_when_its_token_expires(
    client: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Starlette()
    app.state.runtime = client.runtime
    await publish(client.store)
    signer = client.process.signer
    identities = [identity_of(client, text) for text in (signer.sign(token(clock)), signer.session(DESK))]
    for one in identities:
        await one.load()
    streams = [asyncio.create_task(watched(a_request(app, one))) for one in identities]
    await asyncio.sleep(0.1)
    assert not any(stream.done() for stream in streams)
    clock.forward(hours=2)
    monkeypatch.setattr(tokens, "time", lambda: 1e12)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*streams) == [["fr nobody"], ["fr nobody"]]


async def nobody(_session: AsyncSession) -> dict[str, Any]:
    return {"people": "nobody"}


async def watched(request: Request) -> list[str]:
    """What a stream showed until it ended."""
    stream: Any = live_board(request, Board("board", "board", nobody))
    return [data_of(event) async for event in stream.body_iterator]


def data_of(event: bytes) -> str:
    (line,) = (line for line in event.decode().splitlines() if line.startswith("data: "))
    return line[6:]


@pytest.mark.usefixtures("quick")
async def test_equal_values_are_rendered_once_and_one_language_is_not_another(client: Client) -> None:
    app = Starlette()
    app.state.runtime = client.runtime
    reads, people = list[int](), ["Ada"]

    async def read(_session: AsyncSession) -> dict[str, Any]:
        reads.append(1)
        return {"people": people[-1]}

    board = Board("board", "board", read)
    seen: dict[tuple[str, str], list[bytes]] = {}

    async def watch(lang: str, mine: str) -> None:
        request = a_request(app, identity_of(client, None))
        request.state.lang = lang
        stream: Any = live_board(request, board, lambda found: {"mine": mine})
        seen[lang, mine] = shown = []
        async for event in stream.body_iterator:
            shown.append(event)

    tasks = [asyncio.create_task(watch(lang, mine)) for lang in ("fr", "de") for mine in ("", "!")]
    tasks.append(asyncio.create_task(watch("fr", "")))
    await asyncio.sleep(0.1)
    for people_now in ("Ada, Bo", "Ada, Bo"):
        people.append(people_now)
        client.process.live.changed({"board"})
        await asyncio.sleep(0.1)
    client.process.live.close()
    await asyncio.gather(*tasks)
    assert sum(reads) == 3
    texts = {key: [data_of(event) for event in events] for key, events in seen.items()}
    assert texts == {
        (lang, mine): [f"{lang} Ada{mine}", f"{lang} Ada, Bo{mine}"] for lang in ("fr", "de") for mine in ("", "!")
    }, "what did not change is not sent again"
