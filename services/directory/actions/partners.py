"""A referral event as a partner reads it: CloudEvents 1.0, JSON structured mode, with the partner's own reference.

The partners' Kafka topic has the same event: `id`, `source`, `type`, `subject` and `sequence` are equal. Only here the
data has `partner_ref`, the reader's own reference of the person, null once the person was erased. A topic has many
readers and cannot carry a reference of each.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.runtime.telemetry import log
from services.contracts.cloudevents import schema_uri
from services.contracts.directory import ReferralChanged, ReferralStatus
from services.contracts.roles import Role
from services.contracts.topics import REFERRAL_EVENTS
from services.directory.domain import UnknownCursor, partner_ref
from services.directory.store import Referral, ReferralEvent, events_after, keys_of, latest_events
from services.directory.store.feed import FeedRow

_log = log(__name__)

FEED_SCHEMA = f"{schema_uri(ReferralChanged.type)}:feed"
"""Identifies the JSON Schema of the feed's `data`."""

_MARK = b"r"


class FeedData(BaseModel):
    """The data of a referral event for a partner."""

    referral_id: UUID
    partner_ref: UUID | None
    """The reader's own reference of the person: the same for all their referrals, different for every reader."""
    centre: str
    organization_id: UUID
    service_id: UUID
    status: ReferralStatus
    reason: str | None = None
    area: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event, for one partner."""

    cursor: str
    event: dict[str, Any]


def partner_of(person: Person) -> str:
    """The name from which a Cité's references are derived: its role and account, never a display name."""
    return f"{Role.CITE.value}/{person.subject}"


def provider_partner(organization_id: UUID) -> str:
    """The name from which a provider's references are derived."""
    return f"{Role.PROVIDER.value}/{organization_id}"


def provider_ref(keys: Mapping[UUID, bytes], referral: Referral) -> UUID | None:
    """The provider's reference of the referral's person; None once they were erased."""
    key = keys.get(referral.subject_ref) if referral.subject_ref is not None else None
    return partner_ref(key, provider_partner(referral.organization_id)) if key is not None else None


def cursor(position: int) -> str:
    """A position in the feed, as an opaque text."""
    return base64.urlsafe_b64encode(_MARK + b"%d" % position).decode().rstrip("=")


def position_of(text: str | None) -> int:
    """The position of a cursor; 0 without one. Raises `UnknownCursor`."""
    if text is None:
        return 0
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if decoded[:1] != _MARK or not decoded[1:].isdigit():
            raise UnknownCursor()
        return int(decoded[1:19])
    except (binascii.Error, ValueError) as error:
        raise UnknownCursor() from error


async def read_feed(session: AsyncSession, partner: str, after: str | None, limit: int) -> list[FeedEvent]:
    """The events after a cursor, in the order of the feed, as this partner sees them. Raises `UnknownCursor`."""
    return await _for_partner(session, partner, await events_after(session, position_of(after), limit))


async def newest(session: AsyncSession, partner: str, limit: int) -> list[FeedEvent]:
    """The newest events, newest first, as this partner sees them."""
    return await _for_partner(session, partner, await latest_events(session, limit))


async def reference_of(session: AsyncSession, partner: str, referral_id: UUID) -> UUID | None:
    """This partner's reference of the referral's person; None once they were erased.

    Logs the partner and the referral. Raises `NotFound`.
    """
    referral = await session.get(Referral, referral_id)
    if referral is None:
        raise NotFound(what=msg("referral"))
    _log.info("partner reference read", partner=partner, referral=str(referral_id))
    subject = referral.subject_ref
    key = (await keys_of(session, [subject])).get(subject) if subject is not None else None
    return partner_ref(key, partner) if key is not None else None


async def _for_partner(session: AsyncSession, partner: str, rows: list[FeedRow]) -> list[FeedEvent]:
    keys = await keys_of(session, {subject for _, subject in rows if subject is not None})
    return [
        FeedEvent(cursor(event.position), _cloud_event(event, keys.get(subject) if subject else None, partner))
        for event, subject in rows
    ]


def _cloud_event(event: ReferralEvent, key: bytes | None, partner: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": REFERRAL_EVENTS.source,
        "type": event.type,
        "subject": str(event.referral_id),
        "time": event.at.isoformat(),
        "cefosequence": str(event.sequence),
        "datacontenttype": "application/json",
        "dataschema": FEED_SCHEMA,
        "data": event.data | {"partner_ref": str(partner_ref(key, partner)) if key is not None else None},
    }
