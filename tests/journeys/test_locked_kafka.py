"""The platform on a Kafka with locks: each service has its own user, and may do what it needs and nothing else."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)
from confluent_kafka import admin
from typer.testing import CliRunner

from services.chassis.brokers import broker_of, port
from services.chassis.brokers.security import client_options
from services.chassis.runtime.clock import system_clock
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import Settings
from services.chassis.testing import quiet_settings, record_of
from services.chassis.web.app import Process
from services.contracts.cloudevents import Record
from services.contracts.intake import DeskCheckIn, VisitServed
from services.launcher.catalogue import SERVICES
from services.launcher.commands.app import app
from services.launcher.kafka import ApacheKafka, JarsNotCopied, Locks
from services.launcher.kafka.locks import ADMIN
from tests.conformance.sample import eventually
from tests.parts.certificates import Authority
from tests.parts.fixtures import folder
from tests.parts.presence import KAFKA

pytestmark = pytest.mark.kafka

DESK, GATEWAY, PARTNER = "cefo-desk-liege-kiosk-1", "cefo-gateway", "cefo-partner-cdm-liege"
USERS = [*(f"cefo-{name}" for name in SERVICES), DESK, GATEWAY, PARTNER]
VISITS, CHECK_INS = "cefo.intake.visits", "cefo.desk.check-ins"


def mechanism_of(user: str) -> str:
    """How this user proves the password, as confluent-kafka names it."""
    return "SCRAM_SHA_256" if user == "cefo-intake" else "SCRAM_SHA_512"


class LockedKafka:
    """A cluster with locks, a user for everyone, and the rights that `cefo kafka acls` gives them."""

    def __init__(self, cluster: ApacheKafka, place: Path) -> None:
        self._place = place
        authority = Authority(place)
        files = authority.issue(ADMIN, "127.0.0.1")
        locks = Locks(authority.file, files.certificate, files.key)
        self.bootstrap = cluster.start(1, place / "cluster", locks=locks)
        self.admin = {
            "CEFO_KAFKA": cluster.admin,
            "CEFO_KAFKA_SECURITY": "tls",
            "CEFO_KAFKA_CA_FILE": str(locks.ca),
            "CEFO_KAFKA_CERTIFICATE_FILE": str(locks.certificate),
            "CEFO_KAFKA_KEY_FILE": str(locks.key),
        }
        scram: Any = admin
        client = scram.AdminClient({"bootstrap.servers": cluster.admin, **locks.client})
        answers = client.alter_user_scram_credentials(
            [
                scram.UserScramCredentialUpsertion(
                    user,
                    scram.ScramCredentialInfo(scram.ScramMechanism[mechanism_of(user)], 4096),
                    self.password(user).encode(),
                )
                for user in USERS
            ]
        )
        for answer in answers.values():
            answer.result(20)

    def password(self, user: str) -> str:
        return f"the password of {user}"

    def denied(self) -> list[str]:
        """What the authorizer denied so far, as the node's log says it."""
        log = (self._place / "cluster" / "node-1" / "server.log").read_text()
        return [line for line in log.splitlines() if "is Denied" in line]

    def settings(self, user: str, **more: Any) -> Settings:
        """The settings with which this user connects."""
        (self._place / user).mkdir(exist_ok=True)
        file = self._place / user / "password"
        file.write_text(self.password(user))
        chosen = {
            "kafka": self.bootstrap,
            "kafka_security": "sasl_tls",
            "kafka_ca_file": self._place / "authority.pem",
            "kafka_user": user,
            "kafka_password_file": file,
            "kafka_mechanism": mechanism_of(user).lower().replace("_", "-"),
        }
        return quiet_settings(self._place, **chosen | more)

    def options(self, user: str, **more: Any) -> dict[str, Any]:
        """The options with which a client of this user connects."""
        return client_options(self.settings(user, **more), user)


