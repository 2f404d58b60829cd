"""Intake's database is lost and restored from a backup, as docs/backups.md says; the centre goes on.

What others know of the hours in between stays counted once, what happens afterwards reaches everybody, and a person who
was erased in between stays erased.
"""

import json
import shutil
import signal
import sqlite3
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.launcher.local import LocalStack
from tests.journeys.adult import Centre, ok, settled, signed_in
from tests.journeys.stacks import Stack, ctrl_c, eventually, up
from tests.journeys.test_starts import kafka_and_store
from tests.parts.postgres import binaries
from tests.parts.process import run
from tests.parts.redis import RedisPart

pytestmark = pytest.mark.timeout(300)


@dataclass
class Site:
    """A platform whose intake can be backed up, stopped, restored and started again."""

    stack: Stack
    back_up: Callable[[], None]
    restore: Callable[[], dict[str, Any]]
    """Stop, put the backup back, run `cefo restore`, start. Returns what the command found."""


@pytest.fixture
def separate(tmp_path: Path, redis_server: RedisPart) -> Generator[Site]:
    """A process per service, on Apache Kafka and PostgreSQL."""
    with kafka_and_store() as (kafka, store):
        folder, dump, tools = tmp_path / "platform", tmp_path / "intake.dump", binaries()
        assert tools is not None
        rehearsal = {"CEFO_DEMO": "true", "CEFO_REHEARSAL_CLOCK": str(folder / "clock")}
        with LocalStack(folder, kafka, store, redis_server.url, env=rehearsal) as running:
            stack = Stack(running.url, folder, "local", kafka, running.processes)
            database, log = f"{store}/cefo_intake", tmp_path / "tools.log"

            def back_up() -> None:
                run([tools / "pg_dump", "-Fc", "-d", database, "-f", dump], log)

            def restore() -> dict[str, Any]:
                running.processes["intake"].send_signal(signal.SIGTERM)
                running.processes["intake"].wait(30)
                for command in ("drop database cefo_intake", "create database cefo_intake"):
                    run([tools / "psql", "-d", f"{store}/postgres", "-c", command], log)
                run([tools / "pg_restore", "--no-owner", "-d", database, dump], log)
                found = stack.cefo("restore", "intake", "--store", store, "--kafka", kafka, "--json")
                running.start_service("intake")
                running.wait_ready("intake")
                return json.loads(found)

            yield Site(stack, back_up, restore)
            stack.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Generator[Site]:
    """One process on SQLite and the embedded broker."""
    data, copy = tmp_path / "data", tmp_path / "intake.db"
    file = data / "stores" / "intake.db"
    data.mkdir()
    with ExitStack() as started:

        def start() -> tuple[Stack, Callable[[], None]]:
            stack, process = started.enter_context(up(tmp_path, data=data))

            def stop() -> None:
                ctrl_c(process)
                process.wait(30)

            return stack, stop

        def back_up() -> None:
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)

        def restore() -> dict[str, Any]:
            stop()
            for part in ("", "-wal", "-shm"):
                file.with_name(f"intake.db{part}").unlink(missing_ok=True)
            shutil.copy(copy, file)
            with pytest.raises(AssertionError, match=r"Lancez d’abord `cefo restore intake`"), up(tmp_path, data=data):
                pass
            found = json.loads(site.stack.cefo("restore", "intake", "--consents", "keep", "--json"))
            site.stack, _ = start()
            site.stack.cefo("republish")
            return found

        stack, stop = start()
        site = Site(stack, back_up, restore)
        yield site


def story(site: Site, lost: set[str]) -> None:
    """A morning with a lost database. `lost`: the types of events that the command must find."""
    settled(site.stack)  # the centres are known
    centre = Centre(site.stack)
    waits, talks = centre.walks_in("find-job"), centre.walks_in("find-job")
    person = centre.agrees_to_be_known(centre.walks_in("find-job"))["subject_ref"]
    eventually(centre.figures, lambda seen: seen["visitors"] == 3)
    site.back_up()

    ok(centre.desk.post(f"/intake/api/v1/visits/{waits}/call", json={"desk": "desk-1"}))
    gone = centre.walks_in("find-job")
    late = centre.agrees_to_be_known(centre.walks_in("find-job"))["subject_ref"]
    assert centre.region.delete(f"/intake/api/v1/visitors/{person}").status_code == 204
    eventually(centre.figures, lambda seen: seen["visitors"] == 5)
    found = site.restore()

    assert found["complete"] is bool(lost)
    assert lost <= {one["type"] for one in found["lost"]}
    centre = Centre(site.stack)
    assert centre.desk.get(f"/intake/api/v1/visits/{gone}").status_code == 404
    assert centre.desk.get(f"/intake/api/v1/visitors/{person}/link").status_code == 404
    had = site.stack.cefo("erase", late, "--unknown")
    assert "scheduling : données effacées" in had, "who registered after the backup"
    for visit in (waits, talks):  # both go through scheduling and come back
        centre.talks(visit)
    centre.walks_in("find-job")
    assert eventually(centre.figures, lambda seen: seen["individual_interviews"] == 2 and seen["visitors"] == 6)
    operator = signed_in(site.stack, "exploitation")
    for service in ("scheduling", "plans", "impact"):
        assert ok(operator.get(f"/{service}/api/v1/dead-letters")) == []


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_dump_of_one_service_is_restored_while_the_others_run(separate: Site) -> None:
    story(separate, {f"cefo.intake.{what}.v1" for what in ("visit-called", "visit-checked-in", "subject-erased")})


def test_a_copy_of_a_file_is_restored_on_the_embedded_stack(embedded: Site) -> None:
    story(embedded, set())
