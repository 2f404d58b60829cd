"""Where messages go: each fault of the mail server says whether the message, or the server, is to blame."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.chassis.mail.errors import DeliveryError, RefusedForGood, ServerAway, TryLater
from services.chassis.mail.messages import Letter
from services.chassis.mail.transports import MailFolder, SmtpServer, Transport, transports_of
from services.chassis.testing import quiet_settings
from tests.chassis.mail.mail_server import MailServer, certificate, mail_server
from tests.chassis.sample_service import Mail


def message(recipient: str = "ada@ifapme.example") -> Letter:
    return Letter(recipient, "Votre lien", "Voici votre lien.\n", "fr")


def row() -> Mail:
    now = datetime.now(UTC)
    return Mail(purpose="link", lang="fr", recipient=None, subject=None, body=None, queued_at=now, useful_until=now)


async def handed_over(transport: Transport, *messages: Letter) -> None:
    async with transport.session() as send:
        for one in messages or (message(),):
            await send(row(), one)


async def test_a_message_is_handed_over(server: MailServer, tmp_path: Path) -> None:
    await handed_over(SmtpServer(server.settings(tmp_path)), message(), message("ben@ifapme.example"))
    assert [one["To"] for one in server.received] == ["ada@ifapme.example", "ben@ifapme.example"]
    body = server.received[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "Voici votre lien."


@pytest.mark.parametrize(
    ("recipient", "data", "kind", "address"),
    [
        ("550 no such person", None, RefusedForGood, True),
        ("550 5.1.1 no such person", None, RefusedForGood, True),
        ("550 5.7.1 relaying denied", None, RefusedForGood, False),
        ("552 5.2.2 mailbox full", None, RefusedForGood, False),
        ("451 try again", None, TryLater, False),
        (None, "554 spam", RefusedForGood, False),
        (None, "452 disk full", TryLater, False),
    ],
)
async def test_a_refusal_is_the_messages(
    recipient: str | None,
    data: str | None,
    kind: type[DeliveryError],
    address: bool,
    server: MailServer,
    tmp_path: Path,
) -> None:
    server.recipients |= {"ada@ifapme.example": recipient} if recipient else {}
    server.data += [data] if data else []
    code = (recipient or data or "")[:3]
    async with SmtpServer(server.settings(tmp_path)).session() as send:
        with pytest.raises(kind) as failed:
            await send(row(), message())
        assert (type(failed.value), failed.value.code) == (kind, code)
        assert getattr(failed.value, "address", False) is address
        await send(row(), message("ben@ifapme.example"))  # the connection stays
    assert [one["To"] for one in server.received] == ["ben@ifapme.example"]


async def test_a_server_that_is_not_there_is_away(server: MailServer, tmp_path: Path) -> None:
    settings = server.settings(tmp_path, smtp_port=1)
    with pytest.raises(ServerAway, match="no-connection"):
        await handed_over(SmtpServer(settings))


async def test_tls_is_used_and_the_certificate_is_verified(tmp_path: Path) -> None:
    chain, context = certificate(tmp_path)
    async with mail_server(tls_context=context, require_starttls=True) as server:
        await handed_over(SmtpServer(server.settings(tmp_path, smtp_tls="starttls", smtp_ca_file=chain)))
        assert len(server.received) == 1
        with pytest.raises(ServerAway, match="tls"):
            await handed_over(SmtpServer(server.settings(tmp_path, smtp_tls="starttls")))
        with pytest.raises(TryLater, match="530"):
            await handed_over(SmtpServer(server.settings(tmp_path)))
        assert len(server.received) == 1


async def test_a_server_without_tls_gets_nothing_where_tls_is_set(server: MailServer, tmp_path: Path) -> None:
    with pytest.raises(ServerAway, match="not-supported"):
        await handed_over(SmtpServer(server.settings(tmp_path, smtp_tls="starttls")))
    assert server.received == []


async def test_the_password_is_read_for_each_connection(tmp_path: Path) -> None:
    chain, context = certificate(tmp_path)
    secret = tmp_path / "smtp.secret"
    secret.write_text("wrong\n")
    async with mail_server(tls_context=context, auth_required=True) as server:
        settings = server.settings(
            tmp_path, smtp_tls="starttls", smtp_ca_file=chain, smtp_user="cefo", smtp_password_file=secret
        )
        transport = SmtpServer(settings)
        with pytest.raises(ServerAway, match="535"):
            await handed_over(transport)
        secret.write_text("s3cret\n")
        await handed_over(transport)
        assert (set(server.signed_in), len(server.received)) == ({"cefo"}, 1)


async def test_the_demo_writes_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    transports = transports_of(
        quiet_settings(tmp_path, demo=True, smtp_host="localhost", smtp_from="a@cefo.example"), "sample"
    )
    assert isinstance(transports.mail, MailFolder)
    kept = row()
    async with transports.mail.session() as send:
        await send(kept, message())
    file = tmp_path / "mail" / "sample" / f"{kept.id}.eml"
    assert file.read_bytes().startswith(b'From: "cefo (demo)" <noreply@cefo.example>')
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]


def test_without_a_mail_server_there_is_no_transport(tmp_path: Path) -> None:
    assert not any(transports_of(quiet_settings(tmp_path), "sample"))
