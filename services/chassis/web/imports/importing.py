"""Records the lines of an import in batches. A known line changes nothing, and a bad one takes no other with it.

Response (NDJSON): one object per fault of a bad line `{line, field, rule, message}`, with those values of its refusal
that are not in the message, then one summary `{lines, accepted, unchanged, refused}`, which counts lines.
"""

import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, cast
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel
from starlette.requests import Request
from starlette.responses import Response

from services.chassis.refusals import Refused
from services.chassis.runtime.telemetry import log
from services.chassis.runtime.tracing import current_traceparent
from services.chassis.service.definition import runtime_of
from services.chassis.storage.bulk import in_list
from services.chassis.storage.checks import check_same, fingerprint
from services.chassis.storage.errors import is_unavailable, retry_on_conflict
from services.chassis.storage.store import Cause, Store, Work
from services.chassis.web.imports.bodies import BodyLines
from services.chassis.web.imports.faults import BadLine, NotStored
from services.chassis.web.imports.kinds import CsvReader, JsonReader, Line, Parsed, Reader, is_csv
from services.chassis.web.imports.partly import FaultyLine, WrongField
from services.chassis.web.media import Lines

_log = log(__name__)

BATCH = 1000
"""Most lines of one transaction; an import may ask for fewer."""
BATCH_BYTES = 192 * 1024
"""Most bytes of one transaction: a line may be long, such as a workshop with all participants."""
TRIES = 5

Numbered = list[tuple[int, Line]]
"""Lines with their numbers."""
NumberedFaulty = list[tuple[int, FaultyLine]]


@dataclass(slots=True)
class Outcome:
    """The outcome of a batch: the number of new lines, and the bad lines. The others were repetitions."""

    accepted: int = 0
    bad: list[BadLine] = field(default_factory=list[BadLine])


Fingerprints = dict[UUID, str | None]
Recorder = Callable[[Work, Numbered[Line]], Awaitable[Outcome]]
Checks = Callable[[AsyncSession, datetime], Awaitable[Callable[[Line], None]]]
"""Loads what the rules of a line need, and returns the check of one line at this time, which raises its refusals."""


async def fingerprints_of(session: AsyncSession, table: type[SQLModel], ids: Sequence[UUID]) -> Fingerprints:
    """The fingerprints of the existing rows among these, by id; None for a row that was not imported."""
    columns = cast(Any, table).__table__.c
    chosen = sa.select(columns.id, columns.fingerprint).where(in_list(columns.id, "ids"))
    return {row.id: row.fingerprint for row in await session.execute(chosen, {"ids": ids})}


class SeveralRefused(Exception):
    """A line breaks several rules."""

    def __init__(self, refusals: list[Refused]) -> None:
        self.refusals = refusals
        super().__init__("; ".join(map(str, refusals)))


def check_each(*checks: Callable[[], object]) -> None:
    """Run every check of a line, also after one that failed. Raises `SeveralRefused` with each refusal.

    A check that needs a field which is wrong itself is left out: that fault is reported already.
    """
    refusals = list[Refused]()
    for check in checks:
        try:
            check()
        except Refused as refused:
            refusals.append(refused)
        except SeveralRefused as several:
            refusals += several.refusals
        except WrongField:
            pass
    if refusals:
        raise SeveralRefused(refusals)


def import_once(lines: Numbered[Line], key: str, known: Fingerprints, keep: Callable[[Line, str], None]) -> Outcome:
    """Import each new line by `keep(line, fingerprint)`, which may raise a refusal, or several.

    `key`: the field with the id. A line whose id is known changes nothing if its content is the same; otherwise it is
    refused with `AlreadyDifferent`.
    """
    outcome = Outcome()
    for number, line in lines:
        id, sent = getattr(line, key), fingerprint(line.model_dump_json().encode())
        try:
            if id in known:
                check_same(known[id], sent, field=key, id=id)
                continue
            keep(line, sent)
        except Refused as refused:
            outcome.bad.append(BadLine.from_refusal(number, refused))
            continue
        except SeveralRefused as several:
            outcome.bad += [BadLine.from_refusal(number, refused) for refused in several.refusals]
            continue
        known[id] = sent
        outcome.accepted += 1
    return outcome


async def import_lines(
    request: Request,
    line_model: type[Line],
    record: Recorder[Line],
    checks: Checks[Line],
    *,
    tables: bool = True,
    batch_lines: int | None = None,
) -> Response:
    """Import the request's body: NDJSON, or CSV if its `Content-Type` says so; packed by gzip or not.

    `checks`: the rules, for a line with faults of form. `tables`: CSV is possible. `batch_lines`: most lines of one
    transaction. Raises `UnknownKindOfFile`, and what is wrong with a file as a whole.
    """
    as_csv = is_csv(request.headers, tables=tables)
    body = BodyLines(request.app.state.settings.import_limit)
    reader: Reader[Line] = CsvReader(line_model, body) if as_csv else JsonReader(line_model, body)
    report = _Report()
    store, cause = runtime_of(request).store, Cause(traceparent=current_traceparent())
    batch = _Batch[Line](
        lambda lines: record_batch(store, lines, record, cause),
        lambda lines: check_faulty(store, lines, checks),
        report,
        batch_lines or BATCH,
    )
    try:
        async for chunk in request.stream():
            for number, line in body.of(chunk):
                await batch.add(len(line), reader.of(number, line))
        for number, line in body.last():
            await batch.add(len(line), reader.of(number, line))
        await batch.add(0, reader.last())
        await batch.record()
    except BaseException:
        report.close()
        raise
    return Lines(report.sent())


