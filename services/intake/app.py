"""Intake's service definition."""

from pathlib import Path

from services.chassis.service.definition import Service
from services.intake import api, pages
from services.intake.nav import NAV
from services.intake.reactions import reactions
from services.intake.store import Account, Table, Visitor

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
)
