"""A real mail server on loopback: aiosmtpd, with the answers that a test wants."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from services.chassis.runtime.settings import Settings
from services.chassis.testing import quiet_settings


@dataclass
class MailServer:
    """What the server received, and how it answers: by recipient, or to everything."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list[EmailMessage])
    raw: list[bytes] = field(default_factory=list[bytes])
    """The same, as they came over the wire."""
    recipients: dict[str, str] = field(default_factory=dict[str, str])
    data: list[str] = field(default_factory=list[str])
    """The answers to the next messages, before it takes them over."""
    signed_in: list[str] = field(default_factory=list[str])

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self, server: SMTP, session: Any, envelope: Any, address: str, options: Sequence[str]
    ) -> str:
        if answer := self.recipients.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd names it
        if self.data:
            return self.data.pop(0)
        self.raw.append(envelope.content)
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.signed_in.append(given.login.decode())
        return AuthResult(success=given.password == b"s3cret", handled=False)

    def settings(self, folder: Path, **more: Any) -> Settings:
        """The settings of a process that sends through this server."""
        chosen = {"smtp_host": "localhost", "smtp_port": self.port, "smtp_tls": "none", **more}
        return quiet_settings(folder, smtp_from="Orientation <noreply@cefo.example>", **chosen)


@asynccontextmanager
async def mail_server(port: int = 0, **options: Any) -> AsyncGenerator[MailServer]:
    """The server, until the block ends. `options` are aiosmtpd's."""
    server = MailServer()
    loop = asyncio.get_running_loop()

    def connected() -> SMTP:
        return SMTP(server, loop=loop, hostname="localhost", authenticator=server.authenticate, **options)

    listening = await loop.create_server(connected, "localhost", port)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that signs itself, and the server's side of TLS with it."""
    key, chain = folder / "mail.key", folder / "mail.pem"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    subprocess.run((*made, *subject, "-keyout", str(key), "-out", str(chain)), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return chain, context
