"""Limits of requests: by account or address, for all processes together or each, and never without one."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis

from services.chassis.identity.tokens import Signer
from services.chassis.refusals import TooManyRequests
from services.chassis.runtime.settings import Settings
from services.chassis.testing import Client, client_of, quiet_settings
from services.chassis.web import limits
from services.chassis.web.limits import Limits
from tests.chassis.conftest import DESK, OPERATOR
from tests.chassis.sample_service import service
from tests.parts.redis import RedisPart
from tests.parts.served import served

FOUND, OPENED = "/sample/api/v1/found", "/sample/opened"
ADDRESS = "address 198.51.100.7"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[Client]:
    """A browser of a process that answers two searches and two openings an hour."""
    settings = quiet_settings(tmp_path, limit_search="2/hour", limit_link="2/hour", proxies=("192.0.2.1",))
    async with client_of(service(tmp_path), tmp_path, settings=settings) as made:
        yield made


def limits_of_two(redis: Any = None, key: str = "k" * 32) -> Limits:
    settings = Settings(limit_sign_in="2/hour", limit_check_in="2/hour")
    return Limits(settings, Signer(key, 1), redis)


async def test_one_request_too_many_is_refused_until_the_window_ends(client: Client) -> None:
    for _ in range(2):
        assert (await client.get(FOUND)).status_code == 200
    refused = await client.get(FOUND, headers={"accept-language": "fr"})
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
    assert refused.json()["detail"].startswith("Trop de demandes")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert (await client.post(OPENED)).status_code == 200, "another limit"


async def test_a_browser_gets_a_page_also_for_a_form(client: Client) -> None:
    headers = {"accept": "text/html", "accept-language": "en"}
    for _ in range(2):
        await client.post(OPENED)
    refused = await client.post(OPENED, headers=headers)
    assert refused.status_code == 429
    assert "Too many requests in a short time" in refused.text
    assert "retry-after" in refused.headers


async def test_each_account_has_its_own_limit_where_people_are_signed_in(client: Client) -> None:
    answers = [
        [(await client.signed_in(person).get(FOUND)).status_code for _ in range(3)] for person in (DESK, OPERATOR, None)
    ]
    assert answers == [[200, 200, 429]] * 3


async def test_what_can_be_guessed_is_counted_by_address_whoever_is_signed_in(client: Client) -> None:
    assert [(await client.signed_in(who).post(OPENED)).status_code for who in (DESK, OPERATOR, None)] == [200, 200, 429]


async def test_only_a_named_proxy_may_name_the_address(tmp_path: Path) -> None:
    for proxies, expected in ((("192.0.2.1",), [200, 200, 429]), (("127.0.0.0/8",), [200, 200, 200])):
        place = tmp_path / proxies[0].replace("/", "-")
        settings = quiet_settings(place, limit_search="2/hour", proxies=proxies)
        async with (
            client_of(service(place), place, settings=settings) as made,
            served(made.process) as url,
            httpx2.AsyncClient(trust_env=False) as reader,
        ):
            answers = [
                (await reader.get(url + FOUND, headers={"x-forwarded-for": f"198.51.100.{number}"})).status_code
                for number in range(3)
            ]
        assert answers == expected


async def test_a_network_of_one_subscriber_is_one_reader(client: Client) -> None:
    transport = [
        httpx2.ASGITransport(app=client.process, client=(host, 1))  # pyright: ignore[reportArgumentType]
        for host in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:0:1::", "2001:db8:0:1::1")
    ]
    answers: list[int] = []
    for one in transport:
        async with httpx2.AsyncClient(transport=one, base_url="http://cefo.test") as reader:
            answers.append((await reader.get(FOUND)).status_code)
    assert answers == [200, 200, 429, 200]


async def test_processes_count_together_in_redis_without_keeping_an_address(redis_server: RedisPart) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
        here, there = limits_of_two(client), limits_of_two(client)
        for one in (here, there):
            await one.count("sign-in", ADDRESS)
            await one.count("check-in", "account 1")  # counted by each
        with pytest.raises(TooManyRequests):
            await here.count("sign-in", ADDRESS)
        await there.count("sign-in", "address 198.51.100.8")
        await there.count("check-in", "account 1")
        keys = [str(key) for key in await client.keys("*")]
        assert len(keys) == 2
        assert not [key for key in keys if "cefo:limits" not in key or "198" in key]
        assert all([0 < await client.ttl(key) <= 3600 for key in await client.keys("*")])


async def test_without_redis_a_process_counts_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(limits, "monotonic", lambda: asked.append(0) or 100.0)
    async with Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        counted = limits_of_two(nobody)
        await counted.count("sign-in", ADDRESS)
        await counted.count("sign-in", ADDRESS)
        with pytest.raises(TooManyRequests):
            await counted.count("sign-in", ADDRESS)


async def test_redis_is_left_alone_after_it_did_not_answer(
    redis_server: RedisPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(limits, "monotonic", lambda: now[0])
    monkeypatch.setattr(limits, "REDIS_SECONDS", 0)
    async with Redis.from_url(redis_server.url) as client:
        counted = limits_of_two(client)
        for _ in range(2):
            await counted.count("sign-in", ADDRESS)
        monkeypatch.setattr(limits, "REDIS_SECONDS", 5)
        await client.flushall()
        with pytest.raises(TooManyRequests):  # counted here: Redis knows of none
            await counted.count("sign-in", ADDRESS)
        now[0] += limits.PAUSE_SECONDS
        await counted.count("sign-in", ADDRESS)
