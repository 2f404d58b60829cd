"""Contacts that nothing reaches: refused by the mail server or the SMS gateway, at once or in a later report.

Such a person gets no message until their contact is saved again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from uuid import UUID

from services.chassis.identity.tokens import Signer, signer
from services.chassis.mail.errors import is_of_address
from services.chassis.mail.messages import MailState
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Work
from services.intake.domain.contacts import contact_key
from services.intake.store import Visitor
from services.intake.store.messages import Message


async def contact_refused(work: Work, row: Message, recipient: str) -> None:
    """Nothing reaches this recipient. If the person has another contact by now, that one is not meant."""
    visitor = await work.find(Visitor, row.subject_ref)
    if visitor is not None and visitor.contact and contact_key(visitor.contact) == recipient:
        _mark(visitor, work.now)


class Recipients:
    """Records to which contact a message was sent, so that a later report is about no other one.

    The digest needs the platform's key: the number or address cannot be found from it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _signer(self) -> Signer:
        return signer(self._settings)  # not before the data folder is there

    async def record(self, work: Work, row: Message, recipient: str) -> None:
        """The message was sent to this recipient."""
        kept = await work.find(Message, row.id)
        if kept is not None and kept.claim == row.claim:
            kept.sent_to = self._signer.digest(recipient)


async def record(work: Work, message_id: UUID, status: str, digests: Callable[[str], Sequence[str]]) -> None:
    """The report on a message that was sent: by its status (RFC 3463) nothing reaches its recipient, or it may later.

    `digests`: of a recipient, by the platform's key of now and the one before, if the message was sent under that.
    Ignored if the person has another contact than it was sent to, or the contact was saved again since.
    """
    sent = await work.session.get(Message, message_id)
    if sent is None or sent.done_at is None or not is_of_address(status):
        return
    visitor = await work.find(Visitor, sent.subject_ref)
    sent.state, sent.error = MailState.REFUSED, status
    if visitor is None or not visitor.contact or _saved_since(visitor, sent.done_at):
        return
    if sent.sent_to is None or sent.sent_to in digests(contact_key(visitor.contact) or ""):
        _mark(visitor, work.now)


def _saved_since(visitor: Visitor, at: datetime) -> bool:
    return visitor.contact_saved_at is not None and visitor.contact_saved_at > at


def _mark(visitor: Visitor, now: datetime) -> None:
    visitor.contact_refused_at = visitor.contact_refused_at or now
