"""The definition of a service, which its `app.py` composes, and its runtime in a process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from starlette.requests import HTTPConnection

from services.chassis.brokers.port import Broker
from services.chassis.copies.accounts import AccountCopy, Accounts
from services.chassis.copies.aliases import AliasCopy
from services.chassis.copies.visitors import Visitors, WithLink
from services.chassis.events.asyncapi import EventSpecification
from services.chassis.events.catching_up import CatchingUp
from services.chassis.events.consumer import Consumer
from services.chassis.events.reactions import Reactions
from services.chassis.events.rebuild import Rebuilding
from services.chassis.events.relay import Relay
from services.chassis.events.restoring import Seen
from services.chassis.events.rights import consumed_topics, emitted_topics
from services.chassis.identity.access import AccessPolicy
from services.chassis.runtime.clock import Clock, system_clock
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import FromEnvironment, Settings
from services.chassis.service.boards import Boards
from services.chassis.service.erased_persons import ErasedPersons, erase_letters_of_listed
from services.chassis.service.gauges import measure
from services.chassis.service.jobs import Job
from services.chassis.service.mailing import Mailing, mail_jobs
from services.chassis.service.personal_data import PersonalData, prune_exports
from services.chassis.service.retention import prune
from services.chassis.service.store_mark import LastWrite, StoreMark
from services.chassis.service.suppression import Erasing, Suppression
from services.chassis.storage.group_commit import BulkAction, GroupCommit, Item, Result
from services.chassis.storage.remains import clean, mark_deleted_contents, pause_of
from services.chassis.storage.store import Store, Work
from services.contracts.roles import Role
from services.contracts.topics import ACCOUNTS, ERASED, Topic

REREAD = "reread"
"""The part of a service that is not ready while its restored store has not read its topics again."""
TOKEN_USES = "token-uses"  # noqa: S105 - not a password
"""The kind of the hints about machines' tokens in use; the rest of the name is the token's id."""


@dataclass(frozen=True, slots=True)
class Card:
    """A link's card on the platform's first page: an icon's name and two msgids."""

    icon: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation; `roles` None: for everyone."""

    label: str
    href: str
    roles: tuple[Role, ...] | None = None
    region_wide: tuple[Role, ...] = ()
    """Further roles, of people who work for the whole region."""
    home_of: Role | None = None
    """The role whose people are sent here after sign-in."""
    card: Card | None = None
    help_for: Role | None = None
    """The role whose help page this is. It is not in the menu: the frame's link "Help" leads there."""
    signs: Literal["in", "out", "closes"] | None = None
    """Where accounts sign in or out, or a visitor's plan is closed. It is not in the menu."""
    own_data: bool = False
    """The page with what the service holds about a visitor; the label is its title there. It is not in the menu."""
    for_public: bool = False
    """Only in the menu of who is not signed in: others have another way to the same."""

    @property
    def policy(self) -> AccessPolicy:
        """Who sees it: who may use the page."""
        return AccessPolicy(self.roles, self.region_wide)


