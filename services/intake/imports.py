"""Imports past visits from an older system, in batches. A repeated line changes nothing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import Field

from services.chassis.copies.centres import centre_copies, centre_in
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.checks import PastMoment
from services.chassis.storage.store import Work
from services.chassis.web import Body, Outcome, check_each, fingerprints_of, import_once
from services.contracts.intake import Channel, VisitRecorded, VisitStatus
from services.contracts.text import Key
from services.intake import domain
from services.intake.store import Centre, Visit


class VisitLine(Body):
    """One visit of the past."""

    visit_id: UUID = Field(description="Yours to choose and keep: the same file again changes nothing.")
    centre: Key = Field(description="Code of the centre, for example `liege`.")
    area: Key | None = Field(None, description="Code of the area; missing when nobody asked.")
    channel: Channel = Field(Channel.DESK, description="How the visitor reached the centre.")
    checked_in_at: PastMoment = Field(description="With its zone, for example `2017-03-27T09:05:00+02:00`.")
    status: Annotated[
        Literal["served", "left", "no_queue"], Field(description="How the visit ended; `no_queue`: passing through.")
    ]
    called_at: PastMoment | None = Field(None, description="When the visitor was called, if they queued.")
    served_at: PastMoment | None = Field(None, description="When service began; needed for `served`.")
    ended_at: PastMoment | None = Field(None, description="When the visitor went; needed for `served` and `left`.")


async def record_visits(work: Work, lines: list[tuple[int, VisitLine]]) -> Outcome:
    """Store a batch of past visits and emit their events. Invalid lines are reported; known lines change nothing."""
    copies = await centre_copies(work.session, Centre)
    known = await fingerprints_of(work.session, Visit, [line.visit_id for _, line in lines])
    rows = list[dict[str, Any]]()

    def record(line: VisitLine, fingerprint: str) -> None:
        check_line(line, copies, work.now)
        rows.append(_record(work, line, fingerprint))

    outcome = import_once(lines, "visit_id", known, record)
    await work.insert(Visit, rows)
    return outcome


def check_line(line: VisitLine, copies: dict[str, Centre], now: datetime) -> None:
    """Checks one past visit.

    Raises `SeveralRefused` of `UnknownCentre`, `AreaNotServed`, and what `domain` raises.
    """
    centre = copies.get(line.centre)
    zone = ZoneInfo(centre.timezone) if centre is not None else BRUSSELS
    status, last = VisitStatus(line.status), line.ended_at or line.checked_in_at
    check_each(
        lambda: centre_in(copies, line.centre, line.area),
        lambda: domain.check_past(line.checked_in_at, now, zone, "checked_in_at"),
        lambda: domain.check_times(status, line.checked_in_at, line.called_at, line.served_at, line.ended_at),
        lambda: last is line.checked_in_at or domain.check_past(last, now, zone, "ended_at"),
    )


def _record(work: Work, line: VisitLine, fingerprint: str) -> dict[str, Any]:
    correlation_id = uuid4()
    work.emit_row_event(
        VisitRecorded(
            visit_id=line.visit_id,
            centre=line.centre,
            area=line.area,
            channel=line.channel,
            at=line.checked_in_at,
            status=VisitStatus(line.status),
            called_at=line.called_at,
            served_at=line.served_at,
            ended_at=line.ended_at,
        ),
        sequence=1,
        correlation_id=correlation_id,
    )
    return {
        "id": line.visit_id,
        "version": 1,
        "correlation_id": correlation_id,
        "centre": line.centre,
        "area": line.area,
        "channel": line.channel.value,
        "status": line.status,
        "ticket": None,
        "desk": None,
        "checked_in_at": line.checked_in_at,
        "called_at": line.called_at,
        "served_at": line.served_at,
        "ended_at": line.ended_at,
        "subject_ref": None,
        "fingerprint": fingerprint,
    }
