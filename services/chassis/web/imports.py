"""Streaming imports: NDJSON or CSV in, an answer per bad line out; the rest goes in, many lines a transaction.

The body is read as it comes and never held whole; the answers are spooled to disk and sent when the body has ended.
Answer (NDJSON): one object per bad line `{line, field, rule, message}`, then one summary
`{lines, accepted, unchanged, refused}`.
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
from services.chassis.web.problems import faults_of, field_fault

BATCH = 1000
"""Most lines of one transaction; an import may ask for fewer."""
BATCH_BYTES = 192 * 1024
"""A line may be long: a workshop with everybody in it. A transaction holds no more of those than of short ones."""
TRIES = 5
LINE_LIMIT = 65_536

Line = TypeVar("Line", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class BadLine:
    """Why a line was not taken in."""

    line: int
    field: str | None
    rule: str
    message: str

    @classmethod
    def from_refusal(cls, line: int, refused: Refused) -> "BadLine":
        """The line breaks this rule."""
        fault = faults_of(refused)[0]
        return cls(line, fault["field"] or None, fault["rule"], fault["message"])


@dataclass(slots=True)
class Outcome:
    """What became of a batch: how many lines were new, and which were bad. The others changed nothing."""

    accepted: int = 0
    bad: list[BadLine] = field(default_factory=list[BadLine])


Fingerprints = dict[UUID, str | None]
Recorder = Callable[[Work, list[tuple[int, Line]]], Awaitable[Outcome]]
Reader = Callable[[int, bytes], Line | BadLine | None]


class LineTooLong(Invalid):
    """A line of an import is longer than the limit."""

    slug = "line-too-long"
    message = msg("A line may hold {limit} bytes at most.")


class NoHeader(Invalid):
    """A CSV file without the expected header line."""

    slug = "csv-header"
    message = msg("The first line of a CSV file names the columns; unknown here: {unknown}.")


class TooManyCells(Invalid):
    """A CSV line with more values than the header line has columns."""

    slug = "csv-cells"
    message = msg("This line has {cells} values, the header line names {columns} columns.")


async def fingerprints_of(session: AsyncSession, table: type[SQLModel], ids: Sequence[UUID]) -> Fingerprints:
    """What was first sent of those of these rows that are there, by id; None where it came in another way."""
    columns = cast(Any, table).__table__.c
    chosen = sa.select(columns.id, columns.fingerprint).where(in_list(columns.id, "ids"))
    return {row.id: row.fingerprint for row in await session.execute(chosen, {"ids": ids})}


def import_once(
    lines: list[tuple[int, Line]], key: str, known: Fingerprints, keep: Callable[[Line, str], None]
) -> Outcome:
    """Take each line in once. `keep` gets a line that is new, and its fingerprint; it may refuse the line.

    `key`: the field with the id. A line whose id is known changes nothing where it is the same as then; otherwise it is
    refused, as `AlreadyDifferent`.
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
    """Take a whole file in. `Content-Type: text/csv` reads CSV, anything else NDJSON.

    `batch_lines`: so many are one transaction at most, if not `BATCH`.
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
            answers.write(orjson.dumps(one) + b"\n")

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
    """One batch, in one transaction.

    When another import of the same lines is faster, the batch is taken anew: it then finds them known, and answers as
    to any repeat.
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
    """Cuts a body into its non-empty lines, with their numbers from 1, as it comes.

    A line past the limit comes out cut, so that it is refused.
    """

    def __init__(self) -> None:
        self._number, self._rest = 0, b""

    def of(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that end in this piece of the body."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[: LINE_LIMIT + 1]
        for line in lines:
            self._number += 1
            if line.strip():
                yield self._number, line[: LINE_LIMIT + 1]

    def last(self) -> Iterator[tuple[int, bytes]]:
        """What stands after the last line's end."""
        return self.of(b"\n") if self._rest.strip() else iter(())


def _json_lines(model: type[Line]) -> Reader[Line]:
    """Reads a line of NDJSON."""
    return lambda number, line: model.model_validate_json(line)


def _csv_lines(model: type[Line]) -> Reader[Line]:
    """Reads a line of CSV; the first one names the columns and answers None."""
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
    fault = field_fault(error.errors(include_url=False, include_input=False)[0])
    return BadLine(number, fault["field"] or None, fault["rule"], fault["message"])
