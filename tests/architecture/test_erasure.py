"""Every service that keeps references to persons erases them with the person, and confirms it."""

import ast
import re
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.chassis.storage.tables import chassis_metadata
from services.contracts import EVENTS, Event, Privacy
from services.contracts.erasure import CONFIRMATIONS
from services.contracts.intake import SubjectErased
from services.contracts.topics import ERASED
from services.launcher.catalogue import NAMES, SERVICES

ROOT = Path(__file__).parents[2]
OWNER = "intake"
"""It erases first, and collects the confirmations."""
CONFIRMING = "subject-purged"
OF_STAFF = {"accounts": "copies of accounts", "exact_reads": "who read exact figures"}
"""Tables whose ids lead to accounts, never to a visitor."""


def is_personal(event: type[Event]) -> bool:
    """Whether a field of the event leads to one person."""
    fields = event.model_json_schema()["properties"].values()
    return any(Privacy.PSEUDONYMOUS.value in str(field) for field in fields)


def keeps_references(name: str) -> bool:
    """Whether the service consumes events about persons, and has a table with ids that may lead to one."""
    service = SERVICES[name]
    ignored = chassis_metadata().tables.keys() | OF_STAFF.keys()
    own = [table for table in service.metadata.tables.values() if table.name not in ignored]
    has_ids = any(isinstance(column.type, sa.Uuid) for table in own for column in table.columns)
    return has_ids and any(is_personal(EVENTS[type]) for type in service.reactions.by_type)


def test_the_services_that_keep_references_to_persons_are_those_that_confirm() -> None:
    assert {name for name in NAMES if keeps_references(name)} - {OWNER} == CONFIRMATIONS.keys()
    assert keeps_references(OWNER)


def test_a_service_that_keeps_references_erases_again_whom_a_backup_brings_back() -> None:
    assert {name for name in NAMES if SERVICES[name].erasing is not None} == CONFIRMATIONS.keys() | {OWNER}
    assert all(ERASED in service.consumed for service in SERVICES.values()), "the others empty their dead letters"


@pytest.mark.parametrize("service", sorted(CONFIRMATIONS))
def test_a_service_that_confirms_reacts_to_an_erasure_and_intake_to_its_confirmation(service: str) -> None:
    confirmation = CONFIRMATIONS[service]
    assert SubjectErased.type in SERVICES[service].reactions.by_type
    assert confirmation.type in SERVICES[OWNER].reactions.by_type
    assert confirmation.about == SubjectErased.about
    assert SubjectErased.model_fields.keys() == {"subject_ref", "at"}
    assert confirmation.model_fields.keys() == {"subject_ref", "at", "found"}
    assert confirmation.model_fields["subject_ref"].annotation is UUID


def test_no_confirmation_is_forgotten() -> None:
    assert {event for event in EVENTS.values() if CONFIRMING in event.type} == set(CONFIRMATIONS.values())


def test_code_has_one_verb_for_the_erasure_of_a_person() -> None:
    """Old rows are pruned, and one row is deleted; nothing is forgotten or purged (docs/glossary.md, *erase*)."""
    named = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in (ROOT / "services").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(named) > 1000
    assert {one for one in named if re.search(r": _*(forget|purge)", one)} == set()