class _Report:
    """The answer to an import, spooled to disk: the faults, then the totals."""

    def __init__(self) -> None:
        self.totals = {"lines": 0, "accepted": 0, "unchanged": 0, "refused": 0}
        self._file: Any = tempfile.SpooledTemporaryFile(max_size=1_000_000)  # noqa: SIM115 - closed when sent

    def refuse(self, faults: Iterable[BadLine]) -> None:
        """Report these faults, and count their lines as refused."""
        numbers = set[int]()
        for fault in faults:
            numbers.add(fault.line)
            self._file.write(fault.to_json() + b"\n")
        self.totals["refused"] += len(numbers)

    def close(self) -> None:
        """Drop the report."""
        self._file.close()

    async def sent(self) -> AsyncGenerator[bytes]:
        """The whole report, in chunks."""
        self._file.write(orjson.dumps(self.totals) + b"\n")
        self._file.seek(0)
        try:
            while chunk := self._file.read(65_536):
                yield chunk
        finally:
            self._file.close()


class _Batch(Generic[Line]):
    """Gathers valid lines, and records them when there are enough."""

    def __init__(
        self,
        record: Callable[[Numbered[Line]], Awaitable[Outcome]],
        check: Callable[[NumberedFaulty], Awaitable[list[BadLine]]],
        report: _Report,
        most: int,
    ) -> None:
        self._record, self._check, self._report, self._most = record, check, report, most
        self._lines: Numbered[Line] = []
        self._faulty: NumberedFaulty = []
        self._bytes = 0

    async def add(self, size: int, parsed: Iterable[Parsed[Line]]) -> None:
        """Add what was read from a line of so many bytes."""
        self._bytes += size
        for number, line in parsed:
            self._report.totals["lines"] += 1
            if isinstance(line, FaultyLine):
                self._faulty.append((number, line))
            else:
                self._lines.append((number, line))
            if len(self._lines) + len(self._faulty) >= self._most or self._bytes >= BATCH_BYTES:
                await self.record()

    async def record(self) -> None:
        """Record the lines that are gathered, and report the faults of the others."""
        self._bytes = 0
        faults = list[BadLine]()
        if self._faulty:
            faulty, self._faulty = self._faulty, []
            faults += await self._check(faulty)
        if self._lines:
            lines, self._lines = self._lines, []
            outcome = await self._record(lines)
            bad = {fault.line for fault in outcome.bad}
            self._report.totals["accepted"] += outcome.accepted
            self._report.totals["unchanged"] += len(lines) - outcome.accepted - len(bad)
            faults += outcome.bad
        self._report.refuse(sorted(faults, key=lambda fault: fault.line))


async def check_faulty(store: Store, lines: NumberedFaulty, checks: Checks[Any]) -> list[BadLine]:
    """The faults of these lines: those of their form, and the rules that their right fields break."""
    found = list[BadLine]()
    async with store.read() as session:
        check = await checks(session, store.clock())
    for number, line in lines:
        found += line.faults
        try:
            if line.right is not None:
                check(line.right)
        except Refused as refused:
            found.append(BadLine.from_refusal(number, refused))
        except SeveralRefused as several:
            found += [BadLine.from_refusal(number, refused) for refused in several.refusals]
        except WrongField:
            continue  # nothing else can be checked
    return found


async def record_batch(
    store: Store, batch: Numbered[Line], record: Recorder[Line], cause: Cause | None = None
) -> Outcome:
    """Record one batch in one transaction.

    On a conflict with another import of the same lines it is retried; then these lines are repetitions. If the store
    refuses it, its halves are recorded one after the other, so that a line which cannot be stored takes no other with
    it.
    """

    async def once() -> Outcome:
        async with store.work(cause) as work:
            return await record(work, batch)

    try:
        return await retry_on_conflict(once, TRIES)
    except Exception as error:
        if is_unavailable(error):
            raise
        if len(batch) == 1:
            return Outcome(bad=[_unstored(batch[0][0], error)])
    half = len(batch) // 2
    outcomes = [await record_batch(store, part, record, cause) for part in (batch[:half], batch[half:])]
    return Outcome(sum(one.accepted for one in outcomes), [bad for one in outcomes for bad in one.bad])


def _unstored(number: int, error: Exception) -> BadLine:
    """The fault of a line that the store refuses."""
    if isinstance(error, Refused):
        return BadLine.from_refusal(number, error)
    _log.error("an imported line was not stored", line=number, exc_info=error)
    return BadLine.from_refusal(number, NotStored())
