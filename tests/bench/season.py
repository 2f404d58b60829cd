"""The season's lines and events, for the rows that need many of them."""

import functools
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from services.contracts import Event
from services.contracts.cloudevents import Record, write_event
from services.contracts.intake import Channel, VisitRecorded, VisitStatus
from services.contracts.scheduling import InterviewHeld, InterviewKind
from services.launcher.season import write_season

_EMITTED_AT = datetime(2017, 10, 1, tzinfo=UTC)


@functools.cache
def season_folder() -> Path:
    """The season of 2017, written once per run into the system's temporary folder."""
    folder = Path(tempfile.gettempdir()) / "cefo-bench-season-2017"
    if not (folder / "season.json").exists():
        write_season(2017, folder, lambda _stage, _done, _whole: None)
    return folder


def lines(name: str, number: int | None = None) -> list[bytes]:
    """The first so many lines of `visits`, `workshops` or `interviews`; all of them without a number."""
    with (season_folder() / f"{name}.ndjson").open("rb") as file:
        return list(islice(file, number))


def visit_events(number: int) -> Iterator[Record]:
    """The season's visits as intake emits them, one event each."""
    for raw in lines("visits", number):
        line = orjson.loads(raw)
        moments = {name: line.get(name) for name in ("called_at", "served_at", "ended_at")}
        yield _record(
            VisitRecorded(
                visit_id=line["visit_id"],
                centre=line["centre"],
                area=line.get("area"),
                channel=Channel(line["channel"]),
                at=line["checked_in_at"],
                status=VisitStatus(line["status"]),
                **moments,
            ),
        )


def interview_events(number: int) -> Iterator[Record]:
    """The season's information interviews that were held, as scheduling emits them."""
    held = (line for raw in lines("interviews") if _is_held(line := orjson.loads(raw)))
    for line in islice(held, number):
        fields: dict[str, Any] = {
            name: line.get(name)
            for name in ("interview_id", "centre", "area", "counsellor", "starts_at", "minutes", "visit_id")
        }
        yield _record(InterviewHeld(kind=InterviewKind.INFORMATION, **fields))


def _is_held(line: dict[str, Any]) -> bool:
    return line["kind"] == "information" and line["status"] == "fulfilled"


def _record(event: Event) -> Record:
    return write_event(
        event,
        id=uuid5(NAMESPACE_URL, event.key),
        time=_EMITTED_AT,
        sequence=1,
        correlation_id=UUID(event.key),
        causation_id=None,
    )
