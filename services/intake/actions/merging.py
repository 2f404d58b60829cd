"""Merges two registered persons who are the same one, and separates them again. Rows keep their own reference.

docs/decisions/0045-merged-persons.md says what counts for a merged person in each service.
"""

from collections.abc import Collection
from uuid import UUID

from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.intake.actions.accesses import log_access
from services.intake.actions.consent import end_consents_of_others
from services.intake.actions.erasure import check_unknown
from services.intake.actions.people import consenting
from services.intake.actions.references import lock_references
from services.intake.domain.accesses import AccessKind
from services.intake.domain.merging import SameRegistration, check_may_merge, tree_of
from services.intake.store import Alias, Visitor
from services.intake.store.aliases import aliases_of


async def merge(work: Work, subject_ref: UUID, into: UUID, person: Person) -> UUID:
    """Record that `subject_ref` is the same person as `into`, who is kept. Returns the kept reference.

    The same again changes nothing. Both are of centres where who merges works: the link of either opens both, so that
    a centre could otherwise open what another one knows. Raises `SameRegistration`, `AlreadyOnePerson`,
    `MergedWithAnother`, `AlreadyErased`, `NotFound` (also for who withdrew every consent: nobody may compare the
    names).
    """
    if subject_ref == into:
        raise SameRegistration()
    groups = await lock_references(work, subject_ref, into)
    await _check_may_compare(work, (subject_ref, into), person)
    kept, aliases = groups[into][0], await aliases_of(work.session, {ref for one in groups.values() for ref in one})
    if not check_may_merge({one.id: one.into_ref for one in aliases}, subject_ref, kept):
        return kept
    work.add(Alias(id=subject_ref, kept_ref=kept, into_ref=kept, at=work.now, by=person.subject[:200]))
    for alias in aliases:
        if alias.kept_ref == subject_ref:
            alias.kept_ref = kept
    await _publish(work, groups[subject_ref], kept)
    for ref in (subject_ref, kept):
        log_access(work, ref, person, AccessKind.MERGED)
    return kept


async def separate(work: Work, subject_ref: UUID, person: Person) -> None:
    """Undo `merge`: the two are different persons. What was merged into `subject_ref` before stays with it.

    A consent that one gave on their own page for the other is withdrawn.
    For a reference that is no alias, as when it is sent again, nothing changes. Raises `NotFound` if the reference is
    not of a centre of who asks.
    """
    group = (await lock_references(work, subject_ref))[subject_ref]
    own(await work.find(Visitor, subject_ref), person, msg("registered person"))
    alias = await work.find(Alias, subject_ref)
    if alias is None:
        return
    known = await aliases_of(work.session, group)
    follow, kept = tree_of({one.id: one.into_ref for one in known}, subject_ref), alias.kept_ref
    await work.session.delete(alias)
    for one in known:
        if one.id in follow:
            one.kept_ref = subject_ref
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    work.emit(visitor, VisitorSeparated(subject_ref=subject_ref, at=work.now))
    await _publish(work, follow, subject_ref)
    side = {subject_ref, *follow}
    for refs, others in ((side, set(group) - side), (set(group) - side, side)):
        await end_consents_of_others(work, refs, others, person.subject)
    for ref in (subject_ref, kept):
        log_access(work, ref, person, AccessKind.SEPARATED)


async def _check_may_compare(work: Work, refs: Collection[UUID], person: Person) -> None:
    for ref in refs:
        if await work.find(Visitor, ref) is None:
            await check_unknown(work.session, ref)
        own(await consenting(work, ref), person, msg("registered person"))


async def _publish(work: Work, aliases: Collection[UUID], kept: UUID) -> None:
    for ref in sorted(aliases):
        visitor = await work.load(Visitor, ref, msg("registered person"))
        work.emit(visitor, VisitorMerged(subject_ref=ref, kept_ref=kept, at=work.now))
