"""Prepared services: for each a client, and the ids that its requests name."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from services.chassis.service.definition import Service
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.contracts.scheduling import Method
from services.directory import actions as directory
from services.directory.app import SERVICE as DIRECTORY
from services.impact.app import SERVICE as IMPACT
from services.intake.app import SERVICE as INTAKE
from services.plans.app import SERVICE as PLANS
from services.scheduling.actions import guidance, paths, seats, workshops
from services.scheduling.app import SERVICE as SCHEDULING
from tests.givens import directory as referrals
from tests.givens import impact as figures
from tests.givens import plans, scheduling
from tests.givens.intake import open_centres, walks_in

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Nine o'clock in Brussels."""
TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
"""10:00 in Liège."""

Scenario = tuple[Client, dict[str, str]]


def client_at(service: Service, folder: Path, store: str) -> AbstractAsyncContextManager[Client]:
    """A client of the service on Monday. `store`: `sqlite`, or the address of a PostgreSQL server."""
    return client_of(service, folder, clock=FixedClock(MONDAY), settings=quiet_settings(folder, store=store))


@asynccontextmanager
async def at_the_desk(folder: Path, store: str = "sqlite") -> AsyncGenerator[Scenario]:
    """Liège, with one visitor in the queue."""
    async with client_at(INTAKE, folder, store) as client:
        await open_centres(client.store)
        async with client.store.work() as work:
            waiting = await walks_in(work, uuid4(), area="find-job")
        yield client, {"waiting": str(waiting.id), "new": str(uuid4())}


@asynccontextmanager
async def in_the_agenda(folder: Path, store: str = "sqlite") -> AsyncGenerator[Scenario]:
    """A path with four interviews booked, one with none, and a workshop in which the second person has a seat."""
    async with client_at(SCHEDULING, folder, store) as client:
        full, free, new = scheduling.Visitor(), scheduling.Visitor(), scheduling.Visitor()
        team = scheduling.liege_team()
        await scheduling.react(
            client.store, [scheduling.liege(), *team, *(one.registered() for one in (full, free, new))]
        )
        await scheduling.add_rooms(client.store)
        await scheduling.leave_room(client.store, (await scheduling.add_rooms(client.store, codes=("salle-4",)))[0])
        await scheduling.enter_hours(client.store)
        await scheduling.set_notice(client.store)
        async with client.store.work() as work:
            full_path = await paths.open_path(work, full.subject_ref, scheduling.LIEGE)
            free_path = await paths.open_path(work, free.subject_ref, scheduling.LIEGE)
        booked: list[str] = []
        for day in (0, 1, 2, 6):
            async with client.store.work() as work:
                interview = await guidance.book(
                    work,
                    full_path.id,
                    counsellor=scheduling.NADIA,
                    room="salle-1",
                    starts_at=TUESDAY + timedelta(days=day),
                    minutes=60,
                )
                booked.append(str(interview.id))
        async with client.store.work() as work:
            workshop = await workshops.announce(
                work,
                centre=scheduling.LIEGE,
                area=None,
                title="Changer de voie",
                counsellor=scheduling.TOM,
                room="salle-2",
                seats=3,
                sessions=[(TUESDAY + timedelta(days=14), 120)],
            )
        async with client.store.work() as work:
            await seats.take_seat(work, workshop.id, free.subject_ref)
        yield (
            client,
            {
                "full": str(full_path.id),
                "of_full": str(full.subject_ref),
                "free": str(free_path.id),
                "booked": booked[0],
                "workshop": str(workshop.id),
                "seated": str(free.subject_ref),
                "new": str(new.subject_ref),
            },
        )


@asynccontextmanager
async def in_a_plan(folder: Path, store: str = "sqlite") -> AsyncGenerator[Scenario]:
    """An open plan of Mons with a goal and a track."""
    async with client_at(PLANS, folder, store) as client:
        her = plans.Adult(Method.INDIVIDUAL)
        await plans.react(client.store, [plans.mons(), her.path_opened(), her.interview(1)])
        track = await plans.lead_somewhere(client.store, her)
        async with client.store.read() as session:
            goal = (await session.execute(sa.select(client.store.metadata.tables["goals"].c.id))).scalar_one()
        yield client, {"plan": str(her.plan_id), "track": str(track), "goal": str(goal)}


@asynccontextmanager
async def among_providers(folder: Path, store: str = "sqlite") -> AsyncGenerator[Scenario]:
    """A referral from Mons to a provider that has not answered."""
    async with client_at(DIRECTORY, folder, store) as client:
        async with client.store.work() as work:
            await directory.set_provider(work, *referrals.atelier())
        sent = await referrals.refer(client.store)
        ids = {"referral": str(sent.id), "service": str(sent.service_id), "someone": str(uuid4())}
        yield client, ids


@asynccontextmanager
async def among_figures(folder: Path, store: str = "sqlite") -> AsyncGenerator[Scenario]:
    """The figures of one visit in Liège."""
    async with client_at(IMPACT, folder, store) as client:
        await figures.process(client.store, figures.checked_in())
        yield client, {}


SCENARIOS: dict[str, Callable[..., AbstractAsyncContextManager[Scenario]]] = {
    "intake": at_the_desk,
    "scheduling": in_the_agenda,
    "plans": in_a_plan,
    "directory": among_providers,
    "impact": among_figures,
}
