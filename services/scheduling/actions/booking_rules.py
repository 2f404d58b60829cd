"""The booking rules of a centre, and whether an interview keeps them."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import Stale
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.values import Whole, YesNo
from services.scheduling.actions.video import VideoAddress
from services.scheduling.domain import rules, times
from services.scheduling.domain.availability import BookingRules, check_notice
from services.scheduling.domain.times import Interval
from services.scheduling.store import Centre, CentreRules
from services.scheduling.store.booking_rules import rules_of


class RuleFacts(BaseModel):
    """How a centre books interviews, as a manager types it, or a body of the API."""

    horizon_days: Annotated[int, Whole(1, 365)] = Field(
        description="How far ahead is booked, in local days; no farther than `CEFO_BOOKING_DAYS`."
    )
    notice_hours: Annotated[int, Whole(0, 336)] = Field(
        description="How long before its beginning an interview can still be booked, in hours; 0: until it begins."
    )
    visitor_notice_hours: Annotated[int, Whole(0, 336)] = Field(
        description="How long before an appointment visitors can still move or cancel it themselves, in hours."
    )
    pause_minutes: Annotated[int, Whole(0, 120)] = Field(
        default=0,
        description="Minutes that a counsellor is left without an appointment before and after one, in the times that "
        "are proposed; rounded up to quarter-hours. The team may book without it.",
    )
    public: YesNo = Field(
        default=False, description="Whether visitors book a first interview themselves, on the centre's public page."
    )
    video_address: VideoAddress | None = Field(
        default=None,
        description="Where interviews by video take place: an https address of the internet. In it, `{appointment}` is "
        "replaced by what is another one for each interview. Shown to the team and to the visitor, on their own page.",
    )


def facts_of(kept: BookingRules) -> dict[str, Any]:
    """The rules, as the fields of `RuleFacts` have them."""
    hour = timedelta(hours=1)
    return {
        "horizon_days": kept.horizon.days,
        "notice_hours": kept.notice // hour,
        "visitor_notice_hours": kept.visitor_notice // hour,
        "pause_minutes": kept.pause // timedelta(minutes=1),
        "public": kept.public,
        "video_address": kept.video_address,
    }


async def set_rules(work: Work, centre: str, facts: RuleFacts, version: int | None = None) -> CentreRules:
    """Set the booking rules of a centre. What is booked stays. Raises `UnknownCentre`, `Stale`."""
    await known_centre(work.session, Centre, centre)
    kept = await work.find(CentreRules, centre)
    check_version(kept, version)
    wanted = {name: getattr(facts, name) for name in RuleFacts.model_fields}
    if kept is None:
        work.guard("booking_rules_key", Stale(now=1, seen=0))
        return work.add(CentreRules(centre=centre, **wanted))
    if any(getattr(kept, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(kept, name, value)
        kept.version += 1
    return kept


async def check_bookable(
    work: Work, centre: Centre, starts_at: datetime, minutes: int, horizon: timedelta, before: Interval | None = None
) -> None:
    """The time of an interview keeps the rules of the method and those of the centre.

    `horizon`: of a centre without rules. `before`: when the interview is now. What is booked stays, also if the centre
    has changed its hours or rules since: at the same time, no longer than before, it only must not be of an earlier
    day. So a colleague can take over what has begun.
    Raises what `rules.check_appointment` raises, and `TooSoon`.
    """
    ends_at = starts_at + timedelta(minutes=minutes)
    if before is not None and before[0] == starts_at and ends_at <= before[1]:
        rules.check_length(minutes)
        if not times.same_day(starts_at, work.now, centre.zone):
            times.check_future(starts_at, work.now, centre.zone)
        return
    kept = await rules_of(work.session, centre.code, BookingRules(horizon=horizon))
    rules.check_appointment(starts_at, minutes, centre.hours, work.now, kept.horizon)
    check_notice(starts_at, work.now, kept.notice, centre.zone)
