"""Calendars of counsellors in other programs: entered, removed, and read at intervals by the guarded client.

Of a calendar nothing is kept but the quarter-hours in which it is busy. What is booked stays, whatever it says.
"""

import asyncio
import random
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.calendars.reading import BusyTimes, CalendarRefused, read_busy
from services.chassis.egress.addresses import EgressRefused, target_of
from services.chassis.egress.client import GuardedClient
from services.chassis.identity.encryption import Encryption, KeyGone
from services.chassis.refusals import Stale
from services.chassis.runtime.telemetry import log
from services.chassis.storage.claims import ClaimLost, claim, release
from services.chassis.storage.store import Store, Work
from services.scheduling.domain.external import (
    AGAIN,
    PAUSE,
    WORDS,
    AddressRefused,
    NoOtherCalendar,
    as_https,
    span_kept,
)
from services.scheduling.domain.slots import Timeline
from services.scheduling.store import Centre, ExternalBusy, ExternalCalendar
from services.scheduling.store.counsellors import accounts_with_code, is_bookable
from services.scheduling.store.external import busy_to_come, delete_busy, external_calendar, outdated_before

_log = log(__name__)
AT_ONCE = 5
"""Calendars that are claimed together."""
LEASE = timedelta(minutes=10)
"""Much longer than the slowest five take: each is 20 seconds of asking, and some of reading."""
BATCH = 200
_ETAG = 200
_SPREAD = 0.2
"""So much of the interval is random, so that calendars are not all read at the same moment."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How calendars are read. `every`: how often; `horizon`: how far ahead is booked."""

    client: GuardedClient
    encryption: Encryption
    every: timedelta
    horizon: timedelta


async def set_calendar(
    work: Work, counsellor: str, address: str, encryption: Encryption, hosts: Collection[str]
) -> ExternalCalendar:
    """Enter the address of a counsellor's other calendar, instead of the one before. It is read in a moment.

    Raises `AddressRefused`, `Stale`.
    """
    try:
        target = target_of(as_https(address), hosts=hosts)
    except EgressRefused as refused:
        raise AddressRefused(reason=WORDS[refused.why]) from None
    kept = await _locked(work, counsellor)
    if kept is not None:
        await work.session.delete(kept)
        await work.session.flush()
        await delete_busy(work.session, counsellor)
    work.guard("external_calendars_counsellor_unique", Stale(now=1, seen=0))
    return work.add(ExternalCalendar(counsellor=counsellor, address=encryption.encrypt(target.url.encode())))


async def remove_calendar(work: Work, counsellor: str) -> None:
    """Remove the other calendar with its busy times; where there is none, nothing changes."""
    kept = await _locked(work, counsellor)
    if kept is not None:
        await work.session.delete(kept)
        await work.session.flush()
        await delete_busy(work.session, counsellor)


async def read_soon(work: Work, counsellor: str) -> None:
    """Have the calendar read in the next round, but no more often than each `PAUSE`. Raises `NoOtherCalendar`."""
    kept = await _locked(work, counsellor)
    if kept is None:
        raise NoOtherCalendar()
    if kept.claim is None:
        kept.claimed_until = max(work.now, kept.asked_at + PAUSE) if kept.asked_at is not None else None


async def _locked(work: Work, counsellor: str) -> ExternalCalendar | None:
    known = await external_calendar(work.session, counsellor)
    return await work.find(ExternalCalendar, known.id) if known is not None else None


@dataclass(frozen=True, slots=True)
class CalendarState:
    """How it stands with a counsellor's other calendar. Its address is not in it.

    `site`: the name in the address; None: it can no longer be read. `failed`: a code of `WORDS`. `busy_times`: how many
    are to come; None: none are known, as it was never read, or not for too long.
    """

    site: str | None
    asked_at: datetime | None
    fetched_at: datetime | None
    failed: str | None
    busy_times: int | None
    unread: int


