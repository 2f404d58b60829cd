"""Emits each referral event for the platform and for partners in one transaction."""

from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from services.chassis.refusals import msg
from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.contracts.directory import ReferralChanged, ReferralProgressed, ReferralRequested, ReferralStatus
from services.directory.store import FeedHead, Referral, ReferralEvent

FEED_BOARD = "directory:referral-events"

_HEAD = 1
_EVENTS = UUID("c4a1c8e8-0f5e-4f0e-8a64-9f1f6a1b7d52")


async def open_feed(work: Work) -> None:
    """Inserts the feed's head row if it is missing."""
    await work.session.execute(_new_head(work.session), {"id": _HEAD, "last": 0})


async def skip_positions(work: Work, number: int) -> None:
    """Leaves out positions of the feed that readers know and the restored store does not."""
    await open_feed(work)
    head = await work.load(FeedHead, _HEAD, msg("event feed"))
    head.last += number


@upsert
def _new_head(insert: Any) -> Any:
    return insert(FeedHead).on_conflict_do_nothing()


def emit_referral_event(work: Work, referral: Referral, event: ReferralRequested | ReferralProgressed) -> None:
    """Emits a referral event: for the platform, on the partners' topic, and into the feed.

    Partners get the same id, type and sequence from topic, feed and stream. The position in the feed is assigned just
    before the commit, after every other lock of the unit of work: see `store/feed.py`.
    """
    work.emit(referral, event)
    id = uuid5(_EVENTS, f"{referral.id} {referral.version}")
    partner_event = ReferralChanged(
        referral_id=referral.id,
        centre=referral.centre,
        area=referral.area,
        organization_id=referral.organization_id,
        service_id=referral.service_id,
        status=ReferralStatus(referral.status),
        reason=event.reason,
        at=event.at,
    )
    work.publish_to_partners(partner_event, id=id, sequence=referral.version)
    row: dict[str, Any] = {
        "id": id,
        "type": partner_event.type,
        "referral_id": referral.id,
        "sequence": referral.version,
        "at": partner_event.at,
        "data": partner_event.model_dump(mode="json"),
    }

    async def assign_position() -> None:
        await work.session.flush()  # so that the feed's lock is the last
        head = await work.load(FeedHead, _HEAD, msg("event feed"))
        head.last += 1
        await work.session.execute(sa.insert(ReferralEvent), [row | {"position": head.last}])

    work.before_commit(assign_position)
    work.notify_board(FEED_BOARD)
