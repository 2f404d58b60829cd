"""Every event: a privacy class on each field, nothing that names a person, a type that says who and which version."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from services.contracts import EVENTS, Event, Privacy
from services.contracts.rooms import RoomPublished
from services.contracts.topics import ACCOUNTS, REFERRAL_EVENTS, TOPICS
from tests.contracts.snapshots import FOLDER, breaks, kept, schema_of

SERVICES = Path(__file__).parents[2] / "services"
TELLING = re.compile(r"name|contact|birth|text|mail|phone|address|note|comment|title|description|remark|gender|nation")
EVERY = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())


def fields_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field that carries a value, however deep, with its schema."""
    parts = [schema, *schema.get("$defs", {}).values()]
    for part in parts:
        for name, field in cast(dict[str, Any], part.get("properties", {})).items():
            yield from _leaves(name, field)


def _leaves(name: str, field: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    inner = [*field.get("anyOf", []), *([field["items"]] if "items" in field else [])]
    if inner and "x-privacy" not in field:
        for one in inner:
            yield from _leaves(name, one)
    elif field.get("type") != "null" and not str(field.get("$ref", "")).endswith(tuple(_objects())):
        yield name, field


@cache
def _objects() -> set[str]:
    """Nested objects: their own fields carry the class."""
    return {
        name
        for event in EVENTS.values()
        for name, part in event.model_json_schema().get("$defs", {}).items()
        if part.get("type") == "object"
    }


@EVERY
def test_every_field_has_a_privacy_class(event: type[Event]) -> None:
    classes = {name: field.get("x-privacy") for name, field in fields_of(event.model_json_schema())}
    assert classes
    assert {name: said for name, said in classes.items() if said not in set(Privacy)} == {}


@EVERY
def test_nothing_that_names_a_person_travels(event: type[Event]) -> None:
    telling = {name: field for name, field in fields_of(event.model_json_schema()) if TELLING.search(name)}
    if event.type.startswith("cefo.directory.") or event is RoomPublished:
        # The published name of an organisation, a service, a centre or a room.
        telling = {n: f for n, f in telling.items() if n != "name" or f["x-privacy"] != Privacy.PUBLIC}
    if event.topic == ACCOUNTS:
        telling = {n: f for n, f in telling.items() if n != "display_name" or f["x-privacy"] != Privacy.STAFF}
    assert telling == {}


@EVERY
def test_text_is_a_code_or_published(event: type[Event]) -> None:
    """Free text has no class and no place: every string is an id, a time, a code with a form, or a published name."""
    for name, field in fields_of(event.model_json_schema()):
        if field.get("type") == "string" and not field.keys() & {"format", "pattern", "enum", "const"}:
            assert field["x-privacy"] in (Privacy.PUBLIC, Privacy.STAFF), name
            assert field["maxLength"] <= 200, name


@EVERY
def test_the_name_of_staff_travels_on_the_topic_of_accounts_alone(event: type[Event]) -> None:
    of_staff = {name for name, field in fields_of(event.model_json_schema()) if field["x-privacy"] == Privacy.STAFF}
    assert of_staff == ({"display_name"} if event.topic == ACCOUNTS else set())


@EVERY
def test_references_to_persons_are_pseudonymous(event: type[Event]) -> None:
    personal = {
        "account_ref",
        "subject_ref",
        "visit_id",
        "interview_id",
        "path_id",
        "plan_id",
        "referral_id",
        "seat_id",
    }
    for name, field in fields_of(event.model_json_schema()):
        if name in personal:
            assert field["x-privacy"] == Privacy.PSEUDONYMOUS, name


PARTNERS = [event for event in EVENTS.values() if event.topic == REFERRAL_EVENTS]


@pytest.mark.parametrize("event", PARTNERS, ids=lambda event: event.type)
def test_partners_hear_of_nothing_that_two_of_them_could_join_their_data_by(event: type[Event]) -> None:
    """Of everything that leads to a person only the referral itself: its provider and its centre know it."""
    fields = dict(fields_of(event.model_json_schema()))
    assert {name for name, field in fields.items() if field["x-privacy"] == Privacy.PSEUDONYMOUS} == {"referral_id"}


def test_there_is_something_for_partners() -> None:
    assert PARTNERS


@EVERY
def test_the_type_says_service_fact_and_version(event: type[Event]) -> None:
    assert re.fullmatch(r"cefo\.(desk|intake|scheduling|plans|directory)\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*", event.type)
    assert event.type.startswith(f"cefo.{event.topic.owner}.")
    assert re.fullmatch(rf"cefo\.{event.topic.owner}\.[a-z]+(-[a-z]+)*", event.topic.name)
    assert event.about in event.model_fields
    assert event.model_fields[event.about].is_required()


def test_the_topics_are_those_that_are_documented() -> None:
    assert TOPICS.keys() == {
        "cefo.desk.check-ins",
        "cefo.intake.visits",
        "cefo.intake.visitors",
        "cefo.intake.erased",
        "cefo.scheduling.interviews",
        "cefo.scheduling.workshops",
        "cefo.plans.plans",
        "cefo.directory.accounts",
        "cefo.directory.providers",
        "cefo.directory.centres",
        "cefo.directory.referrals",
        "cefo.directory.referral-events",
    }


def test_every_event_is_said_by_the_service_that_its_type_names() -> None:
    """Or by a front desk's own software, whose events only come in."""
    never = [
        event.type
        for event in EVENTS.values()
        if event.topic.owner != "desk" and event.__name__ not in _made_in(SERVICES / event.topic.owner)
    ]
    assert never == []


@cache
def _made_in(package: Path) -> set[str]:
    calls = (
        node.func
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    )
    return {func.id if isinstance(func, ast.Name) else getattr(func, "attr", "") for func in calls}


REGENERATE = "If it is meant and only adds: `make snapshots`; if it breaks: declare a new version."


@EVERY
def test_the_schema_is_the_one_that_was_published(event: type[Event]) -> None:
    old, new = kept(event.type), schema_of(event)
    assert old is not None, f"{event.type} has no snapshot. `make snapshots` writes it."
    assert breaks(old, new) == [], f"{event.type} breaks with what was published. {REGENERATE}"
    assert old == new, f"{event.type} is not what its snapshot says. {REGENERATE}"


def test_no_published_type_is_gone() -> None:
    """Events of a type that was published stay in the outboxes for good."""
    assert {path.stem for path in FOLDER.glob("*.json")} - EVENTS.keys() == set()


VISIT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "centre": {"type": "string", "maxLength": 40, "x-privacy": "public"},
        "status": {"$ref": "#/$defs/Status", "x-privacy": "operational"},
        "area": {"anyOf": [{"type": "string", "x-privacy": "public"}, {"type": "null"}], "default": None},
    },
    "required": ["centre", "status"],
    "$defs": {"Status": {"enum": ["waiting", "called"], "type": "string"}},
}


