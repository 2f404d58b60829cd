"""Rows as a CSV file: for programs, or for the Excel of a Belgian reader."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import Query

from services.chassis.i18n import translate
from services.chassis.web.media import Csv
from services.contracts.values import YesNo

ForExcel = Annotated[
    YesNo,
    Query(alias="excel", description="For a Belgian Excel: with semicolons, a byte order mark, and names for codes."),
]


def csv_file(name: str, labels: Mapping[str, str], rows: Iterable[Mapping[str, Any]], *, excel: bool) -> Csv:
    """A file to download. `labels`: the columns in order, with their names for people, msgids; those are Excel's."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(labels), delimiter=";" if excel else ",")
    writer.writerow({column: translate(label) if excel else column for column, label in labels.items()})
    writer.writerows(rows)
    # With the mark, Excel reads UTF-8; without it, the encoding of the machine.
    content = text.getvalue().encode("utf-8-sig" if excel else "utf-8")
    return Csv(content, headers={"Content-Disposition": f'attachment; filename="cefo-{name}.csv"'})
