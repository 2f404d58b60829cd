"""What a dead letter keeps of its record: the declared part in plain text, and the whole record encrypted for a while.

The whole record is kept only where a retry could need it: if it cannot be read. Of an event with undeclared fields of
a desk it is not kept. `sealed` is the encrypted record; it is deleted after `CEFO_UNREADABLE_DAYS`, when the dead
letter is decided, and when the person is erased whom the event is about.
"""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.chassis.events.declared import DeclaredPart, declared_part
from services.chassis.identity.encryption import Encryption
from services.chassis.refusals import Refused, msg
from services.chassis.runtime.settings import Settings
from services.chassis.storage.outbox import pack_headers, unpack_headers
from services.chassis.storage.store import Store
from services.chassis.storage.tables import CONTENTS, DEAD, HELD
from services.contracts.cloudevents import Record


class ContentDeleted(Refused):
    """The bytes of a dead letter were deleted, so that it can only be discarded."""

    slug = "content-deleted"
    message = msg("The content of this event was deleted on {date}. Discard it, and have its sender send it again.")


class KeptRecord(NamedTuple):
    """What is kept of a record."""

    declared: DeclaredPart
    columns: dict[str, Any]
    """The columns of its dead letter."""


class RecordSealer:
    """Decides what the dead letters of one service keep, and encrypts and decrypts it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _encryption(self) -> Encryption:
        return Encryption(self._settings, "dead-letters")

    def keep(self, record: Record, now: datetime) -> KeptRecord:
        """What a dead letter keeps of this record."""
        declared, whole = declared_part(record), _packed(record)
        key, headers, value = declared.record.key, declared.record.headers, declared.record.value
        columns = {
            "key": key,
            "headers": pack_headers(headers),
            "value": value,
            "withheld": declared.withheld,
            "subject_ref": declared.subject_ref,
            "fingerprint": self._encryption.digests(whole)[0],
            "sealed": None,
            "sealed_until": None,
        }
        if not declared.suffices:
            until = now + timedelta(days=self._settings.unreadable_days)
            columns |= {"sealed": self._encryption.encrypt(whole), "sealed_until": until}
        return KeptRecord(declared, columns)

    def fingerprints(self, record: Record) -> list[bytes]:
        """By which the dead letter of this very record is found."""
        return self._encryption.digests(_packed(record))

    def whole(self, row: Any) -> Record:
        """The record as it was read, or as much of it as a retry needs. Raises `ContentDeleted` or `KeyGone`."""
        if row.sealed is not None:
            return _unpacked(row, self._encryption.decrypt(row.sealed))
        if row.sealed_until is not None:
            raise ContentDeleted(date=row.sealed_until)
        return kept_record(row)


def kept_record(row: Any) -> Record:
    """The declared part of the record."""
    return Record(row.topic, row.key, unpack_headers(row.headers), row.value, row.partition, row.offset)


def _packed(record: Record) -> bytes:
    return pack_headers([("", record.key), ("", record.value), *record.headers])


def _unpacked(row: Any, packed: bytes) -> Record:
    (_, key), (_, value), *headers = unpack_headers(packed)
    return Record(row.topic, key, headers, value or b"", row.partition, row.offset)


async def seal_old(store: Store, sealer: RecordSealer, page: int = 200) -> bool:
    """Let dead letters of an earlier version keep no more than those of this one. Returns False: none is left.

    Their content can be read for `CEFO_UNREADABLE_DAYS` from now.
    """
    table = store.table("dead_letters")
    old = sa.select(table).where(table.c.fingerprint.is_(None)).limit(page)
    rows: list[Any] = [None]
    while rows:
        async with store.work() as work:
            rows = list((await work.session.execute(old.with_for_update(skip_locked=True))).all())
            for row in rows:
                columns = sealer.keep(kept_record(row), work.now).columns
                if row.state not in (*DEAD, *HELD) and columns["sealed"] is not None:
                    columns |= {"sealed": None, "sealed_until": work.now}
                await work.session.execute(sa.update(table).where(table.c.id == row.id).values(**columns))
                work.purged.update(CONTENTS)
    return False
