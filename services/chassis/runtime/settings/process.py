"""The settings of every process. What one service alone asks for is in its own settings.py."""

from typing import Self

from pydantic import Field, model_validator

from services.chassis.runtime.settings.access import AccessSettings
from services.chassis.runtime.settings.http import HttpSettings
from services.chassis.runtime.settings.kafka import KafkaSettings
from services.chassis.runtime.settings.mail import MailSettings
from services.chassis.runtime.settings.sms import SmsSettings


class Settings(AccessSettings, MailSettings, SmsSettings, HttpSettings, KafkaSettings):
    """One process' settings, the same for every service."""

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
    export_log_days: int = Field(
        default=365,
        ge=1,
        description="Age at which an entry of the log of exports of personal data, or of the log of opened persons, is "
        "removed, in days.",
    )
    unreadable_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="Age at which the encrypted content of a dead letter is deleted, in days. It can be retried until "
        "then.",
    )
    round_seconds: float = Field(
        default=60,
        gt=0,
        le=86_400,
        description="Pause between two rounds of background jobs, in seconds.",
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
        """Refuse ages with which events count twice, are waited for in vain, or are missed after a restore."""
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
        if shortest is not None and not 0 < self.backup_days < shortest:
            raise ValueError(
                f"CEFO_BACKUP_DAYS={self.backup_days}, mais les événements sont supprimés après {shortest} jours. Une "
                "sauvegarde plus ancienne ferait revenir un accord retiré depuis. Mettez CEFO_BACKUP_DAYS à 1 ou plus, "
                f"et à moins de {shortest}. Ou gardez les événements plus longtemps, avec CEFO_OUTBOX_DAYS et "
                "CEFO_TOPIC_DAYS."
            )
        return self

    @property
    def history_ends(self) -> bool:
        """Whether old events are pruned, so that an aggregate may start mid-stream."""
        return bool(self.outbox_days or self.topic_days)
