"""Impact's service definition."""

from pathlib import Path

from services.chassis.service.definition import Service
from services.impact import api, pages
from services.impact.nav import NAV
from services.impact.reactions import reactions
from services.impact.store import Account, Centre, Table, Tally

SERVICE = Service(
    name="impact",
    nav=NAV,
    metadata=Table.metadata,
    reactions=reactions,
    read_model_tables=(Centre, Tally),
    routers=(*api.routers, *pages.routers),
    folder=Path(__file__).parent,
    accounts=Account,
    low_latency=False,
)
