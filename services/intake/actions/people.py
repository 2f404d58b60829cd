"""Registers visitors with their consent, and identifies them at later visits. No event has a name."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID, uuid4

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Stale, msg
from services.chassis.storage.store import Store, Work
from services.contracts.intake import VisitIdentified, VisitorRegistered
from services.contracts.persons import VisitAnonymised
from services.intake import domain
from services.intake.actions import consent
from services.intake.actions.accesses import log_access, may_open
from services.intake.actions.references import lock_references
from services.intake.actions.visits import board
from services.intake.domain.accesses import AccessKind
from services.intake.domain.appointments import IsAnArrival
from services.intake.domain.contacts import ContactChannel, check_channel, check_contact, contact_key
from services.intake.domain.names import KEYS_VERSION, LooksLikeKnown, name_keys
from services.intake.store import PersonKey, Visit, Visitor
from services.intake.store.appointments import is_arrival
from services.intake.store.names import delete_keys, people_like, without_keys

KEYED_AT_ONCE = 200
"""Persons whose keys one unit of work makes."""


async def register_visitor(
    work: Work,
    visit_id: UUID,
    *,
    given_name: str,
    family_name: str,
    contact: str | None,
    language: str,
    purposes: list[str],
    recorded_by: str,
    distinct_from: Collection[UUID] = (),
    by_representative: bool = False,
) -> Visitor:
    """Register the visitor of a visit. Other services receive only a random reference.

    `distinct_from`: registered persons with a similar name: other people. `by_representative`: a parent or
    representative consents. Raises `UnknownPurpose`,
    `WrongContact`, `AlreadyKnown`, `LooksLikeKnown`.
    """
    domain.check_purposes(purposes)
    key = check_contact(contact)
    visit = await work.load(Visit, visit_id, msg("visit"))
    if visit.subject_ref is not None:
        raise domain.AlreadyKnown()
    alike = await people_like(work.session, visit.centre, given_name, family_name, key)
    if asked := [str(one.id) for one in alike if one.id not in distinct_from]:
        raise LooksLikeKnown(people=asked)
    visitor = add_visitor(
        work,
        NewPerson(visit.centre, given_name, family_name, contact, language),
        purposes,
        recorded_by,
        subject_ref=uuid4(),
        correlation_id=visit.correlation_id,
        by_representative=by_representative,
    )
    identify(work, visit, visitor.id)
    return visitor


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person who is to be registered."""

    centre: str
    given_name: str
    family_name: str
    contact: str | None
    language: str


def add_visitor(
    work: Work,
    person: NewPerson,
    purposes: list[str],
    recorded_by: str,
    *,
    subject_ref: UUID,
    correlation_id: UUID,
    channel: ContactChannel | None = None,
    by_representative: bool = False,
) -> Visitor:
    """Add a person with their consents, and emit `VisitorRegistered`. Name, contact and purposes were checked."""
    visitor = work.add(
        Visitor(
            id=subject_ref,
            correlation_id=correlation_id,
            centre=person.centre,
            given_name=person.given_name,
            family_name=person.family_name,
            contact=person.contact,
            channel=channel,
            language=person.language,
            registered_at=work.now,
            retain_until=work.now + domain.RETENTION,
        )
    )
    _make_keys(work, visitor)
    given = list(dict.fromkeys(purposes))
    consent.record(work, visitor.id, given, recorded_by, by_representative=by_representative)
    work.emit(
        visitor,
        VisitorRegistered(
            subject_ref=visitor.id,
            centre=visitor.centre,
            at=work.now,
            purposes=tuple(given),
            language=visitor.language,
            retain_until=visitor.retain_until,
        ),
    )
    return visitor


async def change_details(
    work: Work, subject_ref: UUID, *, contact: str | None, channel: ContactChannel | None, language: str
) -> Visitor:
    """Change how a person is reached, and in which language. A contact that was refused is tried again.

    Raises `WrongContact`, `WrongChannel`, `NotFound`.
    """
    visitor = await consenting(work, subject_ref)
    key = check_contact(contact) if contact != visitor.contact else visitor.contact_key
    check_channel(key, channel)
    visitor.contact, visitor.contact_key, visitor.channel, visitor.language = contact, key, channel, language
    visitor.contact_saved_at, visitor.contact_refused_at = work.now, None
    return visitor


