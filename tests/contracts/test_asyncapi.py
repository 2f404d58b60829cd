"""The AsyncAPI 3 document: valid, complete, true, and written by FastStream's own command."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512
from jsonschema import Draft7Validator, Draft202012Validator

from services.chassis.brokers.apache import ApacheBroker
from services.chassis.brokers.port import topic_settings
from services.chassis.brokers.security import ClientCertificate
from services.chassis.events.asyncapi import EventSchema, EventSpecification
from services.chassis.runtime.settings import Settings
from services.contracts import EVENTS, TOPICS
from services.contracts.cloudevents import write_event
from services.contracts.intake import VisitServed
from services.launcher.asyncapi import application
from services.launcher.catalogue import SERVICES

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(
    kafka="kafka-1:9092,kafka-2:9092",
    plaintext=("kafka",),
    partitions=6,
    replication=3,
    topic_days=30,
    backup_days=29,
)
STREAM = ApacheBroker(SETTINGS).stream("test")


def specification_of(service: str, stream: KafkaBroker = STREAM) -> EventSchema:
    specification = EventSpecification(service, {service: SERVICES[service].reactions}, stream, SETTINGS)
    return specification.to_specification()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return application(SETTINGS).schema.to_specification().to_jsonable()


@pytest.fixture(scope="module")
def asyncapi_3() -> Draft7Validator:
    """The AsyncAPI initiative's own JSON Schema, which npm brings."""
    path = ROOT / "node_modules/@asyncapi/specs/schemas/3.0.0.json"
    assert path.is_file(), f"{path} is missing; run: python -m services.chassis.web.assets"
    return Draft7Validator(json.loads(path.read_text()))


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in cast(dict[str, Any], part).items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in cast(list[Any], part):
            yield from references(value)


def resolve(document: dict[str, Any], reference: str) -> Any:
    """What a JSON pointer (RFC 6901) leads to. Raises `KeyError`."""
    assert reference.startswith("#/"), reference
    part: Any = document
    for step in reference[2:].split("/"):
        part = part[step.replace("~1", "/").replace("~0", "~")]
    return part


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert found
    for reference in found:
        assert resolve(document, reference), reference


def test_it_is_valid_asyncapi_3(document: dict[str, Any], asyncapi_3: Draft7Validator) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert [error.message for error in asyncapi_3.iter_errors(document)] == []


def test_an_operation_has_only_messages_of_its_channel(document: dict[str, Any]) -> None:
    """Which JSON Schema cannot check: https://www.asyncapi.com/docs/reference/specification/v3.0.0#operationObject."""
    for operation in document["operations"].values():
        channel = resolve(document, operation["channel"]["$ref"])
        for message in operation["messages"]:
            prefix = f"{operation['channel']['$ref']}/messages/"
            assert message["$ref"].startswith(prefix)
            assert message["$ref"].removeprefix(prefix) in channel["messages"]


def test_payloads_and_headers_are_json_schemas(document: dict[str, Any]) -> None:
    for message in document["components"]["messages"].values():
        Draft202012Validator.check_schema(message["payload"])
        Draft202012Validator.check_schema(message["headers"])
        assert message["summary"]


def test_every_event_type_has_a_sender(document: dict[str, Any]) -> None:
    sent = _messages(document, "send")
    received = _messages(document, "receive")
    for kind in EVENTS:
        if kind.startswith("cefo.desk."):
            assert kind in received, "what front desks emit is consumed"
        else:
            assert kind in sent


def test_every_service_names_the_types_it_consumes(document: dict[str, Any]) -> None:
    for service in SERVICES.values():
        consumed = {
            reference["$ref"].rpartition("/")[2]
            for name, operation in document["operations"].items()
            if name.startswith(f"{service.name}.receive.")
            for reference in operation["messages"]
        }
        assert consumed == set(service.reactions.by_type)


def test_the_key_and_the_payload_are_those_of_the_event_type(document: dict[str, Any]) -> None:
    for kind, event in EVENTS.items():
        message = document["components"]["messages"][kind]
        assert message["bindings"]["kafka"]["key"]["description"] == f"`{event.about}`"
        template = f"#/components/messages/{kind}/payload/$defs/{{model}}"
        assert message["payload"] == event.model_json_schema(ref_template=template)


