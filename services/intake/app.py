"""Intake's service definition."""

from functools import partial
from pathlib import Path

from services.chassis.copies.centres import centre_names
from services.chassis.service.definition import Runtime, Service
from services.chassis.service.jobs import Job
from services.intake import api, pages
from services.intake.nav import NAV
from services.intake.reactions import reactions
from services.intake.store import Account, Centre, Table, Visitor


async def create_desk_topics(runtime: Runtime) -> bool:
    """Creates the topic of each known centre, on which the centre's own software checks visitors in."""
    async with runtime.store.read() as session:
        centres = await centre_names(session, Centre)
    await runtime.broker.create_topics_of(centres)
    return False


def jobs(runtime: Runtime) -> list[Job]:
    """The background jobs of intake."""
    return [Job("desk-topics", partial(create_desk_topics, runtime), min(10, runtime.settings.round_seconds))]


SERVICE = Service(
    name="intake",
    nav=NAV,
    metadata=Table.metadata,
    reactions=reactions,
    routers=(*api.routers, *pages.routers),
    folder=Path(__file__).parent,
    accounts=Account,
    visitors=Visitor,
    visitor_paths=("/intake/mine",),
    import_paths=(api.IMPORT_PATH,),
    jobs=jobs,
)