async def identify_visitor(work: Work, visit_id: UUID, subject_ref: UUID, person: Person) -> Visit:
    """Record that an anonymous visit is one of a person whom this centre registered before.

    Also of one of another centre whom `person` found there, for a reason, lately. The same again changes nothing,
    also under another reference of theirs. Of an alias at the centre of the kept person, it is recorded for that one.
    Raises `NotFound`, also for a person who may not be opened, `AlreadyKnown`.
    """
    refs = (await lock_references(work, subject_ref))[subject_ref]
    visitor = await _kept(work, await consenting(work, subject_ref), refs[0])
    visit = await work.load(Visit, visit_id, msg("visit"))
    if visitor.centre != visit.centre and not await may_open(work.session, visitor, person, work.now):
        raise NotFound(what=msg("registered person"))
    if visit.subject_ref not in refs:
        identify(work, visit, visitor.id)
        log_access(work, visitor.id, person, AccessKind.VISIT)
    return visit


async def anonymise_visit(work: Work, visit_id: UUID, subject_ref: UUID, person: Person) -> Visit:
    """Undo `identify_visitor`: it was another person. The same again changes nothing.

    `subject_ref`: whom the caller saw. Raises `Stale` if it is another person's by now, `InterviewBegun`,
    `IsAnArrival`.
    """
    visit = await work.load(Visit, visit_id, msg("visit"))
    if visit.subject_ref is None:
        return visit
    if visit.subject_ref != subject_ref:
        raise Stale()
    if visit.interview_id is not None:
        raise domain.InterviewBegun()
    if await is_arrival(work.session, visit.id):
        raise IsAnArrival()
    visit.subject_ref = None
    log_access(work, subject_ref, person, AccessKind.VISIT_UNDONE)
    work.emit(visit, VisitAnonymised(visit_id=visit.id, centre=visit.centre, at=work.now))
    work.notify_board(board(visit.centre))
    return visit


async def consenting(work: Work, subject_ref: UUID) -> Visitor:
    """A registered person who consents to anything. Raises `NotFound`."""
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    if not await consent.consents_in_force(work.session, subject_ref):
        raise NotFound(what=msg("registered person"))
    return visitor


async def _kept(work: Work, visitor: Visitor, first: UUID) -> Visitor:
    """The person whom this one is an alias of, if the same centre registered both and they consent to anything."""
    kept = await work.find(Visitor, first) if first != visitor.id else None
    agreed = kept is not None and await consent.consents_in_force(work.session, kept.id)
    return kept if kept is not None and agreed and kept.centre == visitor.centre else visitor


async def make_keys(store: Store) -> bool:
    """Make the keys of persons who have none, or those of an earlier version. True: there may be more."""
    async with store.read() as session:
        found = await without_keys(session, KEYS_VERSION, KEYED_AT_ONCE)
    async with store.work() as work:
        for subject_ref in sorted(found):
            visitor = await work.find(Visitor, subject_ref)
            if visitor is not None and visitor.keys_version < KEYS_VERSION:
                await delete_keys(work.session, subject_ref)
                _make_keys(work, visitor)
    return len(found) == KEYED_AT_ONCE


def _make_keys(work: Work, visitor: Visitor) -> None:
    """By which the person is found from now on."""
    for key in sorted(name_keys(visitor.given_name, visitor.family_name)):
        work.add(PersonKey(subject_ref=visitor.id, key=key, centre=visitor.centre))
    visitor.contact_key = contact_key(visitor.contact) if visitor.contact else None
    visitor.keys_version = KEYS_VERSION


def identify(work: Work, visit: Visit, subject_ref: UUID) -> None:
    """The visit is this person's. Raises `AlreadyKnown`, `RecordedByMistake`."""
    domain.check_not_by_mistake(visit.closed_by)
    if visit.subject_ref is not None:
        raise domain.AlreadyKnown()
    visit.subject_ref = subject_ref
    work.emit(visit, VisitIdentified(visit_id=visit.id, centre=visit.centre, at=work.now, subject_ref=subject_ref))
    work.notify_board(board(visit.centre))
