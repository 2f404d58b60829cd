"""Streaming imports of NDJSON or CSV: valid lines are imported in batches, bad lines are reported.

The body is streamed and never in memory as a whole; reports are spooled to disk and sent after the body has ended.
Response (NDJSON): one object per bad line `{line, field, rule, message}`, with those values of its refusal that are not
in the message, then one summary `{lines, accepted, unchanged, refused}`.
"""

import csv
import io
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

import orjson
import sqlalchemy as sa
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.chassis.refusals import Invalid, Refused, msg
from services.chassis.runtime.tracing import current_traceparent
from services.chassis.service.definition import runtime_of
from services.chassis.storage.bulk import in_list
from services.chassis.storage.checks import check_same, fingerprint
from services.chassis.storage.errors import retry_on_conflict
from services.chassis.storage.store import Cause, Store, Work
from services.chassis.web.problems import Fault, faults_of, field_fault

BATCH = 1000
"""Most lines of one transaction; an import may ask for fewer."""
BATCH_BYTES = 192 * 1024
"""Most bytes of one transaction: a line may be long, such as a workshop with all participants."""
TRIES = 5
LINE_LIMIT = 65_536

Line = TypeVar("Line", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class BadLine:
    """Why a line was not imported."""

    line: int
    field: str | None
    rule: str
    message: str
    values: dict[str, Any] | None = None
    """The values of the refusal that are not in its message."""

    @classmethod
    def from_refusal(cls, line: int, refused: Refused) -> "BadLine":
        """The bad line for this refusal."""
        return cls.from_fault(line, faults_of(refused)[0])

    @classmethod
    def from_fault(cls, line: int, fault: Fault) -> "BadLine":
        """The bad line for this fault of a refusal or of pydantic."""
        values = {name: value for name, value in fault.items() if name not in ("field", "rule", "message")}
        return cls(line, fault["field"] or None, fault["rule"], fault["message"], values)

    def to_json(self) -> bytes:
        """The line's object in the response."""
        own = {"line": self.line, "field": self.field, "rule": self.rule, "message": self.message}
        return orjson.dumps(own | (self.values or {}))


@dataclass(slots=True)
class Outcome:
    """The outcome of a batch: the number of new lines, and the bad lines. The others were repetitions."""

    accepted: int = 0
    bad: list[BadLine] = field(default_factory=list[BadLine])


Fingerprints = dict[UUID, str | None]
Recorder = Callable[[Work, list[tuple[int, Line]]], Awaitable[Outcome]]
Reader = Callable[[int, bytes], Line | BadLine | None]


class LineTooLong(Invalid):
    """A line of an import is longer than the limit."""

    slug = "line-too-long"
    message = msg("This line is too long. Shorten it. Maximum number of bytes: {limit}.")


class NoHeader(Invalid):
    """A CSV file without the expected header line."""

    slug = "csv-header"
    message = msg(
        "The first line of a CSV file gives the names of the columns. Unknown names: {unknown}. Correct them."
    )


class TooManyCells(Invalid):
    """A CSV line with more values than the header line has columns."""

    slug = "csv-cells"
    message = msg("This line has too many values: {cells} instead of {columns}. Remove the extra ones.")


async def fingerprints_of(session: AsyncSession, table: type[SQLModel], ids: Sequence[UUID]) -> Fingerprints:
    """The fingerprints of the existing rows among these, by id; None for a row that was not imported."""
    columns = cast(Any, table).__table__.c
    chosen = sa.select(columns.id, columns.fingerprint).where(in_list(columns.id, "ids"))
    return {row.id: row.fingerprint for row in await session.execute(chosen, {"ids": ids})}


def import_once(
    lines: list[tuple[int, Line]], key: str, known: Fingerprints, keep: Callable[[Line, str], None]
) -> Outcome:
    """Import each new line by `keep(line, fingerprint)`, which may raise a refusal.

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
        known[id] = sent
        outcome.accepted += 1
    return outcome


async def import_lines(
    request: Request, line_model: type[Line], record: Recorder[Line], *, batch_lines: int | None = None
) -> Response:
    """Import the request's body: CSV if its `Content-Type` is `text/csv`, otherwise NDJSON.

    `batch_lines`: most lines of one transaction, instead of `BATCH`.
    """
    store, cause = runtime_of(request).store, Cause(traceparent=current_traceparent())
    as_csv = request.headers.get("content-type", "").startswith("text/csv")
    lines, read = _Lines(), (_csv_lines if as_csv else _json_lines)(line_model)
    totals = {"lines": 0, "accepted": 0, "unchanged": 0, "refused": 0}
    answers: Any = tempfile.SpooledTemporaryFile(max_size=1_000_000)  # noqa: SIM115 - closed when sent
    batch: list[tuple[int, Line]] = []
    weight = 0

    def refuse(bad: list[BadLine]) -> None:
        totals["refused"] += len(bad)
        for one in bad:
            answers.write(one.to_json() + b"\n")

    async def keep() -> None:
        nonlocal weight
        weight = 0
        if batch:
            outcome = await record_batch(store, batch, record, cause)
            totals["accepted"] += outcome.accepted
            totals["unchanged"] += len(batch) - outcome.accepted - len(outcome.bad)
            refuse(outcome.bad)
            batch.clear()

    async def take(some: Iterator[tuple[int, bytes]]) -> None:
        nonlocal weight
        for number, line in some:
            weight += len(line)
            parsed = _read(read, number, line)
            totals["lines"] += parsed is not None
            if isinstance(parsed, BadLine):
                refuse([parsed])
            elif parsed is not None:
                batch.append((number, parsed))
            if len(batch) >= (batch_lines or BATCH) or weight >= BATCH_BYTES:
                await keep()

    try:
        async for chunk in request.stream():
            await take(lines.of(chunk))
        await take(lines.last())
        await keep()
    except BaseException:
        answers.close()
        raise
    answers.write(orjson.dumps(totals) + b"\n")
    return StreamingResponse(_spooled(answers), media_type="application/x-ndjson")


async def record_batch(
    store: Store, batch: list[tuple[int, Line]], record: Recorder[Line], cause: Cause | None = None
) -> Outcome:
    """Record one batch in one transaction.

    On a conflict with another import of the same lines it is retried; then these lines are repetitions.
    """

    async def once() -> Outcome:
        async with store.work(cause) as work:
            return await record(work, batch)

    return await retry_on_conflict(once, TRIES)


async def _spooled(file: Any) -> AsyncGenerator[bytes]:
    file.seek(0)
    try:
        while chunk := file.read(65_536):
            yield chunk
    finally:
        file.close()


class _Lines:
    """Splits a streamed body into non-empty lines, numbered from 1.

    A line beyond the limit is truncated to one byte more than the limit, so that it is refused.
    """

    def __init__(self) -> None:
        self._number, self._rest = 0, b""

    def of(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that end in this chunk."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[: LINE_LIMIT + 1]
        for line in lines:
            self._number += 1
            if line.strip():
                yield self._number, line[: LINE_LIMIT + 1]

    def last(self) -> Iterator[tuple[int, bytes]]:
        """The last line, if it has no line end."""
        return self.of(b"\n") if self._rest.strip() else iter(())


def _json_lines(model: type[Line]) -> Reader[Line]:
    """Reads a line of NDJSON."""
    return lambda number, line: model.model_validate_json(line)


def _csv_lines(model: type[Line]) -> Reader[Line]:
    """Reads a line of CSV; for the header line, which names the columns, it returns None."""
    columns: list[str] = []

    def read(number: int, line: bytes) -> Line | BadLine | None:
        try:
            cells = next(csv.reader(io.StringIO(line.decode("utf-8-sig"))), list[str]())
        except (UnicodeDecodeError, csv.Error) as error:
            return BadLine(number, None, "csv", str(error))
        if not columns:
            columns.extend(cell.strip() for cell in cells)
            if unknown := set(columns) - set(model.model_fields):
                raise NoHeader(unknown=", ".join(sorted(unknown)))
            return None
        if len(cells) > len(columns):
            return BadLine.from_refusal(number, TooManyCells(cells=len(cells), columns=len(columns)))
        return model.model_validate_strings({k: v for k, v in zip(columns, cells, strict=False) if v != ""})

    return read


def _read(read: Reader[Line], number: int, line: bytes) -> Line | BadLine | None:
    if len(line) > LINE_LIMIT:
        return BadLine.from_refusal(number, LineTooLong(limit=LINE_LIMIT))
    try:
        return read(number, line)
    except ValidationError as error:
        return _bad(number, error)


def _bad(number: int, error: ValidationError) -> BadLine:
    return BadLine.from_fault(number, field_fault(error.errors(include_url=False, include_input=False)[0]))
