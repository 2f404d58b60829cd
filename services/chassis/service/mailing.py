"""The background jobs of a service that sends messages."""

import asyncio
from functools import partial

from services.chassis.mail.messages import prune_mail, removed_of
from services.chassis.mail.sender import MailSender
from services.chassis.mail.transports import MailFolder
from services.chassis.runtime.settings import Settings
from services.chassis.service.jobs import Job


def mail_jobs(sender: MailSender, settings: Settings) -> list[Job]:
    """Sending, every two seconds, because a person may be waiting; and the end of old records."""
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
