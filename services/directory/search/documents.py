"""What the index has of a provider: a document for it, for each of its services, and for each place of these."""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import tantivy

from services.chassis.i18n import LANGUAGES, translate, word_of
from services.directory.domain import LANGUAGE_LABELS, TOPICS, lot
from services.directory.domain.taxonomies import (
    AREAS_TAXONOMY,
    CAPACITY,
    PLACES_OPEN,
    PLACES_TAXONOMY,
    TOPICS_TAXONOMY,
    taxonomy_id,
    term_id,
    terms_in,
)
from services.directory.search.ranking import SEARCHABLE, Kind, postcode_key
from services.directory.store import FullOrganization, FullService, Location
from services.directory.store.providers import Place

FILTERS = ("kind", "organization_id", "area", "town_key", "language", "term", "taxonomy", "postcode")
"""The fields that a search compares as they are."""
Texts = list[tuple[str, str]]
_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)


def documents_of(owner: FullOrganization, services: list[FullService], today: date) -> Iterator[tantivy.Document]:
    """A provider's documents, for this day's order. Withdrawn services are in none."""
    offered = [full for full in services if full.service.status in SEARCHABLE]
    if offered or not services:
        yield _organization(owner, offered, today)
    for full in offered:
        texts = list(_texts_of(full))
        yield _service(full, texts, today)
        for place in full.places:
            yield _place(full, place, texts, today)


def composed(text: str) -> str:
    """In NFC: the tokenizer would end a word at an accent that stands alone."""
    return unicodedata.normalize("NFC", text)


def microseconds(at: datetime) -> int:
    """A time as a number that the index compares."""
    return max(0, (at - _EPOCH) // timedelta(microseconds=1))


def _organization(owner: FullOrganization, offered: list[FullService], today: date) -> tantivy.Document:
    one = owner.organization
    document = _document(Kind.ORGANIZATION, one.id, one.id, today)
    document.add_text("name", composed(f"{one.name} {one.alternate_name or ''}"))
    document.add_text("description", composed(one.description))
    for name, id in {*_found_terms([one.hsds]), *(found for full in offered for found in _terms_of(full))}:
        document.add_text(name, id)
    _add_locations(document, owner.locations)
    return document


def _service(full: FullService, texts: Texts, today: date) -> tantivy.Document:
    document = _document(Kind.SERVICE, full.service.id, full.organization.id, today)
    _describe(document, full, texts)
    _add_locations(document, [location for _, location, _ in full.places])
    return document


def _place(full: FullService, place: Place, texts: Texts, today: date) -> tantivy.Document:
    at, location, _schedules = place
    document = _document(Kind.PLACE, at.id, full.organization.id, today)
    _describe(document, full, texts)
    _add_locations(document, [location])
    return document


def _document(kind: Kind, id: Any, organization: Any, today: date) -> tantivy.Document:
    document = tantivy.Document()
    document.add_text("id", str(id))
    document.add_text("kind", kind.value)
    document.add_text("organization_id", str(organization))
    document.add_unsigned("lot", lot(today, id))
    return document


def _describe(document: tantivy.Document, full: FullService, texts: Texts) -> None:
    document.add_unsigned("modified", microseconds(full.service.last_modified))
    for name, text in texts:
        document.add_text(name, text)


def _texts_of(full: FullService) -> Iterator[tuple[str, str]]:
    """What people look for a service by, as fields and texts."""
    service = full.service
    labels = [
        *(TOPICS[topic] for topic in service.topics if topic in TOPICS),
        *(LANGUAGE_LABELS[code] for code in service.languages if code in LANGUAGE_LABELS),
    ]
    words = [translate(label, lang) for label in labels for lang in LANGUAGES]
    words += [word_of(area, "Area", lang) for area in service.areas for lang in LANGUAGES]
    yield "name", composed(service.name)
    yield "description", composed(service.description)
    yield "organization", composed(f"{full.organization.name} {full.organization.alternate_name or ''}")
    yield "topics", " ".join(words)
    yield from (("area", area) for area in service.areas)
    yield from (("language", code) for code in service.languages)
    yield from _terms_of(full)


def _terms_of(full: FullService) -> set[tuple[str, str]]:
    """The ids of the service's terms and of their taxonomies, as fields and texts."""
    service = full.service
    counts = {CAPACITY: service.capacity, PLACES_OPEN: service.places_open}
    own = {
        *((AREAS_TAXONOMY, area) for area in service.areas),
        *((TOPICS_TAXONOMY, topic) for topic in service.topics),
        *((PLACES_TAXONOMY, code) for code, number in counts.items() if number is not None),
    }
    terms = {("term", str(term_id(taxonomy, code))) for taxonomy, code in own}
    taxonomies = {("taxonomy", str(taxonomy_id(taxonomy))) for taxonomy, _ in own}
    return terms | taxonomies | _found_terms([service.hsds, *(at.hsds for at, _, _ in full.places)])


def _found_terms(imported: object) -> set[tuple[str, str]]:
    """The same of the terms in imported objects."""
    found = list(terms_in(imported))
    return {("term", one.id) for one in found} | {("taxonomy", one.taxonomy_id) for one in found if one.taxonomy_id}


def _add_locations(document: tantivy.Document, locations: Iterable[Location]) -> None:
    document.add_text("town", composed(" ".join(sorted({one.city for one in locations if one.city}))))
    for town in {one.town for one in locations if one.town}:
        document.add_text("town_key", town)
    for postcode in {postcode_key(one.postal_code) for one in locations if one.postal_code}:
        document.add_text("postcode", postcode)
