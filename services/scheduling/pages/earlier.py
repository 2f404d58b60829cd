"""How an interview stands on the list of earlier times, as pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.service.definition import Runtime
from services.chassis.web import Body
from services.contracts.arrivals import Language
from services.contracts.scheduling import AppointmentStatus
from services.contracts.values import YesNo
from services.scheduling.actions.earlier_search import span
from services.scheduling.domain.earlier import OfferState, WishEnd, is_earlier, may_wait
from services.scheduling.domain.slots import Timeline
from services.scheduling.domain.states import is_booked
from services.scheduling.domain.times import Half
from services.scheduling.settings import rules_of_settings
from services.scheduling.store import Centre, EarlierOffer, EarlierWish, Interview
from services.scheduling.store.availability import languages_at
from services.scheduling.store.booking_rules import rules_of
from services.scheduling.store.earlier import offers_of
from services.scheduling.store.quarters import taken_bits


class AskForm(Body):
    """What suits the person: another counsellor too, who speaks this language, in this half of the day."""

    others: YesNo = False
    language: Annotated[Language | None, AfterValidator(lambda chosen: chosen or None)] = None
    half: Half | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One interview on the list. `wish`: None: not on it. `offer`: what can be answered; `last`: how the last ended."""

    wish: EarlierWish | None
    offer: EarlierOffer | None
    last: OfferState | None
    unanswered: bool
    """They left the list because they accepted none of three offers."""
    may_ask: bool


async def standing_of(session: AsyncSession, running: Runtime, interview: Interview, centre: Centre) -> Standing:
    """How it stands now, also where no job has run since."""
    now = running.clock()
    notice = (await rules_of(session, centre.code, rules_of_settings(running))).visitor_notice
    booked = is_booked(AppointmentStatus(interview.status)) and interview.arrived_at is None
    known = await session.get(EarlierWish, interview.id)
    wish = known if booked and known is not None and known.ended_at is None else None
    offers = [one for one in await offers_of(session, interview.id) if known and one.offered_at >= known.asked_at]
    last = offers[-1] if offers else None
    state = await _state(session, last, interview, centre, now) if last is not None else None
    return Standing(
        wish,
        last if wish is not None and state is OfferState.OFFERED else None,
        state,
        known is not None and known.ended_because == WishEnd.UNANSWERED,
        booked and may_wait(interview.starts_at, now, notice, centre.zone),
    )


async def _state(
    session: AsyncSession, offer: EarlierOffer, interview: Interview, centre: Centre, now: datetime
) -> OfferState:
    """How an offer stands: as if the job had just run."""
    state = OfferState(offer.status)
    if state is not OfferState.OFFERED:
        return state
    if not is_earlier(offer.starts_at, interview.starts_at, centre.zone):
        return OfferState.WITHDRAWN
    if now >= offer.until:
        return OfferState.EXPIRED
    day, resource = offer.starts_at.astimezone(centre.zone).date(), f"counsellor:{offer.counsellor}"
    timeline = Timeline.of(day, day)
    taken = (await taken_bits(session, timeline, [resource], now)).get(resource, 0)
    return OfferState.TAKEN if taken & timeline.touched([span(offer.starts_at, offer.minutes)]) else state


async def spoken_at(session: AsyncSession, centre: Centre) -> Sequence[str]:
    """The languages to choose from: those of the centre's counsellors. Fewer than two: no choice."""
    spoken = sorted(await languages_at(session, [centre.code]))
    return spoken if len(spoken) > 1 else []
