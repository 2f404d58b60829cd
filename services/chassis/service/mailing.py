"""How a service sends messages, and its background jobs for that."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from services.chassis.mail.messages import MailRow, prune_mail, removed_of, stored_letter
from services.chassis.mail.pauses import ChannelPause
from services.chassis.mail.sender import LetterOf, MailSender, OnRecipient
from services.chassis.mail.transports import MailFolder, transports_of
from services.chassis.runtime.settings import Settings
from services.chassis.service.jobs import Job
from services.chassis.storage.store import Store


@dataclass(frozen=True, slots=True)
class Mailing:
    """The messages of a service."""

    table: type[MailRow]
    letters: Callable[[Store, Settings], LetterOf] = lambda store, settings: stored_letter
    """How it composes a message of that table when it is sent."""
    on_refused: OnRecipient | None = None
    """How it records that nothing reaches the recipient of a message."""
    on_sent: Callable[[Settings], OnRecipient | None] = lambda settings: None
    """How it records to whom a message was sent."""
    pauses: type[ChannelPause] | None = None
    """Its table of pauses, if a server to which it sends may ask for one."""

    def sender(self, store: Store, settings: Settings) -> MailSender:
        """Sends the messages in this store."""
        return MailSender(
            store,
            self.table,
            transports_of(settings, store.service),
            self.letters(store, settings),
            on_refused=self.on_refused,
            on_sent=self.on_sent(settings),
            pauses=self.pauses,
        )


def mail_jobs(sender: MailSender | None, settings: Settings) -> list[Job]:
    """Sending, every two seconds, because a person may be waiting; and the end of old records. None: without mail."""
    if sender is None:
        return []
    seconds, prune = settings.round_seconds, partial(prune_mail, sender.store, sender.table, settings.mail_days)
    jobs = [Job("mail", sender.round, min(2, seconds)), Job("mail-retention", prune, 60 * seconds)]
    if (folder := sender.transports.folder) is not None:
        jobs.append(Job("mail-folder", partial(clean_folder, sender, folder), min(2, seconds)))
    return jobs


async def clean_folder(sender: MailSender, folder: MailFolder) -> bool:
    """Delete the demo's files of messages whose rows are gone: pruned, or of a person who was erased. Returns False."""
    ids = await asyncio.to_thread(folder.ids)
    for id in await removed_of(sender.store, sender.table, ids) if ids else ():
        folder.path(id).unlink(missing_ok=True)
    return False