@pytest.fixture(scope="module")
def locked() -> Generator[LockedKafka]:
    with folder("locked-kafka") as place, ApacheKafka() as cluster:
        with KAFKA.starting():
            try:
                cluster.libs()
            except JarsNotCopied as error:
                KAFKA.refuse(str(error))
            made = LockedKafka(cluster, place)
        given = ("--device", "liege:kiosk-1", "--gateway", "--partner", "cdm-liege", "--apply")
        answer = CliRunner().invoke(app, ["kafka", "acls", *given], env=made.admin)
        assert answer.exit_code == 0, answer.output
        yield made


@asynccontextmanager
async def platform(locked: LockedKafka) -> AsyncGenerator[dict[str, Process]]:
    """The five services, each with its own user and broker."""
    processes: dict[str, Process] = {}
    for name, service in SERVICES.items():
        settings = locked.settings(f"cefo-{name}", round_seconds=0.5)
        processes[name] = Process([service], settings, broker_of(settings), live=Live(), clock=system_clock)
    try:
        for process in processes.values():  # migrations of one process run one after the other
            await process.start()
        yield processes
    finally:
        await asyncio.gather(*(process.stop() for process in processes.values()))


async def send(options: dict[str, Any], record: Record) -> None:
    """Send one record. Raises what the broker answered."""
    producer = cast(Any, AIOKafkaProducer(**options, acks="all", enable_idempotence=False))
    try:
        async with asyncio.timeout(30):
            await producer.start()
            await producer.send_and_wait(record.topic, record.value, key=record.key, headers=record.headers)
    finally:
        await producer.stop()


async def read(options: dict[str, Any], topic: str, group: str | None = None) -> int:
    """How many records of a topic its first poll returns, in this group or without one. Raises the broker's answer."""
    consumer = cast(Any, AIOKafkaConsumer(**options, group_id=group, auto_offset_reset="earliest"))
    try:
        consumer.subscribe([topic]) if group else consumer.assign([TopicPartition(topic, n) for n in range(3)])
        async with asyncio.timeout(30):
            await consumer.start()
            return sum(map(len, (await consumer.getmany(timeout_ms=5000)).values()))
    finally:
        await consumer.stop()


def check_in(centre: str, topic: str, source: str = "/desks/liege/kiosk-1") -> Record:
    event = DeskCheckIn(visit_id=uuid4(), centre=centre, at=system_clock())
    return record_of(event, None, source=source)._replace(topic=topic)


async def test_an_event_goes_from_a_desk_to_the_figures_with_the_least_rights(
    locked: LockedKafka,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(port, "METADATA_MS", 500)
    caplog.set_level(logging.DEBUG)
    async with platform(locked) as processes:

        async def ready() -> bool:
            states = [await process.runtimes[0].ready() for process in processes.values()]
            return all(all(state.values()) for state in states)

        await eventually(ready, within=60)

        async def desk_writes() -> bool:
            """Its topic is created once the centre is known."""
            try:
                await send(locked.options(DESK), check_in("liege", f"{CHECK_INS}.liege"))
            except KafkaError:
                return False
            return True

        await eventually(desk_writes, within=60)
        await send(locked.options(GATEWAY), check_in("namur", CHECK_INS, "/gateway"))
        impact = processes["impact"].runtimes[0]
        inbox = impact.store.table("inbox")

        async def counted() -> bool:
            async with impact.store.read() as session:
                rows = (await session.execute(inbox.select().where(inbox.c.source == "/intake"))).all()
            return len(rows) >= 2

        await eventually(counted, within=60)
        assert impact.rebuilding is not None
        await impact.rebuilding.start("test")  # reads where topics begin and end, and the group's offsets

        async def rebuilt() -> bool:
            return impact.rebuilding is not None and (await impact.rebuilding.progress()).completed_at is not None

        await eventually(rebuilt, within=60)
        # A record that cannot be read: intake may write its dead letter.
        await send(locked.options(DESK), check_in("namur", f"{CHECK_INS}.liege"))
        intake = processes["intake"].runtimes[0]
        outbox = intake.store.table("outbox")

        async def dead_letter_sent() -> bool:
            chosen = outbox.select().where(outbox.c.topic == f"{CHECK_INS}.dead-letters", outbox.c.sent_at.is_not(None))
            async with intake.store.read() as session:
                return len((await session.execute(chosen)).all()) == 1

        await eventually(dead_letter_sent, within=60)
        # The desk's first tries came before its topic; nothing that a service wanted was refused.
        assert [line for line in locked.denied() if DESK not in line] == []
    assert await read(locked.options(PARTNER), "cefo.directory.centres", "partner.cdm-liege.reader") > 0
    printed = capfd.readouterr()
    logged = caplog.text + printed.out + printed.err
    assert "cefo.intake" in logged
    assert [name for name in SERVICES if locked.password(f"cefo-{name}") in logged] == []


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("cefo-impact", VISITS),
        ("cefo-plans", "cefo.directory.centres"),
        ("cefo-intake", f"{CHECK_INS}.liege"),
        (DESK, f"{CHECK_INS}.namur"),
        (DESK, CHECK_INS),
        (DESK, VISITS),
        (GATEWAY, f"{CHECK_INS}.liege"),
        (PARTNER, "cefo.directory.referral-events"),
    ],
)
async def test_nobody_writes_where_they_have_no_right(locked: LockedKafka, user: str, topic: str) -> None:
    served = record_of(VisitServed(visit_id=uuid4(), centre="liege", at=system_clock()), 1)
    with pytest.raises(TopicAuthorizationFailedError):
        await send(locked.options(user), served._replace(topic=topic))
    assert f"User:{user} " in locked.denied()[-1]


