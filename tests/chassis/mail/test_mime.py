"""What an e-mail looks like on the wire, and in the demo's folder."""

from pathlib import Path

from services.chassis.mail.messages import Letter
from services.chassis.mail.sender import MailSender
from services.chassis.mail.transports import MailFolder, SmtpServer, Transports
from services.chassis.storage.store import Store
from tests.chassis.mail.mail_server import MailServer
from tests.chassis.mail.test_messages import queued
from tests.chassis.sample_service import Mail


async def test_on_the_wire_a_long_address_is_whole_and_a_long_subject_is_folded(
    store: Store, server: MailServer, tmp_path: Path
) -> None:
    """A mail program decodes no encoded words in `List-Unsubscribe`: its button would be gone."""
    url, subject = f"https://{'w' * 56}.org/intake/stop/{'x' * 43}", "Verschoben: Ihre Führung durch viele Räume " * 3

    async def letter_of(row: Mail) -> Letter:
        return Letter("ada@ifapme.example", subject.strip(), "Hallo\n", "de", unsubscribe=url)

    await queued(store)
    await MailSender(store, Mail, Transports(SmtpServer(server.settings(tmp_path))), letter_of).round()
    await queued(store)
    await MailSender(store, Mail, Transports(folder := MailFolder(tmp_path)), letter_of).round()
    (file,) = (folder.path(id).read_bytes() for id in folder.ids())
    for raw in (*server.raw, file):
        head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert f"List-Unsubscribe: <{url}>".encode() in head
        assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
        assert all(len(line) <= 78 for line in head if not line.startswith(b"List-Unsubscribe:"))
    assert [message["Subject"] for message in server.received] == [subject.strip()]