@dataclass(frozen=True, slots=True)
class Navigation:
    """What people see of a service on every page: its name, which is a msgid, and its links."""

    title: str
    links: tuple[Link, ...] = ()
    scripts: tuple[str, ...] = ()
    """Which of its browser files every page of a signed-in person loads, also those of the other services: what the
    browser keeps for it is deleted wherever the person signs out."""


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """One of the five services. Its name is its path; database and consumer group are named after it."""

    name: str
    nav: Navigation
    metadata: sa.MetaData
    reactions: Reactions
    routers: tuple[Any, ...]
    folder: Path
    """Where its templates, locales and migrations are."""
    on_start: Callable[["Runtime"], Awaitable[None]] | None = None
    """Runs once the store is ready, before the first request."""
    read_model_tables: tuple[Any, ...] = ()
    """All tables of a read model, which a rebuild empties and fills from the topics."""
    import_paths: tuple[str, ...] = field(default=())
    """Paths with bodies larger than the limit: the streaming imports."""
    batch_paths: tuple[str, ...] = ()
    """Paths that begin like this have bodies with hundreds of entries, larger than the limit by `BATCH`."""
    low_latency: bool = True
    """Users wait for the effect of its incoming events. If False, fetches wait up to `CEFO_FETCH_WAIT_MS` for more."""
    jobs: Callable[["Runtime"], Sequence[Job]] = lambda runtime: ()
    """Its background jobs."""
    accounts: type[AccountCopy] | None = None
    """Its table of accounts. None: it knows no accounts, and their tokens give no right."""
    visitors: type[WithLink] | None = None
    """Its table of visitors with their current links. None: it shows visitors nothing."""
    aliases: type[AliasCopy] | None = None
    """Its table of the references of persons who were merged. None: it keeps no rows about persons."""
    visitor_paths: tuple[str, ...] = ()
    """Paths that begin like this belong to the visitor whose plan is open, not to the account of the same browser."""
    settings: type[FromEnvironment] | None = None
    """What it alone asks for, beside the settings of every process."""
    mail: Mailing | None = None
    """Its messages by e-mail and to telephones, if it sends any."""
    on_restore: Callable[[Work, Seen], Awaitable[Mapping[str, int]]] | None = None
    """Ends again what was ended after the backup from which its store was restored; returns how many of each kind."""
    last_write: LastWrite | None = None
    """Of a service that emits nothing: when it last wrote what it writes again and again."""
    personal_data: PersonalData[Any] | None = None
    """What it holds about persons. None: nothing."""
    erasing: Erasing | None = None
    """How it erases persons. None: it keeps no reference to any."""

    @property
    def consumed(self) -> list[Topic]:
        """The topics that it consumes, and the one that every service reads by itself."""
        return [*consumed_topics(self.reactions), ERASED]

    @property
    def topics(self) -> list[Topic]:
        """The topics that it emits on and those that it consumes."""
        return [*emitted_topics(self.name), *self.consumed]


