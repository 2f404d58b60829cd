"""What a service holds about a person is exported to them: every table and column of it, or there is a reason."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from services.chassis.service.personal_data import Held, Shown
from services.chassis.storage.tables import chassis_metadata
from services.contracts.erasure import CONFIRMATIONS
from services.launcher.catalogue import SERVICES

HOLDING = sorted(name for name in SERVICES if SERVICES[name].personal_data is not None)
ACCOUNTS = "about an account, not about a visitor"
PROVIDERS = "about providers, which are public"
ERASED = "the reference of an erased person, kept so that nothing brings them back"
LINKS = "which personal link is the current one: technical, and intake exports the links"
ALIASES = "which references are the same person's: intake exports the merges, and every document has all references"
EXPORTS = "exported beside the shape, as the times of the exports"
NOT_ABOUT_PERSONS = {
    "intake": {
        "erased_subjects": ERASED,
        "erasure_confirmations": ERASED,
        "personal_data_exports": EXPORTS,
        "person_keys": "made from the name, which is exported",
        "devices": "about the browsers of a centre",
        "booking_requests": "name and contact for half an hour, of nobody known yet; a day without them",
        "offline_tickets": "which numbers devices gave; the visit's ticket is exported",
        "expected_sessions": "about everyone in a workshop; the person's appointments are exported",
    },
    "scheduling": {
        "workshops": "about everyone in it; the person's place in it is exported",
        "workshop_sessions": "the same",
        "rooms": "about no person",
        "absences": "about counsellors, by the codes of their accounts",
        "counsellor_feeds": "the same",
        "external_calendars": "the same",
        "quarter_hours": "the times of interviews and workshops, which are exported",
        "slot_holds": "a chosen time for an hour at most, by a digest; what is booked from it is exported",
        "interviews_to_restate": "which interviews are to be published again after an update; emptied at once",
        "visitors": LINKS,
        "aliases": ALIASES,
        "personal_data_exports": EXPORTS,
    },
    "plans": {
        "workshops": "how many sessions a workshop has",
        "providers": PROVIDERS,
        "provider_services": PROVIDERS,
        "visitors": LINKS,
        "aliases": ALIASES,
        "personal_data_exports": EXPORTS,
    },
    "directory": {
        **dict.fromkeys(
            ("organizations", "services", "locations", "service_at_locations", "schedules", "phones", "service_views"),
            PROVIDERS,
        ),
        **dict.fromkeys(
            (
                "account_changes",
                "centre_changes",
                "account_emails",
                "identities",
                "machine_tokens",
                "mail",
                "sign_in_links",
                "sign_ins",
            ),
            ACCOUNTS,
        ),
        "centres": "public",
        "centres_to_restate": "which centres are to be published again after an update; emptied at once",
        "taxonomies": "words by which providers are classified",
        "taxonomy_terms": "the same",
        "referral_events": "what partners got of referrals, without a reference to the person; exported as steps",
        "erased_subjects": ERASED,
        "subject_keys": "a secret; the references made with it are exported",
        "visitors": LINKS,
        "aliases": ALIASES,
        "personal_data_exports": EXPORTS,
    },
}
"""Tables with ids of which no row is exported, and why."""
TECHNICAL = {"version", "correlation_id", "fingerprint"}
"""Columns of the machinery, beside the ids that lead from row to row: the shapes nest what belongs together."""
STAFF = "an account of staff, of which visitors see no more than the role"
REASONS = {
    "visits.device_seq": "the order of what a device sent",
    "visits.device_steps": "technical: how much of what a device sent is done",
    "visitors.contact_key": "made from the contact, which is exported",
    "visitors.keys_version": "technical: by which version of the rules the name is found",
    "messages.claimed_until": "technical: until when a process sends it",
    "messages.meetings": "technical: times of the appointment, which is exported",
    "messages.sent_to": "technical: a digest of the contact, which is exported",
    "messages.edition": "technical: how often the appointment was changed before",
    "personal_links.secret": "a digest that opens nothing",
    "visitor_feeds.secret": "the same",
    "personal_links.pin": "a hash; whether a PIN was chosen is exported",
    "visitors.closed_openings": "technical: ids of openings, which are exported with their end",
    "known_people.forgotten_at": "such a person is erased",
    "waiting.counsellor": STAFF,
    "appointments.counsellor": STAFF,
    "appointments.identified_visit": "technical: whether the visit was the person's before the arrival",
    "visits.before_closing": "technical: where in the queue the visit goes back to if its day is reopened",
    "visits.before_link": "technical: where in the queue the visit goes back to, until it ends",
    "appointments.linked_at": "how the team recorded the arrival, whose time is exported",
    "waiting.seq": "the order of changes of a screen",
    "interviews.counsellor": STAFF,
    "path_changes.by": STAFF,
    "earlier_offers.counsellor": STAFF,
    "earlier_offers.centre": "that of the interview, which is exported",
    "earlier_wishes.centre": "the same",
    "interviews.counted_as": "technical: keeps the limit of a path; its number is exported",
    "subjects.erased_at": "such a person is erased",
    "paths.forgotten": "such a path is erased",
    "revisions.id": "the place in the history",
    "revisions.by_account": STAFF,
    "plans.confirmed_by": STAFF,
    **{
        f"{table}.{column}": reason
        for table in ("assessments", "information_steps", "reflections", "goals", "action_tracks", "actions")
        for column, reason in {"by_account": STAFF}.items()
    },
    "referrals.requested_by": STAFF,
    "referral_steps.by": STAFF,
}
"""Columns that are not exported, and why."""
NOT_SHOWN = {"HeldChange.item": "a code or an id; the page says what changed, and both values"}


def shapes_of(shape: type[Held]) -> Iterator[type[Held]]:
    yield shape
    for field in shape.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, Held):
                yield from shapes_of(part)


def _exported(service: str) -> dict[str, set[str]]:
    """The columns that a service exports, by table."""
    data = SERVICES[service].personal_data
    assert data is not None
    found: dict[str, set[str]] = {}
    for shape in shapes_of(data.shape):
        for table in shape.of:
            columns: Any = sa.inspect(table).columns
            names = {column.name for key, column in columns.items() if key in shape.model_fields}
            found.setdefault(str(columns.values()[0].table.name), set()).update(names)
    return found


def _own_tables(service: str) -> dict[str, sa.Table]:
    """The service's own tables with ids, one of which may lead to a person."""
    ignored = chassis_metadata().tables.keys() | {"accounts"}
    tables = SERVICES[service].metadata.tables
    return {
        name: table
        for name, table in tables.items()
        if name not in ignored and any(isinstance(column.type, sa.Uuid) for column in table.columns)
    }


