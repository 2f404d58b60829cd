"""The suppression list, with everyone who was erased: a compacted topic, and a file on each machine.

docs/decisions/0023-suppression-list.md says why there are two.
"""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

import sqlalchemy as sa

from services.chassis.brokers.port import Broker
from services.chassis.brokers.reading import records_in
from services.chassis.events.dead_letters import erase_dead_letters
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import ERASED_UNREADABLE, Warns, log
from services.chassis.storage.erased_list import ErasedList
from services.chassis.storage.store import Store
from services.contracts.cloudevents import Record, UnreadableEvent, read_event
from services.contracts.intake import SubjectSuppressed
from services.contracts.topics import ERASED

_log = log(__name__)


class ErasedPersons:
    """The list as one service reads it."""

    def __init__(self, store: Store, broker: Broker, settings: Settings) -> None:
        self.file = ErasedList(settings.erased_list)
        self._earlier = ErasedList(settings.earlier_erased_list)
        self._store = store
        self._broker = broker
        self._settings = settings
        self._unreadable = 0
        """Records of the topic that could not be read the last time."""

    async def pages(self) -> AsyncGenerator[dict[UUID, datetime]]:
        """Everyone on the list, and when they were erased: the file, then the topic.

        The embedded broker starts empty, so it is not asked. Raises one of `BROKER_ERRORS`, `UnreadableList` or
        `OSError`.
        """
        since = self.since()
        for page in chain(self.file.pages(), self._earlier.pages()):
            yield {ref: at for ref, at in page.items() if since is None or at >= since}
        if not self._broker.keeps_history:
            return
        self._unreadable = 0
        async for records in records_in(self._broker, ERASED.name):
            entries = [entry for record in records if (entry := self._entry(record)) is not None]
            yield {ref: at for ref, at in entries if since is None or at >= since}
        ERASED_UNREADABLE.labels(self._store.service).set(self._unreadable)

    def _entry(self, record: Record) -> tuple[UUID, datetime] | None:
        """Whom a record of the topic names as erased, and when; None: nobody.

        One that cannot be read is put aside. If its key is a reference, it counts as erased now: to erase a person of a
        restored store in error is the smaller harm than to show one who was erased.
        """
        ref = _reference(record.key)
        if not record.value and ref is not None:
            return None  # ends an entry
        try:
            event = read_event(record, {SubjectSuppressed.type}).event
            if isinstance(event, SubjectSuppressed):
                return event.subject_ref, event.at
            reason = "unknown-type"
        except UnreadableEvent as error:
            reason = error.reason
        self._unreadable += 1
        facts = {"service": self._store.service, "partition": record.partition, "offset": record.offset}
        _log.error("unreadable record on the list", **facts, reason=reason, counts_as_erased=ref is not None)
        return (ref, self._store.clock()) if ref is not None else None

    def since(self) -> datetime | None:
        """Who was erased earlier is in no backup any more. None: backups are kept forever."""
        return listed_since(self._settings, self._store.clock())

    def warnings(self) -> dict[Warns, str]:
        """What an operator should know about the list."""
        found: dict[Warns, str] = {}
        if self._unreadable:
            counted = "a key that is a reference counts as an erased person"
            found["erased-records"] = f"{self._unreadable} unreadable records on {ERASED.name}; {counted}"
        if self._settings.erased_list_is_in_data:
            found["erased-file"] = f"{self._settings.erased_list} is in the data folder: a restore would replace it"
        return found


async def erase_letters_of_listed(store: Store, listed: ErasedPersons) -> bool:
    """Empty the dead letters about erased persons that no erasure reached. Returns False: one round empties all.

    They came after it, or the service keeps nothing else about persons and is not asked to erase any. The list is read
    only if there is a dead letter about a person.
    """
    letters = store.table("dead_letters")
    async with store.read() as session:
        chosen = sa.select(letters.c.subject_ref).where(letters.c.subject_ref.is_not(None)).distinct()
        about = set(await session.scalars(chosen))
    if not about:
        return False
    async for page in listed.pages():
        for subject_ref in sorted(about & page.keys()):
            async with store.work() as work:
                await erase_dead_letters(work, subject_ref)
    return False


def _reference(key: bytes | None) -> UUID | None:
    try:
        return UUID((key or b"").decode())
    except ValueError:
        return None


def listed_since(settings: Settings, now: datetime) -> datetime | None:
    """Who was erased earlier is in no backup any more, so that their entry ends. None: entries never end.

    The day of the erasure and that of the backup may differ by almost one.
    """
    return now - timedelta(days=settings.backup_days + 1) if settings.backup_days else None
