"""The registrations of a person who was registered twice: which of them the reader sees, and how much of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.intake.actions import references
from services.intake.actions.consent import consents_in_force
from services.intake.pages.consents import Line, consent_lines
from services.intake.store import Visitor
from services.intake.store.aliases import aliases_of


@dataclass(frozen=True, slots=True)
class Registration:
    """Another registration of the person on the page.

    `shown`: the reader's centre made it, and the person consents to anything there. Otherwise the page says only that
    there is one.
    """

    visitor: Visitor
    shown: bool
    consents: Sequence[Line]
    alias: UUID
    """What is separated to undo the merge: this one, or the one on the page if this one is kept."""


async def registrations_of(session: AsyncSession, subject_ref: UUID, person: Person) -> list[Visitor]:
    """The registrations of a person, the kept one first. Raises `NotFound` if none is of the reader's centres."""
    found = await references.registrations_of(session, subject_ref)
    if not any(one.centre in person.centres for one in found):
        raise NotFound(what=msg("registered person"))
    return found


async def others_of(
    session: AsyncSession, registrations: Sequence[Visitor], on_page: Visitor, person: Person
) -> list[Registration]:
    """The person's registrations beside the one on the page."""
    aliases = {one.id for one in await aliases_of(session, [one.id for one in registrations])}
    found = list[Registration]()
    for one in registrations:
        if one is on_page:
            continue
        own = one.centre in person.centres
        consents = await consent_lines(session, one.id, mine=False) if own else []
        shown = own and bool(await consents_in_force(session, one.id))
        found.append(Registration(one, shown, consents, one.id if one.id in aliases else on_page.id))
    return found
