"""The directory's own taxonomies, and the terms inside an HSDS object. Their ids derive from their codes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from uuid import NAMESPACE_URL, UUID, uuid5

from services.chassis.i18n import word_of
from services.directory.domain.entries import TOPICS

Json = dict[str, Any]

AREAS_TAXONOMY, TOPICS_TAXONOMY, PLACES_TAXONOMY = "cefo-areas", "cefo-topics", "cefo-places"
OWN = {
    AREAS_TAXONOMY: "The areas of the centres.",
    TOPICS_TAXONOMY: "Topics of services.",
    PLACES_TAXONOMY: "The number of places of a service, and how many are open, as the value of an attribute.",
}
"""Names and descriptions."""
CAPACITY, PLACES_OPEN = "capacity", "places-open"


@cache
def taxonomy_id(taxonomy: str) -> UUID:
    """The id of one of `OWN`."""
    return uuid5(NAMESPACE_URL, f"https://cefo.example/taxonomy/{taxonomy}")


@cache
def term_id(taxonomy: str, code: str) -> UUID:
    """The id of a term of one of `OWN`."""
    return uuid5(NAMESPACE_URL, f"https://cefo.example/taxonomy/{taxonomy}/{code}")


def own_taxonomy(taxonomy: str) -> Json:
    """One of `OWN` as an HSDS taxonomy."""
    return {"id": str(taxonomy_id(taxonomy)), "name": taxonomy, "description": OWN[taxonomy]}


def own_term(taxonomy: str, code: str) -> Json:
    """A term of one of `OWN` as an HSDS taxonomy term, in English."""
    if taxonomy == AREAS_TAXONOMY:
        name = word_of(code, "Area", "en")
    else:
        name = TOPICS.get(code, code) if taxonomy == TOPICS_TAXONOMY else code
    return {
        "id": str(term_id(taxonomy, code)),
        "code": code,
        "name": name,
        "description": name,
        "taxonomy": taxonomy,
        "taxonomy_detail": own_taxonomy(taxonomy),
        "language": "en",
    }


def own_codes(areas: Iterable[str]) -> list[tuple[str, str]]:
    """Every own term as taxonomy and code. `areas`: those that the centres offer."""
    return [
        *((AREAS_TAXONOMY, area) for area in areas),
        *((TOPICS_TAXONOMY, topic) for topic in TOPICS),
        (PLACES_TAXONOMY, CAPACITY),
        (PLACES_TAXONOMY, PLACES_OPEN),
    ]


@dataclass(frozen=True, slots=True)
class FoundTerm:
    """A term that an attribute inside an HSDS object names. `term` is empty where it gives the id alone."""

    id: str
    taxonomy_id: str | None
    term: Json


def terms_in(value: object) -> Iterator[FoundTerm]:
    """The terms of all attributes inside an HSDS object."""
    if isinstance(value, list):
        for one in cast(list[object], value):
            yield from terms_in(one)
    elif isinstance(value, dict):
        fields = cast(Json, value)
        term: Json = fields.get("taxonomy_term") or {}
        if id := term.get("id") or fields.get("taxonomy_term_id"):
            detail: Json = term.get("taxonomy_detail") or {}
            yield FoundTerm(id, detail.get("id") or term.get("taxonomy_id"), term)
        for one in fields.values():
            yield from terms_in(one)
