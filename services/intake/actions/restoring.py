"""What intake does after its store was restored from an older backup, so that no ended link and no consent comes back.

The visitors' topic shows which links were replaced, locked or closed, which consents were withdrawn, and who was merged
or separated. The choice of a PIN is in no event: a link that has none in the backup is ended too, or who printed it
could choose one. Devices are in no event either.
"""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.events.restoring import Seen, Undecided
from services.chassis.storage.store import Work
from services.contracts.consent import Purpose
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn, VisitorLinkChanged
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.intake.actions.consent import consents_in_force, withdraw_under
from services.intake.actions.devices import revoke
from services.intake.actions.links import end_link
from services.intake.domain.merging import forest_of, replayed, root_of
from services.intake.store import Alias, Consent, PersonalLink, Visitor
from services.intake.store.devices import Device

_IN_FORCE = col(Consent.withdrawn_at).is_(None)
RESTORED = "restore"
"""`recorded_by` of a withdrawal that the backup did not have yet, `revoked_by` of a device."""


async def restore(work: Work, seen: Seen) -> Mapping[str, int]:
    """Do again what was done since: merge, end links, withdraw. Links that may have another PIN and devices end too."""
    merged = await _merge_again(work, seen)
    links, consents = await _end_links(work, seen), await _withdraw_consents(work, seen)
    return {"links": links, "consents": consents, "devices": await _revoke_devices(work), "merged": merged}


async def _merge_again(work: Work, seen: Seen) -> int:
    """Take over who was merged or separated since, so that an erasure takes the same references as elsewhere.

    Into whom each was merged too, so that a separation gives back what was before. An alias of a person who registered
    after the backup leads nowhere here: it is separated everywhere.
    """
    since = _led_to_since(seen)
    if not since:
        return 0
    rows = {one.id: one for one in await work.session.scalars(sa.select(Alias))}
    into = {ref: row.into_ref for ref, row in rows.items() if ref not in since}
    for ref, led_to in since.items():
        if (to := replayed(rows[ref].into_ref if ref in rows else None, led_to)) is not None:
            into[ref] = to
    refs = sorted({*rows, *since, *into.values()})
    await work.prefetch(Visitor, refs)
    visitors = {one.id: one for ref in refs if (one := await work.find(Visitor, ref)) is not None}
    forest = forest_of(into, visitors)
    for ref in sorted(visitors.keys() & {*rows, *since}):
        elsewhere = since[ref][-1] if ref in since else rows[ref].kept_ref
        await _lead(work, visitors[ref], rows.get(ref), forest, elsewhere)
    return len(since)


def _led_to_since(seen: Seen) -> dict[UUID, list[UUID | None]]:
    """For each reference the kept ones to which its lost events lead, in order; None: a separation."""
    found: dict[UUID, list[UUID | None]] = {}
    for one in sorted(seen.lost, key=lambda one: one.sequence or 0):
        if isinstance(one.event, VisitorMerged):
            found.setdefault(one.event.subject_ref, []).append(one.event.kept_ref)
        elif isinstance(one.event, VisitorSeparated):
            found.setdefault(one.event.subject_ref, []).append(None)
    return found


async def _lead(
    work: Work, visitor: Visitor, row: Alias | None, forest: Mapping[UUID, UUID], elsewhere: UUID | None
) -> None:
    """Keep that this reference leads where the forest says, and publish it if others have it lead `elsewhere`."""
    ref, into = visitor.id, forest.get(visitor.id)
    kept = root_of(forest, ref) if into is not None else None
    if into is None or kept is None:
        if row is not None:
            await work.session.delete(row)
    elif row is None:
        work.add(Alias(id=ref, kept_ref=kept, into_ref=into, at=work.now, by=RESTORED))
    else:
        row.kept_ref, row.into_ref = kept, into
    if kept == elsewhere:
        return
    if kept is None:
        work.emit(visitor, VisitorSeparated(subject_ref=ref, at=work.now))
    else:
        work.emit(visitor, VisitorMerged(subject_ref=ref, kept_ref=kept, at=work.now))


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
        visitor = await work.find(Visitor, subject_ref)
        if visitor is None:
            continue
        in_force = {consent.purpose for consent in await consents_in_force(work.session, subject_ref)}
        if again := sorted(purposes & in_force):
            # Under this one alone: each reference of a merged person has events of its own.
            await withdraw_under(work, visitor, again, RESTORED)
            count += 1
    return count
