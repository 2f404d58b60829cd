"""The service definition of plans."""

from pathlib import Path

from sqlmodel import col

from services.chassis.service.definition import Service
from services.chassis.service.suppression import Erasing
from services.plans import api, pages
from services.plans.actions import erase_subject
from services.plans.nav import NAV
from services.plans.pages.personal_data import PERSONAL_DATA
from services.plans.reactions import reactions
from services.plans.store import Account, Alias, Subject, Table, Visitor

SERVICE = Service(
    name="plans",
    nav=NAV,
    metadata=Table.metadata,
    reactions=reactions,
    routers=(*api.routers, *pages.routers),
    folder=Path(__file__).parent,
    accounts=Account,
    visitors=Visitor,
    aliases=Alias,
    visitor_paths=("/plans/",),
    personal_data=PERSONAL_DATA,
    erasing=Erasing(erase_subject, col(Subject.id), col(Subject.erased_at)),
)