def test_every_header_that_is_written_is_described(document: dict[str, Any]) -> None:
    event = VisitServed(visit_id=uuid4(), centre="huy", at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    written = write_event(
        event,
        id=uuid4(),
        time=event.at,
        sequence=100_001,
        previous=7,
        correlation_id=uuid4(),
        causation_id=uuid4(),
        traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
    )
    headers = document["components"]["messages"][event.type]["headers"]
    assert {name for name, _ in written.headers} == headers["properties"].keys()
    Draft202012Validator(headers).validate({name: (value or b"").decode() for name, value in written.headers})


def test_every_topic_has_the_settings_it_is_created_with(document: dict[str, Any]) -> None:
    assert document["channels"].keys() == TOPICS.keys() | {"cefo.desk.check-ins.centre"}
    for name, settings in topic_settings(SETTINGS.topic_days).items():
        if name in TOPICS:
            binding = document["channels"][name]["bindings"]["kafka"]
            assert (binding["topic"], binding["partitions"], binding["replicas"]) == (name, 6, 3)
            assert binding["topicConfiguration"] == {
                "cleanup.policy": [settings.get("cleanup.policy", "delete")],
                "retention.ms": int(settings["retention.ms"]),
            }


def test_what_a_centre_writes_is_a_channel_with_the_centre_in_its_address(document: dict[str, Any]) -> None:
    channel = document["channels"]["cefo.desk.check-ins.centre"]
    assert channel["address"] == "cefo.desk.check-ins.{centre}"
    assert channel["parameters"].keys() == {"centre"}
    binding = channel["bindings"]["kafka"]
    assert "topic" not in binding
    assert binding["topicConfiguration"]["retention.ms"] == 7 * 86_400_000
    received = document["operations"]["intake.receive.cefo.desk.check-ins.centre"]
    assert [resolve(document, one["$ref"]) for one in received["messages"]] == [
        {"$ref": "#/components/messages/cefo.desk.check-in.v1"}
    ]


def test_servers_are_the_bootstrap_servers_and_plaintext_is_named(document: dict[str, Any]) -> None:
    assert [server["host"] for server in document["servers"].values()] == ["kafka-1:9092", "kafka-2:9092"]
    for server in document["servers"].values():
        assert server["protocol"] == "kafka"
        assert server["description"] == "Kafka bootstrap server: no encryption, no authentication."
        assert "security" not in server
    assert "securitySchemes" not in document["components"]


def test_security_is_the_brokers(asyncapi_3: Draft7Validator) -> None:
    scram = SASLScram512("cefo", "the-password", use_ssl=True)
    schema = specification_of("plans", KafkaBroker("kafka:9093", security=scram, logger=None))
    document = schema.to_jsonable()
    server = document["servers"]["kafka"]
    assert (server["host"], server["protocol"]) == ("kafka:9093", "kafka-secure")
    assert server["description"] == "Kafka bootstrap server: TLS, SASL authentication."
    assert [resolve(document, one["$ref"]) for one in server["security"]] == [{"type": "scramSha512"}]
    assert "the-password" not in schema.to_json()
    assert [error.message for error in asyncapi_3.iter_errors(document)] == []


def test_a_certificate_is_named_as_the_servers_security(asyncapi_3: Draft7Validator) -> None:
    stream = KafkaBroker("kafka:9093", security=ClientCertificate(ssl.create_default_context()), logger=None)
    document = specification_of("plans", stream).to_jsonable()
    server = document["servers"]["kafka"]
    assert server["description"] == "Kafka bootstrap server: TLS, authentication by certificate."
    assert [resolve(document, one["$ref"]) for one in server["security"]] == [{"type": "X509"}]
    assert [error.message for error in asyncapi_3.iter_errors(document)] == []


def test_tls_alone_needs_no_security_scheme() -> None:
    broker = KafkaBroker("kafka:9093", security=BaseSecurity(use_ssl=True), logger=None)
    server = specification_of("plans", broker).to_jsonable()["servers"]["kafka"]
    assert (server["protocol"], server["description"]) == (
        "kafka-secure",
        "Kafka bootstrap server: TLS, no authentication.",
    )
    assert "security" not in server


def test_each_service_has_a_document_of_its_own(asyncapi_3: Draft7Validator) -> None:
    for service in SERVICES:
        own = specification_of(service).to_jsonable()
        for reference in references(own):
            assert resolve(own, reference)
        assert all(name.startswith(f"{service}.") for name in own["operations"])
        assert [error.message for error in asyncapi_3.iter_errors(own)] == []


def test_the_text_and_the_object_are_the_same() -> None:
    schema = specification_of("directory")
    assert json.loads(schema.to_json()) == schema.to_jsonable()


def test_faststreams_command_writes_the_platforms_document(tmp_path: Path) -> None:
    written = tmp_path / "asyncapi.json"
    command = ["-m", "faststream", "docs", "gen", "services.launcher.asyncapi:app", "--out", str(written)]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
    document = json.loads(written.read_text())
    assert document == application(Settings()).schema.to_specification().to_jsonable()
    assert document["components"]["messages"].keys() == EVENTS.keys()


def _messages(document: dict[str, Any], action: str) -> set[str]:
    return {
        reference["$ref"].rpartition("/")[2]
        for operation in document["operations"].values()
        if operation["action"] == action
        for reference in operation["messages"]
    }
