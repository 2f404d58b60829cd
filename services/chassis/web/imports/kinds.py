"""The kinds of files that an import reads, and how the lines of each become values."""

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers

from services.chassis.refusals import Refused, RepeatedField
from services.chassis.web.imports.bodies import LINE_LIMIT, BodyLines
from services.chassis.web.imports.faults import BadLine, LineTooLong, UnknownKindOfFile
from services.chassis.web.imports.partly import FaultyLine
from services.chassis.web.imports.tables import Table
from services.contracts.json_keys import repeated_key

Line = TypeVar("Line", bound=BaseModel)
Line_co = TypeVar("Line_co", bound=BaseModel, covariant=True)
Parsed = tuple[int, Line | FaultyLine]
"""The number of a line, and its values or its faults."""

NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/json")
CSV = ("text/csv", "application/csv", "text/tab-separated-values", "application/vnd.ms-excel")
"""The last is what Windows calls a CSV file."""
_NOT_NAMED = ("", "application/x-www-form-urlencoded")
"""What a client sends that names no kind; the second is `curl --data-binary`."""
_PACKED = ("", "identity", "gzip", "x-gzip")


def is_csv(headers: Headers, *, tables: bool) -> bool:
    """Whether these headers name CSV; otherwise they name NDJSON, or nothing. Raises `UnknownKindOfFile`.

    `tables`: CSV is possible.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    packed = headers.get("content-encoding", "").strip().lower()
    known = NDJSON + (CSV if tables else ())
    if packed not in _PACKED:
        raise UnknownKindOfFile(kind=packed[:40], known="gzip")
    if kind not in known and kind not in _NOT_NAMED:
        raise UnknownKindOfFile(kind=kind[:40], known=", ".join(known[:1] + known[len(NDJSON) :][:1]))
    return kind in CSV


class Reader(Protocol[Line_co]):
    """Reads the lines of a body."""

    def of(self, number: int, line: bytes) -> Iterator[tuple[int, Line_co | FaultyLine]]:
        """What this line ends, with the number of its first line: values or faults."""
        ...

    def last(self) -> Iterator[tuple[int, Line_co | FaultyLine]]:
        """What the end of the file ends."""
        ...


class JsonReader(Generic[Line]):
    """Reads NDJSON: one object per line."""

    def __init__(self, model: type[Line], body: BodyLines) -> None:
        self._model, self._body = model, body

    def of(self, number: int, line: bytes) -> Iterator[Parsed[Line]]:
        """The line's values or faults."""
        yield number, self._read(number, line)

    def last(self) -> Iterator[Parsed[Line]]:
        """No line is open when a file ends."""
        return iter(())

    def _read(self, number: int, line: bytes) -> Line | FaultyLine:
        try:
            if len(line) > LINE_LIMIT:
                raise LineTooLong(limit=LINE_LIMIT)
            # Plain text goes to the parser as it is: the season's import spends a tenth of its time here.
            text = line if line.isascii() else self._body.text_of(line).encode()
        except Refused as refused:
            return FaultyLine([BadLine.from_refusal(number, refused)])
        try:
            read = self._model.model_validate_json(text)
        except ValidationError as error:
            return FaultyLine.of(number, self._model, error, lambda some: some.model_validate_json(text))
        if (name := repeated_key(text, len(read.model_fields_set))) is not None:
            return FaultyLine([BadLine.from_refusal(number, RepeatedField(name))])
        return read


class CsvReader(Generic[Line]):
    """Reads CSV; the header line names the model's fields."""

    def __init__(self, model: type[Line], body: BodyLines) -> None:
        self._model, self._body = model, body
        self._table = Table(model.model_fields)

    def of(self, number: int, line: bytes) -> Iterator[Parsed[Line]]:
        """The values or faults of each row that ends with this line."""
        try:
            if len(line) > LINE_LIMIT:
                raise LineTooLong(limit=LINE_LIMIT)
            text = self._body.text_of(line)
        except Refused as refused:
            yield number, FaultyLine([BadLine.from_refusal(number, refused)])
            return
        for first, cells in self._table.rows(number, text):
            yield first, self._read(first, cells)

    def last(self) -> Iterator[Parsed[Line]]:
        """Those of each row that ends with the file."""
        for first, cells in self._table.last():
            yield first, self._read(first, cells)

    def _read(self, number: int, cells: dict[str, str] | Refused) -> Line | FaultyLine:
        if isinstance(cells, Refused):
            return FaultyLine([BadLine.from_refusal(number, cells)])
        try:
            return self._model.model_validate_strings(cells)
        except ValidationError as error:
            return FaultyLine.of(number, self._model, error, lambda some: some.model_validate_strings(cells))
