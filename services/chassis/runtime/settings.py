"""Settings, from environment variables that start with `CEFO_`. Each is described where it stands, for
docs/settings.md too.

Here are those of every process. What one service alone asks for is in its own settings.py.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts on which nothing leaves the machine."""


class FromEnvironment(BaseSettings):
    """Settings. Unknown variables are ignored; an invalid value prevents the start, and is not printed: it may be
    a secret."""

    model_config = SettingsConfigDict(env_prefix="CEFO_", frozen=True, hide_input_in_errors=True)


class Settings(FromEnvironment):
    """One process' settings, the same for every service."""

    data: Path = Field(default=Path("data"), description="Folder of the embedded stores and of the generated secret.")
    store: str = Field(
        default="sqlite",
        description="`sqlite` (files under `CEFO_DATA`) or `postgresql://user:password@host:port`; "
        "each service has its own database, `cefo_<service>`.",
    )
    kafka: str = Field(
        default="127.0.0.1:9092",
        description="Kafka bootstrap servers, `host:port[,host:port]`; "
        "`cefo up` starts an embedded broker where it is not set.",
    )
    redis: str = Field(
        default="redis://127.0.0.1:6379/0",
        description="Redis, which passes on changes of live boards. Its data may be lost.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Key that signs sessions and tokens. Without it, one is created in `CEFO_DATA/secret.key`.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address of the platform for people. With https, cookies are `Secure`.",
    )
    demo: bool = Field(
        default=False,
        description="Demo data, and a sign-in page that lists the demo accounts. "
        "`cefo up` has both unless this is `false`.",
    )
    rehearsal_clock: Path | None = Field(
        default=None,
        description="With `CEFO_DEMO` only: a file with the seconds to add to the clock, to rehearse a path.",
    )
    session_hours: int = Field(default=12, ge=1, le=24 * 30, description="How long a sign-in is valid, in hours.")
    partitions: int = Field(default=3, ge=1, le=64, description="Partitions of a topic that the platform creates.")
    replication: int = Field(default=1, ge=1, le=5, description="Replicas of a topic that the platform creates.")
    batch: int = Field(
        default=2000,
        ge=1,
        le=10_000,
        description="Maximum number of events in one transaction, and in one relay round.",
    )
    fetch_wait_ms: int = Field(
        default=250,
        ge=1,
        le=5000,
        description="How long the broker may delay the answer to a fetch that finds no events (read models: few "
        "events), in ms.",
    )
    attempts: int = Field(
        default=5, ge=1, le=20, description="Attempts to process an event before it becomes a dead letter."
    )
    retry_seconds: float = Field(
        default=0.05,
        gt=0,
        le=60,
        description="Pause before the second attempt, in seconds; it doubles each time, up to 5 s.",
    )
    hold_seconds: float = Field(
        default=300,
        gt=0,
        description="How long an out-of-order event is held before it becomes a dead letter, in seconds.",
    )
    outbox_days: int = Field(
        default=0,
        ge=0,
        description="Age at which a published row is removed from the outbox, in days. 0: never, so that all events "
        "can be published again to a broker that lost its data.",
    )
    topic_days: int = Field(
        default=0,
        ge=0,
        description="Age at which an event is removed from a topic that the platform creates, in days. 0: never. "
        "Compacted topics keep the last event of each key.",
    )
    inbox_days: int = Field(
        default=0,
        ge=0,
        description="Age at which an aggregate's last sequence is removed from the inbox, in days. 0: never. At least "
        "`CEFO_OUTBOX_DAYS` + `CEFO_TOPIC_DAYS` + 1, and none of these 0: earlier, its events can be read again.",
    )
    dead_letter_days: int = Field(
        default=365,
        ge=0,
        description="Age at which a decided dead letter is removed, in days. 0: never. Undecided ones stay.",
    )
    round_seconds: float = Field(
        default=60,
        gt=0,
        le=86_400,
        description="Pause between two rounds of background jobs, in seconds.",
    )
    body_limit: int = Field(
        default=65_536, ge=1024, description="Largest request body, in bytes; imports have their own."
    )
    import_limit: int = Field(
        default=268_435_456, ge=1024, description="Largest body of one import request, in bytes; it is streamed."
    )
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
    otlp_endpoint: str | None = Field(
        default=None,
        description="Address to which traces are exported by OTLP over HTTP, for example `http://127.0.0.1:4318`. "
        "Without it no trace is recorded; log lines and events have a trace id in any case.",
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Lowest level that is logged."
    )
    log_json: bool = Field(default=True, description="Logs as JSON lines; otherwise readable text.")

    @model_validator(mode="after")
    def _ages_agree(self) -> Self:
        """Refuse ages with which an event could be read again after its inbox row was removed."""
        if self.inbox_days and not (self.outbox_days and self.topic_days):
            raise ValueError(
                f"CEFO_INBOX_DAYS={self.inbox_days}, mais CEFO_OUTBOX_DAYS={self.outbox_days} et "
                f"CEFO_TOPIC_DAYS={self.topic_days}. Un événement gardé sans limite peut revenir à "
                "tout moment, et compterait deux fois. Mettez CEFO_INBOX_DAYS=0, ou donnez une "
                "durée aux trois."
            )
        needed = self.outbox_days + self.topic_days + 1
        if self.inbox_days and self.inbox_days < needed:
            raise ValueError(
                f"CEFO_INBOX_DAYS={self.inbox_days} est moins que "
                f"CEFO_OUTBOX_DAYS={self.outbox_days} + CEFO_TOPIC_DAYS={self.topic_days} + 1. Un "
                "événement renvoyé à son dernier jour pourrait compter deux fois. Mettez "
                f"CEFO_INBOX_DAYS={needed} ou plus."
            )
        shortest = min((days for days in (self.outbox_days, self.topic_days) if days), default=None)
        if shortest is not None and self.hold_seconds >= shortest * 86_400:
            raise ValueError(
                f"CEFO_HOLD_SECONDS={self.hold_seconds:g} est trop long. L’événement attendu serait supprimé avant la "
                f"fin de l’attente. Mettez moins de {shortest * 86_400}."
            )
        return self

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

    @property
    def history_ends(self) -> bool:
        """Whether old events are pruned, so that an aggregate may start mid-stream."""
        return bool(self.outbox_days or self.topic_days)

    @property
    def secure(self) -> bool:
        """Whether people reach the platform over https."""
        return self.public_url.startswith("https://")

    def store_url(self, service: str) -> str:
        """The SQLAlchemy URL of one service's own database."""
        if self.store == "sqlite":
            return f"sqlite+aiosqlite:///{self.data.absolute() / 'stores' / f'{service}.db'}"
        return f"{self.store.replace('postgresql://', 'postgresql+asyncpg://').rstrip('/')}/cefo_{service}"


def as_markdown(settings: type[FromEnvironment]) -> str:
    """A table of docs/settings.md: variable, default, allowed values, meaning."""
    rows = ["| variable | default | values | meaning |", "|---|---|---|---|"]
    for name, field in settings.model_fields.items():
        default = "–" if field.default in (None, ()) else f"`{field.default}`"
        rows.append(f"| `CEFO_{name.upper()}` | {default} | {_values(field)} | {field.description} |")
    return "\n".join(rows) + "\n"


def _values(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]
    patterns = [str(rule.pattern).strip("^$()").split("|") for rule in field.metadata if getattr(rule, "pattern", None)]
    words = ["true, false"] if field.annotation is bool else [", ".join(words) for words in patterns]
    return ", ".join([*bounds, *words]) or "–"