async def calendar_state(
    session: AsyncSession, counsellor: str, encryption: Encryption, now: datetime
) -> CalendarState | None:
    """The state of a counsellor's other calendar; None: there is none."""
    kept = await external_calendar(session, counsellor)
    if kept is None:
        return None
    try:
        site = urlsplit(encryption.decrypt(kept.address).decode()).hostname
    except KeyGone:
        site = None
    busy_times = await busy_to_come(session, counsellor, now)
    return CalendarState(site, kept.asked_at, kept.fetched_at, kept.failed, busy_times, kept.unread)


async def read_due(store: Store, reading: Reading) -> bool:
    """Read the calendars whose turn it is. True if there may be more."""
    rows = await claim(store, ExternalCalendar, most=AT_ONCE, lease=LEASE)
    for row in rows:
        await _read(store, row, reading)
    return len(rows) == AT_ONCE


async def drop_outdated(store: Store, kept: timedelta) -> bool:
    """Drop busy times whose calendar has not answered for so long: nobody knows whether they still hold."""
    moment = store.clock() - kept
    async with store.read() as session:
        counsellors = await outdated_before(session, moment, BATCH)
    for counsellor in counsellors:
        async with store.work() as work:
            calendar = await _locked(work, counsellor)
            if calendar is not None and calendar.fetched_at is not None and calendar.fetched_at < moment:
                await delete_busy(work.session, counsellor)
                calendar.etag = calendar.read_at = None  # what has not changed since is read again
    return len(counsellors) == BATCH


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of asking: `failed`, or `times`; with neither, the calendar has not changed."""

    failed: str | None = None
    times: BusyTimes | None = None
    etag: str | None = None


async def _read(store: Store, row: ExternalCalendar, reading: Reading) -> None:
    async with store.read() as session:
        zone = await _zone(session, row.counsellor)
    now = store.clock()
    span = span_kept(now, reading.horizon, zone)
    try:
        found = await _asked(row, reading, span, zone, now)
    except Exception as error:  # its text may name the address
        _log.error("calendar not read", reason=type(error).__name__)
        found = _Read(failed="failed")
    with suppress(ClaimLost):  # removed or replaced meanwhile
        async with store.work() as work:
            pause = reading.every * (1 - _SPREAD * random.random())  # noqa: S311 - no secret
            kept = await release(work, row, pause)
            await _keep(work, kept, found, span, now)


async def _zone(session: AsyncSession, counsellor: str) -> ZoneInfo:
    """Of the first centre at which the counsellor works: times without a zone are meant there."""
    accounts = await accounts_with_code(session, counsellor)
    centres = {one for account in accounts for one in account.centres if is_bookable(account, one)}
    for code in sorted(centres):
        if (centre := await session.get(Centre, code)) is not None:
            return centre.zone
    return ZoneInfo("UTC")


async def _asked(row: ExternalCalendar, reading: Reading, span: Timeline, zone: ZoneInfo, now: datetime) -> _Read:
    """Ask for the calendar and read it, in a thread: it takes a while."""
    known = row.etag if row.read_at is not None and now - row.read_at < AGAIN else None
    try:
        address = reading.encryption.decrypt(row.address).decode()
        answer = await reading.client.get(address, {"If-None-Match": known} if known else None)
        if answer.body is None:
            return _Read() if known else _Read(failed="status")
        times = await asyncio.to_thread(read_busy, answer.body, zone, span.begins, span.ends)
    except (EgressRefused, CalendarRefused) as refused:
        return _Read(failed=refused.why.value)
    except KeyGone:
        return _Read(failed="key-gone")
    etag = answer.headers.get("etag", "")
    return _Read(times=times, etag=etag if 0 < len(etag) <= _ETAG else None)


async def _keep(work: Work, kept: ExternalCalendar, found: _Read, span: Timeline, now: datetime) -> None:
    kept.asked_at, kept.failed = now, found.failed
    if found.failed is not None:
        return
    kept.fetched_at = now
    if found.times is None:
        return
    kept.etag, kept.read_at, kept.unread = found.etag, now, found.times.unread
    busy = ExternalBusy.of(kept.counsellor, span, found.times.intervals)
    before = await work.find(ExternalBusy, kept.counsellor)
    if before is None:
        work.add(busy)
    else:
        before.origin, before.bits = busy.origin, busy.bits