def grown(**changes: Any) -> dict[str, Any]:
    return {**VISIT, "properties": {**VISIT["properties"], **changes}}


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (grown(desk={"type": "string", "default": "", "x-privacy": "operational"}), None),
        ({**VISIT, "required": ["centre", "status", "area"]}, "area became required"),
        ({**VISIT, "required": ["centre"]}, "status became optional"),
        ({**VISIT, "properties": {n: p for n, p in VISIT["properties"].items() if n != "area"}}, "area is gone"),
        (grown(centre={"type": "string", "maxLength": 40, "x-privacy": "pseudonymous"}), "centre changed its privacy"),
        (grown(centre={"type": "integer", "x-privacy": "public"}), "not compatible"),
        (grown(centre={"type": "string", "maxLength": 10, "x-privacy": "public"}), "not compatible (deserializer)"),
        (grown(centre={"type": "string", "maxLength": 60, "x-privacy": "public"}), "not compatible (serializer)"),
        ({**VISIT, "$defs": {"Status": {"enum": ["waiting", "called", "left"], "type": "string"}}}, "(serializer)"),
        ({**VISIT, "$defs": {"Status": {"enum": ["waiting"], "type": "string"}}}, "(deserializer)"),
    ],
)
def test_what_breaks_with_a_snapshot_is_found(new: dict[str, Any], fault: str | None) -> None:
    found = breaks(VISIT, new)
    assert (found == []) if fault is None else any(fault in one for one in found), found
