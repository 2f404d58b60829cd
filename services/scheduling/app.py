"""Scheduling's service definition."""

from functools import partial
from pathlib import Path

from sqlmodel import col

from services.chassis.service.definition import Runtime, Service
from services.chassis.service.jobs import Job
from services.chassis.service.suppression import Erasing
from services.scheduling import api, pages
from services.scheduling.actions.earlier_search import Terms
from services.scheduling.actions.earlier_times import offer_earlier_times
from services.scheduling.actions.end_of_day import delete_past_absences, end_days, free_closed_paths
from services.scheduling.actions.erasure import erase_subject
from services.scheduling.actions.external import drop_outdated, read_due
from services.scheduling.actions.former_counsellors import delete_unused_availability
from services.scheduling.actions.holds import delete_expired
from services.scheduling.actions.no_shows import delete_interpreters
from services.scheduling.actions.offers import offers_go_on
from services.scheduling.actions.restating import publish_rooms, restate_booked
from services.scheduling.api.imports import IMPORT_PATHS
from services.scheduling.nav import NAV
from services.scheduling.pages.personal_data import PERSONAL_DATA
from services.scheduling.reactions import reactions
from services.scheduling.settings import (
    SchedulingSettings,
    answer_of,
    calendar_age_of,
    earlier_answer_of,
    reading_of,
    reflection_of,
    rules_of_settings,
)
from services.scheduling.store import Account, Alias, KnownPerson, Table, Visitor


def jobs(runtime: Runtime) -> list[Job]:
    """The background jobs of scheduling."""
    seconds = runtime.settings.round_seconds
    return [
        Job("end-of-day", partial(end_days, runtime.store), seconds),
        Job("closed-paths", partial(free_closed_paths, runtime.store), 60 * seconds),
        Job("past-absences", partial(delete_past_absences, runtime.store), 60 * seconds),
        Job("expired-holds", partial(delete_expired, runtime.store), 60 * seconds),
        Job("unused-availability", partial(delete_unused_availability, runtime.store), 60 * seconds),
        Job("past-interpreters", partial(delete_interpreters, runtime.store), 60 * seconds),
        Job("offers-of-seats", partial(offers_go_on, runtime.store, answer_of(runtime)), seconds),
        Job("earlier-times", partial(offer_earlier_times, runtime.store, terms_of(runtime)), seconds),
        Job("other-calendars", partial(read_due, runtime.store, reading_of(runtime)), seconds),
        Job("outdated-busy-times", partial(drop_outdated, runtime.store, calendar_age_of(runtime)), 60 * seconds),
        Job("restate-booked", partial(restate_booked, runtime.store), 60 * seconds),
        Job("publish-rooms", partial(publish_rooms, runtime.store), 60 * seconds),
    ]


def terms_of(runtime: Runtime) -> Terms:
    """How this process offers earlier times."""
    return Terms(rules_of_settings(runtime), earlier_answer_of(runtime), reflection_of(runtime))


SERVICE = Service(
    name="scheduling",
    nav=NAV,
    metadata=Table.metadata,
    reactions=reactions,
    routers=(*api.routers, *pages.routers),
    folder=Path(__file__).parent,
    accounts=Account,
    import_paths=IMPORT_PATHS,
    visitors=Visitor,
    aliases=Alias,
    visitor_paths=("/scheduling/mine",),
    personal_data=PERSONAL_DATA,
    erasing=Erasing(erase_subject, col(KnownPerson.id), col(KnownPerson.erased_at)),
    settings=SchedulingSettings,
    jobs=jobs,
)
