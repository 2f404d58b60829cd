"""How a person wants to be reached, as they say themselves. Their contact is the desk's to change."""

from uuid import UUID

from services.chassis.storage.store import Work
from services.intake.actions.people import consenting
from services.intake.domain.contacts import ContactChannel, check_channel, contact_key
from services.intake.store import Visitor


async def change_preferences(
    work: Work, subject_ref: UUID, *, channel: ContactChannel | None, language: str
) -> Visitor:
    """Change the language of a person's messages, and in which way they come. `channel` None: as before.

    A contact that was refused stays so: it is the same one. Raises `WrongChannel`, `NotFound`.
    """
    visitor = await consenting(work, subject_ref)
    if channel is not None:
        check_channel(contact_key(visitor.contact) if visitor.contact else None, channel)
        visitor.channel = channel
    visitor.language = language
    return visitor
