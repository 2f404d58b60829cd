"""Impact's service definition."""

from functools import partial
from pathlib import Path

from services.chassis.runtime.telemetry import log
from services.chassis.service.definition import Runtime, Service
from services.chassis.service.jobs import Job
from services.impact import actions, api, pages
from services.impact.nav import NAV
from services.impact.reactions import reactions
from services.impact.settings import ImpactSettings, settings_of
from services.impact.store import Account, Centre, FactTally, InterviewTally, Table, Tally
from services.impact.store.publications import last_look

_log = log(__name__)


async def publish_months(runtime: Runtime) -> bool:
    """Publishes the months that are due."""
    async with runtime.store.work() as work:
        months = await actions.publish_due(work, settings_of(runtime).publish_days)
    if months:
        _log.info("figures published", service=runtime.service.name, months=months)
    return False


def jobs(runtime: Runtime) -> list[Job]:
    """The background jobs of impact: publishing months, and removing old entries of the log of exact figures."""
    hour = 60 * runtime.settings.round_seconds
    days = settings_of(runtime).exact_log_days
    return [
        Job("publish-months", partial(publish_months, runtime), hour),
        Job("prune-exact-reads", partial(actions.prune_reads, runtime.store, days), hour),
    ]


SERVICE = Service(
    name="impact",
    nav=NAV,
    metadata=Table.metadata,
    reactions=reactions,
    read_model_tables=(Centre, Tally, InterviewTally, FactTally),
    routers=(*api.routers, *pages.routers),
    folder=Path(__file__).parent,
    accounts=Account,
    low_latency=False,
    jobs=jobs,
    last_write=last_look,
    on_restore=actions.count_held_months,
    settings=ImpactSettings,
)