@pytest.mark.parametrize(
    ("user", "topic", "group", "refusal"),
    [
        (PARTNER, VISITS, None, TopicAuthorizationFailedError),
        (PARTNER, "cefo.directory.referrals", "partner.cdm-liege.reader", TopicAuthorizationFailedError),
        (PARTNER, "cefo.directory.centres", "cefo.intake", GroupAuthorizationFailedError),
        (PARTNER, "cefo.directory.centres", "partner.cdm-namur.reader", GroupAuthorizationFailedError),
        ("cefo-impact", "cefo.directory.accounts", "cefo.plans", GroupAuthorizationFailedError),
        ("cefo-impact", CHECK_INS, "cefo.impact", TopicAuthorizationFailedError),
        (DESK, f"{CHECK_INS}.liege", None, TopicAuthorizationFailedError),
    ],
)
async def test_nobody_reads_where_they_have_no_right(
    locked: LockedKafka, user: str, topic: str, group: str | None, refusal: type[KafkaError]
) -> None:
    with pytest.raises(refusal):
        await read(locked.options(user), topic, group)


async def test_who_cannot_prove_a_user_does_not_come_in(locked: LockedKafka, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("guess")
    with pytest.raises((SaslAuthenticationFailed, KafkaConnectionError)):
        await read(locked.options(PARTNER, kafka_password_file=tmp_path / "wrong"), "cefo.directory.centres")
    with pytest.raises(KafkaConnectionError):
        await read({"bootstrap_servers": locked.bootstrap}, "cefo.directory.centres")
    other = Authority(tmp_path)
    with pytest.raises(KafkaConnectionError):
        await read(locked.options(PARTNER, kafka_ca_file=other.file), "cefo.directory.centres")


KAFKA_FIELDS = {"kafka", "kafka_security", "kafka_ca_file", "kafka_user", "kafka_password_file", "kafka_mechanism"}


def test_rights_are_given_by_an_administrator_only(locked: LockedKafka) -> None:
    fields = locked.settings("cefo-impact").model_dump(include=KAFKA_FIELDS)
    environment = {f"CEFO_{name.upper()}": str(value) for name, value in fields.items()}
    answer = CliRunner().invoke(app, ["kafka", "acls", "--service", "impact", "--apply"], env=environment)
    assert answer.exit_code == 1
    assert "Kafka n’a pas pris ces droits" in str(answer.exception)
