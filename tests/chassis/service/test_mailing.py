"""A service that sends messages sends them by itself, and removes the records of old ones."""

from datetime import timedelta
from pathlib import Path

from services.chassis.mail.sender import MailSender
from services.chassis.mail.transports import MailFolder, Transports
from services.chassis.service.mailing import mail_jobs
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from tests.chassis.mail.test_messages import queued, stored
from tests.chassis.sample_service import Mail


async def test_a_message_is_sent_by_one_job_and_its_record_and_file_removed_by_others(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    settings = quiet_settings(tmp_path, mail_days=30)
    folder = MailFolder(tmp_path / "mail")
    sending, removing, cleaning = mail_jobs(MailSender(store, Mail, Transports(folder)), settings)
    await queued(store)
    await sending.round("sample")
    await removing.round("sample")
    await cleaning.round("sample")
    (row,) = await stored(store)
    assert (row.state, folder.ids()) == ("sent", {row.id})
    clock.now += timedelta(days=30, seconds=1)
    await removing.round("sample")
    await cleaning.round("sample")
    assert (await stored(store), folder.ids()) == ([], set())
