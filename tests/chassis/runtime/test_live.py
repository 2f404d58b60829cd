"""Live boards: shown at once after a change, in every replica, and without Redis in this process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Disconnected

from services.chassis.runtime import live
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import Settings
from services.chassis.web.redis_rights import RedisUser
from tests.parts import redis
from tests.parts.certificates import Authority
from tests.parts.fixtures import folder
from tests.parts.presence import REDIS
from tests.parts.redis import RedisPart, RedisServer, Tls


@asynccontextmanager
async def watching(board: Live, name: str) -> AsyncGenerator[list[int]]:
    """Counts how often the board was to be shown."""
    shown = [0]

    async def watch() -> None:
        async for _ in board.changes(name):
            shown[0] += 1

    task = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    yield shown
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(shown: list[int], number: int) -> None:
    async with asyncio.timeout(5):
        while shown[0] < number:  # noqa: ASYNC110 - no event is set
            await asyncio.sleep(0.01)


async def test_a_board_is_shown_at_once_and_after_each_change_of_its_own() -> None:
    board = Live()
    async with watching(board, "intake:huy") as shown:
        assert shown == [1]
        board.changed({"intake:mons"})
        await asyncio.sleep(0.02)
        assert shown == [1]
        for _ in range(5):
            board.changed({"intake:huy"})
        await until(shown, 2)
        await asyncio.sleep(0.02)
        assert shown == [2], "many changes at once are one"


async def test_a_board_is_read_again_even_without_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "REFRESH", 0.03)
    async with watching(Live(), "intake:huy") as shown:
        await until(shown, 3)


async def test_closing_ends_every_stream() -> None:
    board = Live()
    ended = asyncio.create_task(_all(board))
    await asyncio.sleep(0.01)
    board.close()
    async with asyncio.timeout(1):
        await ended


async def test_a_stream_ends_when_it_may_not_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HOLD_SECONDS", 0.02)
    board, allowed, asked = Live(), [True], list[bool]()

    async def holds() -> bool:
        asked.append(allowed[0])
        return allowed[0]

    async def watch() -> int:
        return len([None async for _ in board.changes("intake:huy", holds)])

    watching_one = asyncio.create_task(watch())
    await asyncio.sleep(0.1)
    assert len(asked) > 2, "asked again without a change"
    board.changed({"intake:huy"})
    await asyncio.sleep(0.01)
    allowed[0] = False
    board.changed({"intake:huy"})
    async with asyncio.timeout(1):
        assert await watching_one == 2, "the change after it is not shown"


async def _all(board: Live) -> int:
    return len([None async for _ in board.changes("intake:huy")])


async def test_replicas_share_changes_through_redis(redis_server: RedisPart) -> None:
    here, there, other = (Live(redis_server.url, [service]) for service in ("intake", "intake", "plans"))
    replicas = (here, there, other)
    carrying = [asyncio.create_task(one.run()) for one in replicas]
    try:
        async with (
            watching(there, "intake:huy") as shown,
            watching(here, "intake:huy") as own,
            watching(other, "intake:huy") as elsewhere,
        ):
            async with asyncio.timeout(5):
                while shown[0] < 2:
                    here.changed({"intake:huy"}, "intake")
                    await asyncio.sleep(0.05)
            seen = own[0]
            await asyncio.sleep(0.1)
            assert own[0] == seen, "a hint does not come back to its sender"
            assert elsewhere == [1], "another service's process is not notified"
    finally:
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        for one in replicas:
            await one.disconnect()


async def test_replicas_share_changes_over_tls_with_the_least_rights(tmp_path: Path) -> None:
    """Both sides show a certificate; a client of another authority is refused."""
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    user = " ".join(["cefo", "on", ">password", *RedisUser("cefo", ("intake", "directory")).rules])
    tls = Tls(authority.issue("server", "127.0.0.1"), authority.file, (user, "default off"))
    with folder("redis-tls") as place:
        if redis.version() is None:
            REDIS.refuse("has no TLS")
        server = RedisServer(place, tls)
        own = authority.issue("cefo")
        url = server.url.replace("//", "//cefo:password@")
        settings = Settings(
            redis=url, redis_ca_file=authority.file, redis_certificate_file=own.certificate, redis_key_file=own.key
        )
        here, there = (Live(url, ["intake"], settings.redis_options()) for _ in range(2))
        carrying = [asyncio.create_task(one.run()) for one in (here, there)]
        try:
            async with watching(there, "intake:huy") as shown, asyncio.timeout(5):
                while shown[0] < 2:
                    here.changed({"intake:huy"}, "intake")
                    await asyncio.sleep(0.05)
            other = settings.model_copy(update={"redis_ca_file": stranger.file})
            async with Redis.from_url(url, **other.redis_options()) as client:
                with pytest.raises(Disconnected, match="certificate verify failed"):
                    await client.ping()
        finally:
            for task in carrying:
                task.cancel()
            await asyncio.gather(*carrying, return_exceptions=True)
            for one in (here, there):
                await one.disconnect()
            server.stop()


async def test_a_malformed_hint_in_redis_is_ignored(redis_server: RedisPart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone may publish anything in Redis, and its client may fail with anything."""
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.05)
    here, there = (Live(redis_server.url, ["intake"]) for _ in range(2))
    carrying = [asyncio.create_task(one.run()) for one in (here, there)]
    async with Redis.from_url(redis_server.url) as anybody:
        try:
            for board, noise in (("intake:huy", None), ("intake:mons", b"no hint"), ("intake:ath", b"[1]")):
                if noise:
                    await anybody.publish("cefo.boards.intake", noise)
                async with watching(there, board) as shown, asyncio.timeout(5):
                    while shown[0] < 2:
                        here.changed({board}, "intake")
                        await asyncio.sleep(0.02)
        finally:
            for task in carrying:
                task.cancel()
            await asyncio.gather(*carrying, return_exceptions=True)
            for one in (here, there):
                await one.disconnect()


async def test_without_redis_boards_of_this_process_stay_live() -> None:
    board = Live("redis://127.0.0.1:1/0")
    carrying = asyncio.create_task(board.run())
    async with watching(board, "intake:huy") as shown:
        board.changed({"intake:huy"})
        await until(shown, 2)
    assert not carrying.done()
    carrying.cancel()  # in the two seconds before Redis is tried again
    await asyncio.wait([carrying], timeout=0.5)
    assert carrying.cancelled()
    await board.disconnect()


async def test_a_kind_of_hints_is_watched_by_name() -> None:
    noticed: list[str] = []
    hints = Live()
    hints.watch("token-uses", noticed.append)
    hints.changed({"token-uses/1", "token-uses", "intake:huy"})
    assert noticed == ["1"]