class Runtime:
    """One service's store, relay, consumer and background jobs in one process."""

    consumer: Consumer

    def __init__(
        self, service: Service, settings: Settings, broker: Broker, live: Live, clock: Clock = system_clock
    ) -> None:
        self.service = service
        self.settings = settings
        self.own_settings = service.settings() if service.settings is not None else None
        """The service's own; its settings.py gives them by their type."""
        self.broker = broker
        self.live = live
        self.clock = clock
        self.store = Store(settings.store_url(service.name), service.name, service.metadata, clock)
        self.store.on_boards_changed = partial(live.changed, service=service.name)
        self.accounts = Accounts(self.store, service.accounts, self._token_used) if service.accounts else None
        """Whom the tokens of accounts belong to."""
        known = service.visitors
        self.visitors = Visitors(self.store, known, service.aliases) if known is not None else None
        """Whom the tokens of opened links belong to."""
        self.boards = Boards(self.store, live)
        self.stream = broker.stream(service.name)
        """The service's FastStream broker: its reactions are registered on it, its events are published through it."""
        self.specification = EventSpecification(
            f"cefo · {service.name}", {service.name: service.reactions}, self.stream, settings
        )
        made = service.read_model_tables
        self.rebuilding = Rebuilding(self.store, broker, service.reactions, made) if made else None
        consumed = (service.reactions, self.rebuilding)
        self.consumer = Consumer(self.store, broker, *consumed, stream=self.stream, low_latency=service.low_latency)
        self.catching_up = CatchingUp(self.store, broker, *consumed, damaged=self.consumer.damaged)
        # A broker without history gives a restored service only what the relays send again, its own too.
        opened = self.catching_up.done if broker.keeps_history else None
        self.relay = Relay(self.store, broker, self.stream, opened)
        broker.outboxes.append(self.store)
        self.mark = StoreMark(self.store, settings, service.last_write)
        self._prepared = False
        self.erased = ErasedPersons(self.store, broker, settings)
        self.suppression = Suppression(self.store, self.erased, service.erasing, settings) if service.erasing else None
        self.mail = service.mail.sender(self.store, settings) if service.mail is not None else None
        self.extra: dict[str, Any] = {}
        """A service's in-memory objects, for example a search index."""
        self._tasks: list[asyncio.Task[None]] = []
        self._jobs: list[asyncio.Task[None]] = []
        self._group_commits: dict[Any, GroupCommit[Any, Any]] = {}

    async def prepare(self) -> None:
        """Migrate the store and check that it is not an older one. Once; raises `OlderStore`."""
        if not self._prepared:
            await self.mark.bring_up_to_date(self.service.folder / "migrations")
            await self.catching_up.begin()
            self._prepared = True

    async def start(self, before_relay: Callable[[Store], Awaitable[None]] | None = None) -> None:
        """Prepare the store, erase whom a restored one brought back, then start relay, consumer and background jobs.

        What a restored store emits and does by itself waits until it has read its topics again.
        """
        await self.prepare()
        await mark_deleted_contents(self.store)
        if self.suppression is not None:
            await self.suppression.enforce()
        if before_relay is not None:
            await before_relay(self.store)
        if self.service.on_start is not None:
            await self.service.on_start(self)
        if self.rebuilding is not None:
            await self.rebuilding.load_latest()
        self._tasks = [
            asyncio.create_task(self.relay.run(), name=f"{self.service.name}.relay"),
            asyncio.create_task(self.consumer.run(), name=f"{self.service.name}.consumer"),
            asyncio.create_task(self.catching_up.run(), name=f"{self.service.name}.catching-up"),
        ]
        if self.rebuilding is not None:
            self._tasks.append(asyncio.create_task(self.rebuilding.run(), name=f"{self.service.name}.rebuilding"))
        acting = self.acting_jobs()
        self._jobs = [
            asyncio.create_task(self._run(job, acting=job in acting), name=f"{self.service.name}.{job.name}")
            for job in (*acting, *self.own_jobs())
        ]

    def acting_jobs(self) -> list[Job]:
        """The background jobs that wait until a restored store has read its topics again."""
        return [*self.service.jobs(self), *mail_jobs(self.mail, self.settings)]

    async def _run(self, job: Job, *, acting: bool) -> None:
        if acting:
            await self.catching_up.done.wait()
        await job.run(self.service.name)

    def own_jobs(self) -> list[Job]:
        """The background jobs of every service."""
        seconds, read_model = self.settings.round_seconds, self.rebuilding is not None
        return [
            Job("retention", partial(prune, self.store, self.settings, read_model=read_model), 60 * seconds),
            Job("seal-old", self.consumer.seal_old, 60 * seconds),
            Job("remains", partial(clean, self.store), pause_of(self.store, seconds)),
            Job("gauges", partial(measure, self.store, self.consumer), min(10, seconds)),
            Job("store-mark", self.mark.keep, min(10, seconds)),
            *self._export_jobs(),
            Job("erased-letters", partial(erase_letters_of_listed, self.store, self.erased), 60 * seconds),
            *(self.suppression.jobs() if self.suppression is not None else ()),
        ]

    def _export_jobs(self) -> list[Job]:
        """The background jobs of a service that holds something about persons: their exports are logged."""
        if self.service.personal_data is None:
            return []
        table, days = self.service.personal_data.exports, self.settings.export_log_days
        return [Job("prune-exports", partial(prune_exports, self.store, table, days), 60 * self.settings.round_seconds)]

    def _token_used(self, token: UUID) -> None:
        """Let the owner of the accounts know that a machine's token is in use. A hint that is lost comes again."""
        self.live.changed({f"{TOKEN_USES}/{token}"}, service=ACCOUNTS.owner)

    def group_commit(self, act: BulkAction[Item, Result]) -> GroupCommit[Item, Result]:
        """The group commit of this bulk action; one for all requests."""
        return self._group_commits.setdefault(act, GroupCommit(self.store, act))

    async def stop(self) -> None:
        """Stop jobs, consumer and relay, then close the store. Interrupted work is redone after a restart."""
        tasks = [*self._jobs, *reversed(self._tasks)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._tasks:  # never by a start that the mark itself refused
            await asyncio.gather(self.mark.keep(), return_exceptions=True)
        await self.boards.stop()
        await self.store.close()

    async def ready(self) -> dict[str, bool]:
        """Whether the store answers, and relay and consumer run; while a restored store is behind, also that."""
        try:
            async with self.store.read() as session:
                await session.execute(sa.text("select 1"))
            store = True
        except Exception:
            store = False
        relay_runs, consumer_runs = [not task.done() for task in self._tasks[:2]] or (False, False)
        parts = {"store": store, "relay": relay_runs, "consumer": consumer_runs and self.consumer.ready.is_set()}
        return parts if self.catching_up.done.is_set() else parts | {REREAD: False}


def runtime_of(connection: HTTPConnection) -> Runtime:
    """The runtime of the service that answers this request."""
    return connection.app.state.runtime
