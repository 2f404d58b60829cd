"""The service definition of the directory."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import stamina
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import TOKEN_USES, Runtime, Service
from services.chassis.service.jobs import Job
from services.chassis.service.mailing import Mailing
from services.chassis.service.suppression import Erasing
from services.chassis.web.mail_pages import mail_router
from services.directory import actions, api, pages
from services.directory.actions import sign_in_links
from services.directory.actions.restoring import restore
from services.directory.demo import demo_providers
from services.directory.demo.accounts import DEMO_STAFF
from services.directory.demo.centres import demo_contacts
from services.directory.domain import SeededMeanwhile
from services.directory.domain.refusals import CodeTaken
from services.directory.nav import NAV
from services.directory.pages.personal_data import PERSONAL_DATA
from services.directory.reactions import reactions
from services.directory.search import search_of
from services.directory.settings import DirectorySettings, settings_of
from services.directory.store import Account, Alias, ErasedSubject, Mail, Table, Visitor
from services.directory.store.accounts import keep_uses, remove_expired_sign_ins


async def start(runtime: Runtime) -> None:
    """Publishes the centres and what the demonstration has that are missing, then builds the search index."""
    runtime.live.watch(TOKEN_USES, _used_tokens(runtime).add)
    today = runtime.clock().astimezone(BRUSSELS).date()
    await _publish(runtime, today)
    async with runtime.store.read() as session:
        await search_of(runtime).catch_up(session, today)


# Another replica may publish them at the same time; the retry finds its rows.
@stamina.retry(on=(SeededMeanwhile, CodeTaken, IntegrityError), attempts=5, wait_initial=0.05, wait_jitter=0.1)
async def _publish(runtime: Runtime, today: date) -> None:
    async with runtime.store.work() as work:
        await actions.open_feed(work)
        await actions.publish_centres(work, demo_contacts() if runtime.settings.demo else None)
        if runtime.settings.demo:
            await actions.seed_providers(work, demo_providers(today))
            await actions.accounts.seed_staff(work, DEMO_STAFF)


_A_ROUND = 200


async def expire_referrals(runtime: Runtime) -> bool:
    """Expires at most `_A_ROUND` overdue referrals. True: more may be due."""
    within = timedelta(days=settings_of(runtime).referral_days)
    async with runtime.store.work() as work:
        return await actions.expire(work, within, _A_ROUND) == _A_ROUND


async def prune_links(runtime: Runtime) -> bool:
    """Removes one-time links that neither sign in nor count any more."""
    async with runtime.store.work() as work:
        await sign_in_links.prune_links(work)
    return False


async def prune_sign_ins(runtime: Runtime) -> bool:
    """Removes sign-ins that have expired."""
    async with runtime.store.work() as work:
        await remove_expired_sign_ins(work.session, work.now)
    return False


async def remove_names(runtime: Runtime) -> bool:
    """Removes the names of people whose accounts were deactivated long ago. True: there may be more."""
    kept = timedelta(days=settings_of(runtime).account_name_days)
    async with runtime.store.work() as work:
        return await actions.accounts.remove_names(work, work.now - kept, _A_ROUND) == _A_ROUND


def _used_tokens(runtime: Runtime) -> set[str]:
    """The ids of machine tokens that services saw since they were last kept."""
    return runtime.extra.setdefault(TOKEN_USES, set())


async def keep_token_uses(runtime: Runtime) -> bool:
    """Keeps on which day machine tokens were last used."""
    used = _used_tokens(runtime)
    tokens = sorted(map(UUID, used))
    used.clear()
    if tokens:
        async with runtime.store.work() as work:
            await keep_uses(work.session, tokens, work.now.astimezone(BRUSSELS).date())
    return False


def jobs(runtime: Runtime) -> list[Job]:
    """The background jobs: expiring referrals, removing old links, sign-ins and names, keeping tokens' use."""
    seconds = runtime.settings.round_seconds
    return [
        Job("expire-referrals", partial(expire_referrals, runtime), seconds),
        Job("prune-links", partial(prune_links, runtime), 60 * seconds),
        Job("prune-sign-ins", partial(prune_sign_ins, runtime), 60 * seconds),
        Job("remove-account-names", partial(remove_names, runtime), 60 * seconds),
        Job("keep-token-uses", partial(keep_token_uses, runtime), min(5, seconds)),
    ]


SERVICE = Service(
    name="directory",
    nav=NAV,
    metadata=Table.metadata,
    reactions=reactions,
    routers=(*api.routers, *pages.routers, mail_router("directory", Mail)),
    folder=Path(__file__).parent,
    accounts=Account,
    import_paths=api.IMPORT_PATHS,
    on_start=start,
    on_restore=restore,
    jobs=jobs,
    settings=DirectorySettings,
    mail=Mailing(Mail),
    visitors=Visitor,
    aliases=Alias,
    visitor_paths=("/directory/mine",),
    personal_data=PERSONAL_DATA,
    erasing=Erasing(actions.erase_subject, col(ErasedSubject.id), col(ErasedSubject.erased_at)),
)
