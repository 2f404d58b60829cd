"""How a person wants to be reached, as they say themselves. Their contact is the desk's to change."""

from uuid import UUID

from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.intake.actions.consent import consents_in_force
from services.intake.actions.references import lock_references
from services.intake.domain.contacts import ContactChannel, WrongChannel, channels_of, contact_key
from services.intake.store import Visitor


async def change_preferences(work: Work, subject_ref: UUID, *, channel: ContactChannel | None, language: str) -> None:
    """Change the language of a person's messages, and in which way they come. `channel` None: as before.

    Under every reference of the person; the way, where the contact can be reached so. A contact that was refused stays
    so: it is the same one. Raises `WrongChannel` if no contact can be, `NotFound` without consent under any reference.
    """
    refs = (await lock_references(work, subject_ref))[subject_ref]
    found = [one for ref in refs if (one := await work.find(Visitor, ref)) is not None]
    if not [one for one in found if await consents_in_force(work.session, one.id)]:
        raise NotFound(what=msg("registered person"))
    reached = [one for one in found if channel in channels_of(contact_key(one.contact) if one.contact else None)]
    if channel is not None and not reached:
        raise WrongChannel()
    for one in found:
        one.language = language
    for one in reached:
        one.channel = channel
