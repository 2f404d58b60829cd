"""What scheduling holds about a person who asked for an earlier time of an interview, as a part of its export."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.refusals import msg
from services.chassis.service.personal_data import Held, Shown, rows_where
from services.scheduling.domain.times import HALF_LABELS
from services.scheduling.pages.desk import SIDES
from services.scheduling.store import EarlierOffer, EarlierWish

OFFER_STATES = {
    "offered": msg("to be answered"),
    "accepted": msg("accepted"),
    "declined": msg("offer declined"),
    "expired": msg("offer not answered in time"),
    "taken": msg("another person was faster"),
    "withdrawn": msg("no longer valid"),
}
WISH_ENDS = {
    "left": msg("taken off the list"),
    "moved": msg("an earlier time was accepted"),
    "unanswered": msg("three offers were not accepted"),
    "over": msg("no earlier time is possible any more"),
}


class HeldEarlierOffer(Held):
    """An earlier time that was offered."""

    of = (EarlierOffer,)

    starts_at: Annotated[datetime, Shown(msg("When"))]
    minutes: Annotated[int, Shown(msg("Length in minutes"))]
    status: Annotated[str, Shown(msg("Status"), OFFER_STATES)]
    offered_at: Annotated[datetime, Shown(msg("Offered on"))]
    until: Annotated[datetime, Shown(msg("To answer until"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]


class HeldEarlierWish(Held):
    """That the person asked for an earlier time."""

    of = (EarlierWish,)

    asked_at: Annotated[datetime, Shown(msg("Since"))]
    asked_by: Annotated[str, Shown(msg("Asked by"), dict(SIDES))]
    others: Annotated[bool, Shown(msg("Also with another counsellor"))]
    language: Annotated[str | None, Shown(msg("Language"), "Language")]
    half: Annotated[str | None, Shown(msg("Time of day"), {half.value: text for half, text in HALF_LABELS.items()})]
    missed: Annotated[int, Shown(msg("Offers that were not accepted"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]
    ended_because: Annotated[str | None, Shown(msg("Why it ended"), WISH_ENDS)]
    offers: Annotated[list[HeldEarlierOffer], Shown(msg("Offers"))]


async def earlier_of(session: AsyncSession, interviews: Collection[UUID]) -> dict[UUID, list[HeldEarlierWish]]:
    """For each of these interviews what was asked and offered; without an entry: none."""
    of_wish, of_offer = col(EarlierWish.interview_id).in_(interviews), col(EarlierOffer.interview_id).in_(interviews)
    offers = await rows_where(session, EarlierOffer, of_offer, EarlierOffer.offered_at, EarlierOffer.id)
    found: dict[UUID, list[HeldEarlierWish]] = {id: [] for id in interviews}
    for wish in await rows_where(session, EarlierWish, of_wish):
        theirs = [HeldEarlierOffer.of_row(one) for one in offers if one.interview_id == wish.interview_id]
        found[wish.interview_id].append(HeldEarlierWish.of_row(wish, offers=theirs))
    return found
