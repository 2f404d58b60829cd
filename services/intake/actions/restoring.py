"""What intake does after its store was restored from an older backup, so that no ended link and no consent comes back.

The visitors' topic shows which links were replaced, locked or closed, and which consents were withdrawn. The choice of
a PIN is in no event: a link that has none in the backup is ended too, or who printed it could choose one. Devices are
in no event either.
"""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.events.restoring import Seen, Undecided
from services.chassis.storage.store import Work
from services.contracts.consent import Purpose
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn, VisitorLinkChanged
from services.intake.actions.consent import consents_in_force, withdraw_consent
from services.intake.actions.devices import revoke
from services.intake.actions.links import end_link
from services.intake.store import Consent, PersonalLink, Visitor
from services.intake.store.devices import Device

_IN_FORCE = col(Consent.withdrawn_at).is_(None)
RESTORED = "restore"
"""`recorded_by` of a withdrawal that the backup did not have yet, `revoked_by` of a device."""


async def restore(work: Work, seen: Seen) -> Mapping[str, int]:
    """End the links that were ended or may have another PIN, withdraw again what was withdrawn, revoke the devices."""
    links, consents = await _end_links(work, seen), await _withdraw_consents(work, seen)
    return {"links": links, "consents": consents, "devices": await _revoke_devices(work)}


async def _revoke_devices(work: Work) -> int:
    """Nothing shows which devices were revoked since: all of them are set up again by who is signed in."""
    valid = (await work.session.scalars(sa.select(col(Device.id)).where(col(Device.revoked_at).is_(None)))).all()
    for id in sorted(valid):
        await revoke(work, id, by=RESTORED)
    return len(valid)


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
    """Withdraw the purposes that were withdrawn last, as far as they were not given again after that.

    Raises `Undecided`.
    """
    withdrawn: dict[UUID, set[str]] = {}
    for one in seen.lost:
        if isinstance(one.event, VisitorConsentWithdrawn):
            withdrawn.setdefault(one.event.subject_ref, set()).update(one.event.purposes)
        elif isinstance(one.event, VisitorConsentGiven):
            withdrawn.get(one.event.subject_ref, set()).difference_update(one.event.purposes)
    if not seen.complete:
        # Nothing shows who has withdrawn what since: an operator decides whether the backup counts.
        consenting = (await work.session.scalars(sa.select(col(Consent.subject_ref)).where(_IN_FORCE).distinct())).all()
        if consenting and seen.keep_unconfirmed is None:
            raise Undecided(len(consenting))
        if not seen.keep_unconfirmed:
            withdrawn |= {subject_ref: set(map(str, Purpose)) for subject_ref in consenting}
    count = 0
    for subject_ref, purposes in sorted(withdrawn.items()):
        if await work.find(Visitor, subject_ref) is None:
            continue
        in_force = {consent.purpose for consent in await consents_in_force(work.session, subject_ref)}
        if again := sorted(purposes & in_force):
            await withdraw_consent(work, subject_ref, again, RESTORED)
            count += 1
    return count
