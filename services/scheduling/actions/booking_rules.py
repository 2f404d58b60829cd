"""The booking rules of a centre, and whether an interview keeps them."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import Stale
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.values import Whole, YesNo
from services.scheduling.domain import rules
from services.scheduling.domain.availability import BookingRules, check_notice
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
    public: YesNo = Field(
        default=False, description="Whether visitors book a first interview themselves, on the centre's public page."
    )


def facts_of(kept: BookingRules) -> dict[str, Any]:
    """The rules, as the fields of `RuleFacts` have them."""
    hour = timedelta(hours=1)
    return {
        "horizon_days": kept.horizon.days,
        "notice_hours": kept.notice // hour,
        "visitor_notice_hours": kept.visitor_notice // hour,
        "public": kept.public,
    }


async def set_rules(work: Work, centre: str, facts: RuleFacts, version: int | None = None) -> CentreRules:
    """Set the booking rules of a centre. What is booked stays. Raises `UnknownCentre`, `Stale`."""
    await known_centre(work.session, Centre, centre)
    kept = await work.find(CentreRules, centre)
    check_version(kept, version)
    if kept is None:
        work.guard("booking_rules_key", Stale(now=1, seen=0))
        return work.add(
            CentreRules(
                centre=centre,
                horizon_days=facts.horizon_days,
                notice_hours=facts.notice_hours,
                visitor_notice_hours=facts.visitor_notice_hours,
                public=facts.public,
            )
        )
    before = (kept.horizon_days, kept.notice_hours, kept.visitor_notice_hours, kept.public)
    if before != (facts.horizon_days, facts.notice_hours, facts.visitor_notice_hours, facts.public):
        kept.horizon_days, kept.notice_hours, kept.public = facts.horizon_days, facts.notice_hours, facts.public
        kept.visitor_notice_hours, kept.version = facts.visitor_notice_hours, kept.version + 1
    return kept


async def check_bookable(
    work: Work, centre: Centre, starts_at: datetime, minutes: int, horizon: timedelta, before: datetime | None = None
) -> None:
    """The time of an interview keeps the rules of the method and those of the centre.

    `horizon`: of a centre without rules. `before`: where the interview is now; what is booked there keeps its time.
    Raises what `rules.check_appointment` raises, and `TooSoon`.
    """
    kept = BookingRules(horizon=horizon)
    if starts_at != before:
        kept = await rules_of(work.session, centre.code, kept)
    rules.check_appointment(starts_at, minutes, centre.hours, work.now, kept.horizon)
    check_notice(starts_at, work.now, kept.notice, centre.zone)
