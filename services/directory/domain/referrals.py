"""The states of a referral: those of FHIR Task, plus `expired`.

::

    requested ──▶ received ──▶ accepted ──▶ in-progress ──▶ completed        by the provider
        └────────────┴────────────┴──▶ rejected                              by the provider, with a reason
        └────────────┴────────────┴────────────┴──▶ cancelled                by the centre, with a reason
        └────────────┴──▶ expired                                            by the platform, without an answer in time

A step may be skipped (a provider that accepts at once has received); no step goes back.
"""

import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from services.chassis.refusals import msg, with_words
from services.contracts.directory import ReferralStatus as Status
from services.directory.domain.refusals import (
    NotYourStep,
    ReasonNotWanted,
    UnknownReason,
    WrongReferralStep,
)

ANSWER_WITHIN = timedelta(days=30)
"""Default time without an answer after which a referral expires (as in DORA: 30 days)."""


class Party(StrEnum):
    """Who sets the next status of a referral."""

    CENTRE = "centre"
    PROVIDER = "provider"
    PLATFORM = "platform"


PARTY_LABELS = {
    Party.CENTRE: msg("the centre"),
    Party.PROVIDER: msg("the provider"),
    Party.PLATFORM: msg("the platform"),
}


def is_unanswered(status: Status) -> bool:
    """Whether the provider has neither accepted nor rejected yet."""
    match status:
        case Status.REQUESTED | Status.RECEIVED:
            return True
        case (
            Status.ACCEPTED
            | Status.IN_PROGRESS
            | Status.COMPLETED
            | Status.REJECTED
            | Status.CANCELLED
            | Status.EXPIRED
        ):
            return False


def is_open(status: Status) -> bool:
    """Whether the referral can still change."""
    return bool(next_steps(status))


def next_steps(status: Status) -> tuple[Status, ...]:
    """The statuses that may follow this one, of any party."""
    match status:
        case Status.REQUESTED:
            return Status.RECEIVED, Status.ACCEPTED, Status.REJECTED, Status.CANCELLED, Status.EXPIRED
        case Status.RECEIVED:
            return Status.ACCEPTED, Status.REJECTED, Status.CANCELLED, Status.EXPIRED
        case Status.ACCEPTED:
            return Status.IN_PROGRESS, Status.COMPLETED, Status.REJECTED, Status.CANCELLED
        case Status.IN_PROGRESS:
            return Status.COMPLETED, Status.CANCELLED
        case Status.COMPLETED | Status.REJECTED | Status.CANCELLED | Status.EXPIRED:
            return ()


def taken_by(step: Status) -> Party | None:
    """The party that sets this status; None for `requested`, the initial one."""
    match step:
        case Status.REQUESTED:
            return None
        case Status.RECEIVED | Status.ACCEPTED | Status.REJECTED | Status.IN_PROGRESS | Status.COMPLETED:
            return Party.PROVIDER
        case Status.CANCELLED:
            return Party.CENTRE
        case Status.EXPIRED:
            return Party.PLATFORM


OPEN = tuple(status for status in Status if is_open(status))
UNANSWERED = tuple(status for status in Status if is_unanswered(status))


class ReferralStage(StrEnum):
    """The lists of a board of referrals."""

    UNANSWERED = "unanswered"
    UNDER_WAY = "under-way"
    ENDED = "ended"


with_words(
    {
        ReferralStage.UNANSWERED: msg("Waiting for an answer"),
        ReferralStage.UNDER_WAY: msg("Referrals in progress"),
        ReferralStage.ENDED: msg("Closed referrals"),
    }
)


def stage_of(status: Status) -> ReferralStage:
    """The list in which a referral with this status is."""
    if is_unanswered(status):
        return ReferralStage.UNANSWERED
    return ReferralStage.UNDER_WAY if is_open(status) else ReferralStage.ENDED


REFERRAL_REASONS = (
    "training",
    "skills-recognition",
    "language-course",
    "job-search",
    "business-start",
    "work-experience",
    "social-support",
    "other",
)
"""Codes of the reason of a referral; those of a plan's actions."""

