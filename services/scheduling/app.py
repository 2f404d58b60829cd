"""Scheduling, composed."""

from pathlib import Path

from services.chassis.errors import msg
from services.chassis.identity import Role
from services.chassis.service import Link, Service
from services.scheduling import api, pages
from services.scheduling.api.imports import IMPORT_PATHS
from services.scheduling.reactions import reactions
from services.scheduling.store import Table

SERVICE = Service(
    name="scheduling",
    title=msg("Interviews and workshops"),
    metadata=Table.metadata,
    reactions=reactions,
    routers=(*api.ROUTERS, *pages.ROUTERS),
    folder=Path(__file__).parent,
    nav=(
        Link(msg("Who waits"), "/scheduling/", (Role.COUNSELLOR,)),
        Link(msg("Agenda"), "/scheduling/agenda", (Role.COUNSELLOR,)),
        Link(msg("Workshops"), "/scheduling/workshops", (Role.COUNSELLOR,)),
    ),
    open_paths=IMPORT_PATHS,
)