def test_those_that_hold_something_are_those_that_erase() -> None:
    assert {"intake", *CONFIRMATIONS} == set(HOLDING)


@pytest.mark.parametrize("service", HOLDING)
def test_every_table_with_ids_is_exported_or_has_a_reason(service: str) -> None:
    exported, reasons = _exported(service).keys(), NOT_ABOUT_PERSONS[service].keys()
    assert exported | reasons == _own_tables(service).keys()
    assert not exported & reasons


@pytest.mark.parametrize("service", HOLDING)
def test_every_column_is_exported_or_has_a_reason(service: str) -> None:
    missing = {
        f"{name}.{column.name}"
        for name, columns in _exported(service).items()
        for column in SERVICES[service].metadata.tables[name].columns
        if column.name not in columns | TECHNICAL and not isinstance(column.type, sa.Uuid)
    }
    assert missing - REASONS.keys() == set()


def test_no_reason_is_left_over() -> None:
    columns = {f"{name}.{c}" for one in HOLDING for name, found in _exported(one).items() for c in found}
    known = {f"{t.name}.{c.name}" for one in HOLDING for t in _own_tables(one).values() for c in t.columns}
    assert REASONS.keys() <= known
    assert not REASONS.keys() & columns


@pytest.mark.parametrize("service", HOLDING)
def test_every_field_is_shown_to_people_too(service: str) -> None:
    data = SERVICES[service].personal_data
    assert data is not None
    hidden = {
        f"{shape.__name__}.{name}"
        for shape in shapes_of(data.shape)
        for name, field in shape.model_fields.items()
        if not any(isinstance(one, Shown) for one in field.metadata)
    }
    assert hidden <= NOT_SHOWN.keys()
