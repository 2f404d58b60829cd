"""The list of earlier times: the team puts an interview on it, and answers an offer in the person's name."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.ownership import own
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Body, Reading, Router, Running, Working
from services.contracts.arrivals import Language
from services.contracts.scheduling import Side
from services.contracts.values import YesNo
from services.scheduling.actions import earlier, guidance
from services.scheduling.api.roles import PREFIX, Counsellor
from services.scheduling.domain.earlier import WishEnd
from services.scheduling.domain.times import Half
from services.scheduling.settings import horizon_of, reflection_of, rules_of_settings
from services.scheduling.store import EarlierWish, Interview
from services.scheduling.store.earlier import live_offers_of

router = Router(f"{PREFIX}/interviews", tags=["earlier times"])


class Wish(Body):
    """What suits the person."""

    others: YesNo = Field(False, description="Also with another counsellor, who advises in the interview's area.")
    language: Language | None = Field(None, description="Which another counsellor speaks, by its code of ISO 639.")
    half: Half | None = Field(None, description="Of the day. Null: at any time.")


class OfferOut(BaseModel):
    """An earlier time that is offered. It is kept for nobody: the first who accepts it gets it."""

    id: UUID
    counsellor: str
    starts_at: datetime
    minutes: int
    until: datetime = Field(description="Until when it can be answered.")


class EarlierOut(BaseModel):
    """An interview on the list. `ended_at` null: the person waits."""

    interview_id: UUID
    asked_at: datetime
    asked_by: Side
    others: bool
    language: str | None
    half: Half | None
    missed: int = Field(description="The offers that were declined or not answered; after three the entry ends.")
    ended_at: datetime | None
    ended_because: WishEnd | None
    offer: OfferOut | None = None


@router.get("/{id}/earlier")
async def get_earlier(id: UUID, read: Reading, running: Running, person: Counsellor) -> EarlierOut:
    """The interview on the list of earlier times, also for 30 days after the entry ended. 404: it was never on it."""
    own(await read.get(Interview, id), person, msg("interview"))
    return await _out(read, id, running.clock())


@router.post("/{id}/earlier")
async def ask(id: UUID, body: Wish, work: Working, running: Running, person: Counsellor) -> EarlierOut:
    """Put a booked interview on the list. Repeated, it keeps its place and has the new wishes."""
    own(await guidance.interview_of(work, id), person, msg("interview"))
    usual = rules_of_settings(running)
    await earlier.ask(work, id, by=Side.CENTRE, usual=usual, others=body.others, language=body.language, half=body.half)
    return await _out(work.session, id, work.now)


@router.post("/{id}/earlier/leave")
async def leave(id: UUID, work: Working, person: Counsellor) -> EarlierOut:
    """Take the interview off the list. It stays booked as it is."""
    own(await guidance.interview_of(work, id), person, msg("interview"))
    await earlier.leave(work, id)
    return await _out(work.session, id, work.now)


@router.post("/{id}/earlier/{offer_id}/{answer}")
async def answer_earlier(
    id: UUID,
    offer_id: UUID,
    answer: Literal["accept", "decline"],
    work: Working,
    running: Running,
    person: Counsellor,
) -> EarlierOut:
    """Answer an offer in the person's name. Accepting moves the interview, unless another person was faster."""
    own(await guidance.interview_of(work, id), person, msg("interview"))
    await earlier.answer_for(
        work,
        id,
        offer_id,
        accepts=answer == "accept",
        horizon=horizon_of(running),
        reflection=reflection_of(running),
    )
    return await _out(work.session, id, work.now)


async def _out(session: AsyncSession, id: UUID, now: datetime) -> EarlierOut:
    await session.flush()
    wish = await session.get(EarlierWish, id)
    if wish is None:
        raise NotFound(what=msg("wish for an earlier time"))
    offer = (await live_offers_of(session, [id], now)).get(id)
    return EarlierOut.model_validate(wish.model_dump() | {"offer": offer.model_dump() if offer else None})
