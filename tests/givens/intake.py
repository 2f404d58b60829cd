"""Two centres, their staff, and a visitor who comes to the front desk."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.chassis.identity.people import Person
from services.chassis.storage.store import Store, Work
from services.contracts.roles import Role
from services.intake.actions import erasure, visits
from services.intake.app import SERVICE
from services.intake.store import Centre, Visit, Visitor

AREAS = ["choose-path", "select-training", "find-job", "create-business"]
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Nine o'clock in Brussels."""

LIEGE_DESK = Person(
    subject="test/desk-liege",
    name="Accueil du public",
    roles=frozenset({Role.FRONT_DESK}),
    centres=frozenset({"liege"}),
)
NAMUR_DESK = LIEGE_DESK.model_copy(update={"subject": "test/desk-namur", "centres": frozenset({"namur"})})
COUNSELLOR = Person(
    subject="test/counsellor",
    name="Conseiller ou conseillère",
    roles=frozenset({Role.COUNSELLOR}),
    centres=frozenset({"liege"}),
)
PROVIDER = Person(subject="test/provider", name="Organisme", roles=frozenset({Role.PROVIDER}))
OPERATOR = Person(subject="test/operator", name="Gestion technique", roles=frozenset({Role.OPERATOR}))


async def open_centres(store: Store) -> None:
    """Liège with the four areas, Namur with one."""
    async with store.work() as work:
        for code, name, areas in (("liege", "Liège", AREAS), ("namur", "Namur", ["find-job"])):
            work.add(Centre(code=code, name=f"Cité des métiers de {name}", areas=areas, timezone="Europe/Brussels"))


async def walks_in(
    work: Work, visit_id: UUID, *, centre: str = "liege", area: str | None = None, queue: bool = True
) -> Visit:
    """A visitor checks in at the front desk."""
    return await visits.check_in(work, visits.Arrival(visit_id, centre, area, queue=queue))


async def people_leave(url: str, *, soon: UUID, gone: UUID) -> None:
    """In the store at this address, the retention of one visitor ends soon, and another one is erased."""
    store = Store(url, SERVICE.name, SERVICE.metadata)
    try:
        async with store.work() as work:
            visitor = await work.load(Visitor, soon)
            visitor.retain_until = visitor.registered_at + timedelta(days=20)
            await erasure.erase_subject(work, gone)
    finally:
        await store.close()
