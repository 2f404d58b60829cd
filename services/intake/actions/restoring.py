"""What intake does after its store was restored from an older backup, so that no ended link and no consent comes back.

The visitors' topic shows which links were replaced, locked or closed, and which consents were withdrawn. The choice of
a PIN is in no event: a link that has none in the backup is ended too, or who printed it could choose one.
"""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.events.restoring import Seen
from services.chassis.storage.store import Work
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn, VisitorLinkChanged
from services.intake.actions.consent import consents_in_force, withdraw_consent
from services.intake.actions.links import end_link
from services.intake.store import PersonalLink, Visitor

RESTORED = "restore"
"""`recorded_by` of a withdrawal that the backup did not have yet."""


async def restore(work: Work, seen: Seen) -> Mapping[str, int]:
    """End the links that were ended or may have another PIN, and withdraw again what was withdrawn."""
    return {"links": await _end_links(work, seen), "consents": await _withdraw_consents(work, seen)}


async def _end_links(work: Work, seen: Seen) -> int:
    changed = seen.newest(VisitorLinkChanged)
    has_pin = sa.exists().where(col(PersonalLink.id) == col(Visitor.link_id), col(PersonalLink.pin).is_not(None))
    linked = sa.select(col(Visitor.id), has_pin.label("has_pin")).where(col(Visitor.link_id).is_not(None))
    ended = 0
    for id, protected in (await work.session.execute(linked.order_by(col(Visitor.id)))).all():
        if seen.complete and protected and str(id) not in changed:
            continue
        await end_link(work, id)
        ended += 1
    return ended


async def _withdraw_consents(work: Work, seen: Seen) -> int:
    """Withdraw the purposes that were withdrawn last, as far as they were not given again after that."""
    withdrawn: dict[UUID, set[str]] = {}
    for one in seen.lost:
        if isinstance(one.event, VisitorConsentWithdrawn):
            withdrawn.setdefault(one.event.subject_ref, set()).update(one.event.purposes)
        elif isinstance(one.event, VisitorConsentGiven):
            withdrawn.get(one.event.subject_ref, set()).difference_update(one.event.purposes)
    count = 0
    for subject_ref, purposes in sorted(withdrawn.items()):
        if await work.find(Visitor, subject_ref) is None:
            continue
        in_force = {consent.purpose for consent in await consents_in_force(work.session, subject_ref)}
        if again := sorted(purposes & in_force):
            await withdraw_consent(work, subject_ref, again, RESTORED)
            count += 1
    return count
