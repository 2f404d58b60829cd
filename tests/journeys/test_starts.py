"""`cefo up` in one process: on each kind of parts it serves people, ends at Ctrl-C, and has yesterday's data again."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from services.launcher.kafka import ApacheKafka
from tests.journeys.adult import Centre
from tests.journeys.stacks import Stack, ctrl_c, eventually, up
from tests.parts.fixtures import folder, postgres_in
from tests.parts.presence import KAFKA
from tests.parts.redis import RedisPart

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("started_cold")]


def visitors(stack: Stack) -> int:
    """How many people came, around today."""
    today = Centre(stack).now().date()
    days = ("--from", str(today - timedelta(days=1)), "--to", str(today + timedelta(days=1)))
    return json.loads(stack.cefo("figures", *days, "--json"))["visitors"]


def one_more_each_time(home: Path, *parts: str) -> None:
    """Start twice on the same data; one person walks in each time, while a live board is open."""
    for count in (1, 2):
        with up(home, *parts) as (stack, process):
            board = "/intake/waiting-room/liege/stream"
            with stack.browse().stream("GET", board) as live:
                assert live.status_code == 200
                Centre(stack).walks_in("find-job")
                assert eventually(partial(visitors, stack), count.__le__) == count
                ctrl_c(process)
                assert process.wait(60) == 0
                assert "cefo est arrêté." in (home / "up.log").read_text()


def test_on_nothing_but_python_it_ends_within_five_seconds(tmp_path: Path) -> None:
    with up(tmp_path) as (stack, process), stack.browse().stream("GET", "/intake/waiting-room/liege/stream") as live:
        assert live.status_code == 200
        ctrl_c(process)
        assert process.wait(5) == 0
    one_more_each_time(tmp_path)


@pytest.mark.kafka
def test_local_kafka_is_started_and_stopped_with_it(tmp_path: Path) -> None:
    with KAFKA.starting():
        ApacheKafka.libs()
    one_more_each_time(tmp_path, "--kafka", "apache")


@pytest.mark.kafka
@pytest.mark.postgres
def test_all_five_services_live_in_one_process_on_parts_that_are_there(tmp_path: Path, redis_server: RedisPart) -> None:
    with kafka_and_store() as (kafka, store):
        one_more_each_time(tmp_path, "--kafka", kafka, "--store", store, "--redis", redis_server.url)


@contextmanager
def kafka_and_store() -> Generator[tuple[str, str]]:
    """A broker and a store that nobody else uses: `cefo up` names its topics and databases itself."""
    with folder("starts-kafka") as place, folder("starts-postgres") as home, ApacheKafka() as cluster:
        with KAFKA.starting():
            cluster.start(1, place)
        with postgres_in(home) as server:
            yield cluster.bootstrap, server.url().rsplit("/", 1)[0]
