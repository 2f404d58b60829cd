"""The AsyncAPI 3 document: well formed, complete, and true."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from services.chassis.events.asyncapi import asyncapi_document
from services.contracts import EVENTS
from services.launcher.catalogue import SERVICES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi_document({name: service.reactions for name, service in SERVICES.items()})


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


def test_it_has_the_structure_of_asyncapi_3(document: dict[str, Any]) -> None:
    """https://www.asyncapi.com/docs/reference/specification/v3.0.0: required fields, and who may refer to what."""
    assert document["asyncapi"] == "3.0.0"
    assert document["info"].keys() >= {"title", "version"}
    assert document.keys() <= {"asyncapi", "info", "defaultContentType", "channels", "operations", "components", "id"}
    for name, channel in document["channels"].items():
        assert channel["address"] == name
        for message in channel["messages"].values():
            assert message["$ref"].startswith("#/components/messages/")
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = resolve(document, operation["channel"]["$ref"])
        for message in operation["messages"]:
            prefix = f"{operation['channel']['$ref']}/messages/"
            assert message["$ref"].startswith(prefix), "an operation's messages are those of its channel"
            assert message["$ref"].removeprefix(prefix) in channel["messages"]


def test_payloads_and_headers_are_json_schemas(document: dict[str, Any]) -> None:
    for message in document["components"]["messages"].values():
        Draft202012Validator.check_schema(message["payload"])
        Draft202012Validator.check_schema(message["headers"])
        assert message["summary"]


def test_every_event_type_is_sent_by_someone(document: dict[str, Any]) -> None:
    sent = _messages(document, "send")
    received = _messages(document, "receive")
    for kind in EVENTS:
        if kind.startswith("cefo.desk."):
            assert kind in received, "what front desks send, somebody hears"
        else:
            assert kind in sent


def test_every_service_says_which_types_it_hears(document: dict[str, Any]) -> None:
    for service in SERVICES.values():
        heard = {
            reference["$ref"].rpartition("/")[2]
            for name, operation in document["operations"].items()
            if name.startswith(f"{service.name}.receive.")
            for reference in operation["messages"]
        }
        assert heard == set(service.reactions.by_type)


def test_each_service_has_a_document_of_its_own() -> None:
    for service in SERVICES.values():
        own = asyncapi_document({service.name: service.reactions})
        for reference in references(own):
            assert resolve(own, reference)
        assert all(name.startswith(f"{service.name}.") for name in own["operations"])


def _messages(document: dict[str, Any], action: str) -> set[str]:
    return {
        reference["$ref"].rpartition("/")[2]
        for operation in document["operations"].values()
        if operation["action"] == action
        for reference in operation["messages"]
    }
