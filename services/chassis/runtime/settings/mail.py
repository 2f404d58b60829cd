"""The settings of messages to people."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from services.chassis.runtime.settings.connections import LOOPBACK
from services.chassis.runtime.settings.environment import FromEnvironment


class MailSettings(FromEnvironment):
    """The mail server, and how long messages are on record."""

    smtp_host: str | None = Field(
        default=None,
        description="Mail server for messages to people. Without it they wait; the demo writes them to "
        "`CEFO_DATA/mail` and sends none.",
    )
    smtp_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Its port; by default 587, with `tls` 465, with `none` 25.",
    )
    smtp_tls: str = Field(
        default="starttls",
        pattern="^(starttls|tls|none)$",
        description="How the connection to the mail server is encrypted; its certificate is verified.",
    )
    smtp_ca_file: Path | None = Field(
        default=None,
        description="Certificate authorities of the mail server, in PEM; by default those of the machine.",
    )
    smtp_user: str | None = Field(default=None, description="Account on the mail server, if it asks for one.")
    smtp_password_file: Path | None = Field(
        default=None, description="File with that account's password; read for each connection."
    )
    smtp_from: str | None = Field(
        default=None,
        description="Sender of every message, `name@domain` or `Words <name@domain>`; needed with `CEFO_SMTP_HOST`.",
    )
    mail_days: int = Field(
        default=90,
        ge=1,
        description="Age at which the record of a sent message (purpose, time, state) is removed, in days.",
    )

    @model_validator(mode="after")
    def _mail_can_leave(self) -> Self:
        """Refuse a mail server without a sender, and a password that would travel in plain text."""
        if self.smtp_host is not None and self.smtp_from is None:
            raise ValueError(
                "Il manque CEFO_SMTP_FROM : un message a besoin d’une adresse d’expédition. "
                "Mettez par exemple « Orientation <ne-pas-repondre@exemple.be> »."
            )
        if self.smtp_user is not None and self.smtp_tls == "none" and self.smtp_host not in LOOPBACK:
            raise ValueError(
                "Avec CEFO_SMTP_TLS=none, le mot de passe de CEFO_SMTP_USER passerait en clair sur le réseau. "
                "Mettez CEFO_SMTP_TLS=starttls ou tls."
            )
        if (self.smtp_user is None) != (self.smtp_password_file is None):
            raise ValueError("CEFO_SMTP_USER et CEFO_SMTP_PASSWORD_FILE vont ensemble. Mettez les deux, ou aucun.")
        return self
