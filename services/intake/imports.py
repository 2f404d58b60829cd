"""Imports past visits from an older system, in batches. A repeated line changes nothing."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from pydantic import BeforeValidator, Field, ValidationInfo
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.centres import centre_copies, centre_in, check_area, zone_of
from services.chassis.storage.checks import PastMoment
from services.chassis.storage.store import Work
from services.chassis.web import Body, Outcome, check_each, fingerprints_of, import_once
from services.contracts.arrivals import Activity
from services.contracts.intake import Channel, VisitRecorded, VisitStatus
from services.contracts.text import Key
from services.intake import domain
from services.intake.domain import AREAS_MAX
from services.intake.store import Centre, Visit


def _separated(value: object, info: ValidationInfo) -> object:
    """The codes of a cell, which has blanks between them. In JSON a list is a list."""
    return value.split() if isinstance(value, str) and info.mode != "json" else value


Others = Annotated[list[Key], BeforeValidator(_separated)]


class VisitLine(Body):
    """One visit of the past."""

    visit_id: UUID = Field(description="Yours to choose and keep: the same file again changes nothing.")
    centre: Key = Field(description="Code of the centre, for example `liege`.")
    area: Key | None = Field(None, description="Code of the area; missing when nobody asked.")
    other_areas: Others = Field(
        [],
        max_length=AREAS_MAX,
        exclude_if=lambda value: not value,
        description="Codes of what else the visit was about; in CSV with blanks between them.",
    )
    channel: Channel = Field(Channel.DESK, description="How the visitor reached the centre.")
    checked_in_at: PastMoment = Field(description="With its zone, for example `2017-03-27T09:05:00+02:00`.")
    status: Annotated[
        Literal["served", "left", "no_queue"], Field(description="How the visit ended; `no_queue`: passing through.")
    ]
    called_at: PastMoment | None = Field(None, description="When the visitor was called, if they queued.")
    served_at: PastMoment | None = Field(None, description="When service began; needed for `served`.")
    ended_at: PastMoment | None = Field(None, description="When the visitor went; needed for `served` and `left`.")
    activity: Activity | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="What a visitor who did not queue came for; only with `no_queue`.",
    )


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

    def check_others(areas: Sequence[str]) -> None:
        # Of an unknown centre nobody knows the areas; that fault is reported already.
        served = copies[line.centre].areas if line.centre in copies else areas
        for one in areas:
            check_area(one, line.centre, served, field="other_areas")

    def check_past(at: datetime | None, field: str) -> None:
        if at is not None:
            domain.check_past(at, now, zone_of(copies, line.centre), field)

    check_each(
        lambda: centre_in(copies, line.centre, line.area),
        lambda: check_others(line.other_areas),
        lambda: domain.check_activity(line.activity, queue=line.status != "no_queue"),
        lambda: check_past(line.checked_in_at, "checked_in_at"),
        lambda: check_past(line.ended_at, "ended_at"),
        lambda: domain.check_times(
            VisitStatus(line.status), line.checked_in_at, line.called_at, line.served_at, line.ended_at
        ),
    )


async def visit_checks(session: AsyncSession, now: datetime) -> Callable[[VisitLine], None]:
    """The check of one line."""
    copies = await centre_copies(session, Centre)
    return lambda line: check_line(line, copies, now)


def _record(work: Work, line: VisitLine, fingerprint: str) -> dict[str, Any]:
    correlation_id = uuid4()
    area, others = domain.main_and_others(line.area, line.other_areas)
    work.emit_row_event(
        VisitRecorded(
            visit_id=line.visit_id,
            centre=line.centre,
            area=area,
            channel=line.channel,
            at=line.checked_in_at,
            status=VisitStatus(line.status),
            called_at=line.called_at,
            served_at=line.served_at,
            ended_at=line.ended_at,
            other_areas=others,
            activity=line.activity,
        ),
        sequence=1,
        correlation_id=correlation_id,
    )
    return {
        "id": line.visit_id,
        "version": 1,
        "correlation_id": correlation_id,
        "centre": line.centre,
        "area": area,
        "other_areas": list(others),
        "channel": line.channel.value,
        "status": line.status,
        "ticket": None,
        "desk": None,
        "checked_in_at": line.checked_in_at,
        "called_at": line.called_at,
        "served_at": line.served_at,
        "ended_at": line.ended_at,
        "activity": line.activity.value if line.activity is not None else None,
        "subject_ref": None,
        "fingerprint": fingerprint,
    }