REJECTION_REASONS = ("no-places", "not-eligible", "not-offered", "not-reached", "other")
"""Codes of the reason for which a provider rejects."""

CANCELLATION_REASONS = ("visitor-declined", "found-elsewhere", "entered-in-error", "other")
"""Codes of the reason for which a centre cancels."""

WITHDRAWN = "withdrawn"
"""The reason of a cancellation by the platform, on behalf of the centre: no consent any more, or an erasure."""


def _reasons_of(wanted: Status) -> tuple[str, ...] | None:
    """The reasons of which this status needs one; None: it takes no reason."""
    match wanted:
        case Status.REJECTED:
            return REJECTION_REASONS
        case Status.CANCELLED:
            return (*CANCELLATION_REASONS, WITHDRAWN)
        case (
            Status.REQUESTED
            | Status.RECEIVED
            | Status.ACCEPTED
            | Status.IN_PROGRESS
            | Status.COMPLETED
            | Status.EXPIRED
        ):
            return None


REASON_LABELS = {
    "training": msg("Training"),
    "skills-recognition": msg("Recognition of skills"),
    "language-course": msg("Language course"),
    "job-search": msg("Job search"),
    "business-start": msg("Starting a business"),
    "work-experience": msg("Work placement"),
    "social-support": msg("Social support"),
    "no-places": msg("No places left"),
    "not-eligible": msg("Conditions not met"),
    "not-offered": msg("Not offered"),
    "not-reached": msg("The person could not be reached"),
    "visitor-declined": msg("The person does not want this"),
    "found-elsewhere": msg("Another solution was found"),
    "entered-in-error": msg("Sent by mistake"),
    "withdrawn": msg("The person withdrew consent"),
    "other": msg("Other reason"),
}
with_words(REASON_LABELS)


NOTHING = msg("nothing more")
"""In place of the statuses that are possible, where none is."""


def steps_for(status: Status, party: Party) -> tuple[Status, ...]:
    """The statuses that this party may set next."""
    return tuple(step for step in next_steps(status) if taken_by(step) is party)


def check_step(status: Status, wanted: Status, party: Party) -> None:
    """The status may follow, and this party may set it. Raises `NotYourStep`, `WrongReferralStep`."""
    side = taken_by(wanted)
    if side is not None and side is not party:
        raise NotYourStep(wanted=wanted, party=PARTY_LABELS[side], allowed=steps_for(status, party) or NOTHING)
    if wanted not in next_steps(status):
        raise WrongReferralStep(status=status, wanted=wanted, allowed=next_steps(status) or NOTHING)


def check_reason(wanted: Status, reason: str | None) -> None:
    """`rejected` and `cancelled` have a reason from their list, other statuses none.

    Raises `UnknownReason`, `ReasonNotWanted`.
    """
    known = _reasons_of(wanted)
    if known is None:
        if reason is not None:
            raise ReasonNotWanted(wanted=wanted.value)
    elif reason not in known:
        raise UnknownReason(wanted=wanted.value, known=known, reason=reason or "–")


def check_referral_reason(reason: str) -> None:
    """A referral has a reason from the list. Raises `UnknownReason`."""
    if reason not in REFERRAL_REASONS:
        raise UnknownReason(wanted=Status.REQUESTED.value, known=REFERRAL_REASONS, reason=reason)


def partner_ref(key: bytes, partner: str) -> UUID:
    """One partner's reference of one person: an HMAC of the partner's name.

    `key` is random, one per person, and never leaves the directory. Without it two partners cannot find out that their
    references mean the same person; once it is deleted, no party can.
    """
    return UUID(bytes=hmac.digest(key, partner.encode(), hashlib.sha256)[:16], version=4)


def short_reference(reference: UUID) -> str:
    """A reference short enough for the phone: the first eight hexadecimal digits, in two groups."""
    text = reference.hex[:8].upper()
    return f"{text[:4]}-{text[4:]}"
