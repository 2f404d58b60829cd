"""Intake's service definition."""

from functools import partial
from pathlib import Path

from sqlmodel import col

from services.chassis.copies.centres import centre_names
from services.chassis.mail.sender import LetterOf, OnRecipient
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import ERASURES_OLDEST, ERASURES_UNCONFIRMED
from services.chassis.service.definition import Runtime, Service
from services.chassis.service.erased_persons import listed_since
from services.chassis.service.jobs import Job
from services.chassis.service.mailing import Mailing
from services.chassis.service.suppression import Erasing
from services.chassis.storage.store import Store
from services.chassis.web.mail_pages import mail_router
from services.contracts.erasure import CONFIRMATIONS
from services.intake import api, pages
from services.intake.actions.accesses import prune_accesses
from services.intake.actions.bounces import Recipients, contact_refused
from services.intake.actions.end_of_day import end_days
from services.intake.actions.erasure import end_entries, erase_again, erase_due, list_earlier_erasures
from services.intake.actions.letters import Letters
from services.intake.actions.messages import end_reminders, remind
from services.intake.actions.people import make_keys
from services.intake.actions.public_booking import delete_ended
from services.intake.actions.restoring import restore
from services.intake.domain.messages import WITHHELD_WORDS
from services.intake.nav import NAV
from services.intake.pages.personal_data import PERSONAL_DATA
from services.intake.reactions import reactions
from services.intake.settings import IntakeSettings
from services.intake.store import Account, Alias, Centre, ErasedSubject, Table, Visitor
from services.intake.store.erasures import unconfirmed_by_service
from services.intake.store.messages import Message, Pause


async def create_desk_topics(runtime: Runtime) -> bool:
    """Creates the topic of each known centre, on which the centre's own software checks visitors in."""
    async with runtime.store.read() as session:
        centres = await centre_names(session, Centre)
    await runtime.broker.create_topics_of(centres)
    return False


async def measure_erasures(runtime: Runtime) -> bool:
    """Updates the gauges of the erasures that a service has not confirmed."""
    async with runtime.store.read() as session:
        found = await unconfirmed_by_service(session)
    for service in CONFIRMATIONS:
        unconfirmed = found.get(service)
        age = (runtime.store.clock() - unconfirmed.since).total_seconds() if unconfirmed is not None else 0
        ERASURES_UNCONFIRMED.labels(service).set(unconfirmed.count if unconfirmed is not None else 0)
        ERASURES_OLDEST.labels(service).set(age)
    return False


async def list_earlier(runtime: Runtime) -> None:
    """Puts persons whom an earlier version erased on the topic of the suppression list."""
    await list_earlier_erasures(runtime.store)


async def end_old_entries(runtime: Runtime) -> bool:
    """Ends the entries of the suppression list that are older than the oldest backup."""
    before = listed_since(runtime.settings, runtime.store.clock())
    return before is not None and await end_entries(runtime.store, before)


def letters(store: Store, settings: Settings) -> LetterOf:
    """How intake composes its messages."""
    return Letters(store, settings).compose


def recipients(settings: Settings) -> OnRecipient:
    """How intake records to which contact a message was sent."""
    return Recipients(settings).record


def jobs(runtime: Runtime) -> list[Job]:
    """The background jobs of intake."""
    seconds = runtime.settings.round_seconds
    return [
        Job("desk-topics", partial(create_desk_topics, runtime), min(10, seconds)),
        Job("end-of-day", partial(end_days, runtime.store), seconds),
        Job("remind", partial(remind, runtime.store), min(60, seconds)),
        Job("end-reminders", partial(end_reminders, runtime.store), 60 * seconds),
        Job("end-booking-requests", partial(delete_ended, runtime.store), min(60, seconds)),
        Job("erase-due", partial(erase_due, runtime.store), 60 * seconds),
        Job("person-keys", partial(make_keys, runtime.store), seconds),
        Job("prune-accesses", partial(prune_accesses, runtime.store, runtime.settings.export_log_days), 60 * seconds),
        Job("end-erased", partial(end_old_entries, runtime), 60 * seconds),
        Job("erasure-gauges", partial(measure_erasures, runtime), min(10, seconds)),
    ]


SERVICE = Service(
    name="intake",
    nav=NAV,
    metadata=Table.metadata,
    reactions=reactions,
    routers=(*api.routers, *pages.routers, mail_router("intake", Message, WITHHELD_WORDS)),
    folder=Path(__file__).parent,
    accounts=Account,
    settings=IntakeSettings,
    visitors=Visitor,
    aliases=Alias,
    visitor_paths=("/intake/mine",),
    import_paths=(api.IMPORT_PATH,),
    batch_paths=api.BATCH_PATHS,
    erasing=Erasing(erase_again, col(ErasedSubject.subject_ref), col(ErasedSubject.erased_at)),
    on_start=list_earlier,
    mail=Mailing(Message, letters, contact_refused, recipients, Pause),
    jobs=jobs,
    personal_data=PERSONAL_DATA,
    on_restore=restore,
)
