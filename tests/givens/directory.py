"""Two invented providers with their services, and a referral to one of them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.chassis.storage.store import Store
from services.contracts.consent import Purpose
from services.directory import actions
from services.directory.actions import consent
from services.directory.actions.entries import ProviderEntry
from services.directory.store import Referral

ATELIER = UUID("a0000000-0000-4000-8000-000000000001")
"""An invented training workshop in Mons."""
WELDING = UUID("a0000000-0000-4000-8000-000000000011")
CLOSED = UUID("a0000000-0000-4000-8000-000000000012")
PASSERELLE = UUID("b0000000-0000-4000-8000-000000000001")
"""An invented language school in Mons and Tournai."""
DUTCH = UUID("b0000000-0000-4000-8000-000000000011")
MONS_WORKSHOP = UUID("a0000000-0000-4000-8000-000000000021")
MONS_SCHOOL = UUID("b0000000-0000-4000-8000-000000000021")
TOURNAI_SCHOOL = UUID("b0000000-0000-4000-8000-000000000022")

MARCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COUNSELLOR = "mons/counsellor"


def _service(id: UUID, name: str, description: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "name": name, "description": description, "areas": ["select-training"]} | more


def _place(id: UUID, city: str, postal_code: str) -> dict[str, Any]:
    return {"id": id, "name": city, "address": "Rue Neuve 1", "postal_code": postal_code, "city": city}


def atelier(**changed: Any) -> tuple[UUID, ProviderEntry]:
    """The workshop's entry."""
    weekly = {"weekdays": ["MO", "WE"], "opens_at": "09:00", "closes_at": "12:00", "valid_from": date(2026, 1, 1)}
    entry = {
        "name": "Atelier du Borinage",
        "description": "Formations techniques pour adultes.",
        "phones": [{"number": "+32 00 00 00 01"}],
        "locations": [_place(MONS_WORKSHOP, "Mons", "7000") | {"accessibility": ["Entrée de plain-pied"]}],
        "services": [
            _service(
                WELDING,
                "Soudure pour débutants",
                "Apprendre la soudure à l’arc, métiers de la métallurgie.",
                topics=["vocational-training"],
                capacity=12,
                places_open=4,
                assured_date=date(2026, 2, 1),
                places=[{"location_id": MONS_WORKSHOP, "schedules": [weekly]}],
            ),
            _service(
                CLOSED,
                "Menuiserie",
                "Apprendre à travailler le bois.",
                status="inactive",
                places=[{"location_id": MONS_WORKSHOP}],
            ),
        ],
    }
    return ATELIER, ProviderEntry.model_validate(entry | changed)


def passerelle() -> tuple[UUID, ProviderEntry]:
    """The language school's entry."""
    entry = {
        "name": "La Passerelle",
        "description": "Cours de langues.",
        "locations": [_place(MONS_SCHOOL, "Mons", "7000"), _place(TOURNAI_SCHOOL, "Tournai", "7500")],
        "services": [
            _service(
                DUTCH,
                "Néerlandais pour l’emploi",
                "Le néerlandais utile au travail.",
                areas=["find-job", "select-training"],
                topics=["language-course"],
                languages=["fr", "nl"],
                places=[{"location_id": MONS_SCHOOL}, {"location_id": TOURNAI_SCHOOL}],
            )
        ],
    }
    return PASSERELLE, ProviderEntry.model_validate(entry)


async def register(store: Store, subject: UUID | None = None, *, centre: str = "mons") -> UUID:
    """A person registers at a centre, and consents to referrals. Returns their reference."""
    subject_ref = subject or uuid4()
    async with store.work() as work:
        await consent.give(work, subject_ref, centre, [Purpose.REFERRAL])
    return subject_ref


async def refer(
    store: Store,
    subject: UUID | None = None,
    service: UUID = WELDING,
    *,
    id: UUID | None = None,
    centre: str = "mons",
    registered: bool = False,
) -> Referral:
    """A counsellor of Mons refers a person to a service. `registered`: they are, or shall not be."""
    subject_ref = subject or uuid4()
    if not registered:
        await register(store, subject_ref, centre=centre)
    async with store.work() as work:
        return await actions.refer(
            work,
            id or uuid4(),
            subject_ref=subject_ref,
            centre=centre,
            area=None,
            service_id=service,
            reason="training",
            requested_by=COUNSELLOR,
        )
