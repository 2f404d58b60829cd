"""Why a line or a whole file is not imported."""

from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from services.chassis.refusals import BodyTooLarge, Invalid, Refused, msg
from services.chassis.web.problems import Fault, faults_of, field_fault

FAULTS_OF_A_LINE = 20
"""Most faults of one line that are reported."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """One fault of a line that was not imported. A line with two faults has two of these, under the same number."""

    line: int
    field: str | None
    rule: str
    message: str
    values: dict[str, Any] | None = None
    """The values of the refusal that are not in its message."""

    @classmethod
    def from_refusal(cls, line: int, refused: Refused) -> "BadLine":
        """The fault that this refusal names."""
        return cls.from_fault(line, faults_of(refused)[0])

    @classmethod
    def from_invalid(cls, line: int, error: ValidationError) -> list["BadLine"]:
        """Every fault that pydantic found."""
        found = error.errors(include_url=False, include_input=False)[:FAULTS_OF_A_LINE]
        return [cls.from_fault(line, field_fault(fault)) for fault in found]

    @classmethod
    def from_fault(cls, line: int, fault: Fault) -> "BadLine":
        """The bad line for this fault of a refusal or of pydantic."""
        values = {name: value for name, value in fault.items() if name not in ("field", "rule", "message")}
        return cls(line, fault["field"] or None, fault["rule"], fault["message"], values)

    def to_json(self) -> bytes:
        """The fault's object in the response."""
        own = {"line": self.line, "field": self.field, "rule": self.rule, "message": self.message}
        return orjson.dumps(own | (self.values or {}))


class LineTooLong(Invalid):
    """A line of an import is longer than the limit."""

    slug = "line-too-long"
    message = msg("This line is too long. Shorten it. Maximum number of bytes: {limit}.")


class UnreadableText(Invalid):
    """A line is neither UTF-8 nor Windows-1252, or it is not UTF-8 in a file that is."""

    slug = "encoding"
    message = msg("This line has characters that cannot be read. Send the file again, saved as UTF-8.")


class BrokenQuotes(Invalid):
    """A quotation mark of a CSV line is not closed, or text follows the closing one."""

    slug = "csv"
    message = msg("A quotation mark of this line is not closed, or it is in the wrong place. Correct it.")


class CellWithoutColumn(Invalid):
    """A CSV line has a value where the header line names no column."""

    slug = "csv-cells"
    message = msg(
        "This line has a value in column {column}, which has no name. Give the column a name, or remove the value."
    )


class NotStored(Invalid):
    """The store refuses a line, and no rule says why."""

    slug = "not-stored"
    message = msg("This line could not be saved. Check it and send it again. If it is refused again, report it.")


class NotText(Invalid):
    """What is sent as CSV is a workbook, a PDF or a packed file."""

    slug = "csv-not-text"
    message = msg("This is not a text file. Nothing was imported. Send it again, saved as CSV (UTF-8).")


class NoHeader(Invalid):
    """A CSV file without the expected header line."""

    slug = "csv-header"
    message = msg(
        "The first line of a CSV file gives the names of the columns. Unknown names: {unknown}. Correct them."
    )


class RepeatedColumn(Invalid):
    """A CSV file with two columns of one name: one of them would be lost."""

    slug = "csv-repeated-column"
    message = msg("Two columns have the same name: {column}. Nothing was imported. Remove or rename one of them.")


class UnknownKindOfFile(Refused):
    """The `Content-Type` or the `Content-Encoding` is none that an import reads."""

    slug = "unsupported-media-type"
    status = 415
    message = msg("Files of this kind cannot be imported: {kind}. Send one of these kinds: {known}.")


class DamagedFile(Invalid):
    """A file compressed by gzip ends too early, or its bytes have changed."""

    slug = "gzip"
    message = msg("The compressed file is damaged. Send a new one. Lines before the damage are imported.")


class FileTooLarge(BodyTooLarge):
    """An import that is larger than the limit, once it is unpacked."""

    message = msg(
        "This file is too large. Send it in several parts. Earlier lines are imported. Maximum size in bytes: {limit}."
    )
