"""A referral's life, as FHIR Task has it, plus `expired`.

::

    requested ──▶ received ──▶ accepted ──▶ in-progress ──▶ completed        said by the provider
        └────────────┴────────────┴──▶ rejected                              said by the provider, with a reason
        └────────────┴────────────┴────────────┴──▶ cancelled                said by the centre, with a reason
        └────────────┴──▶ expired                                            nobody answered in time

Steps may be skipped forwards (a provider that accepts at once has received), never taken backwards.
"""

import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from services.chassis.refusals import msg
from services.contracts.directory import ReferralStatus as Status
from services.directory.domain.refusals import (
    NotYourStep,
    ReasonNotWanted,
    UnknownReason,
    Words,
    WrongReferralStep,
)

ANSWER_WITHIN = timedelta(days=30)
"""A referral that nobody answered expires after this, where nothing else is set (as in DORA: the end at 30 days)."""


class Party(StrEnum):
    """Who moves a referral."""

    CENTRE = "centre"
    PROVIDER = "provider"
    PLATFORM = "platform"


PARTY_LABELS = {
    Party.CENTRE: msg("the centre"),
    Party.PROVIDER: msg("the provider"),
    Party.PLATFORM: msg("the platform"),
}


def is_unanswered(status: Status) -> bool:
    """Whether the provider has not said yes or no."""
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
    """Whether somebody still has something to do."""
    return bool(next_steps(status))


def next_steps(status: Status) -> tuple[Status, ...]:
    """What a referral that stands there may become, whoever says it."""
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
    """Which side says this step; None: no step, it is where a referral begins."""
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
"""Why a person is sent to a provider; the codes of a plan's actions."""

REJECTION_REASONS = ("no-places", "not-eligible", "not-offered", "not-reached", "other")
"""Why a provider says no."""

CANCELLATION_REASONS = ("visitor-declined", "found-elsewhere", "entered-in-error", "other")
"""Why a centre takes a referral back."""

WITHDRAWN = "withdrawn"
"""The person is no longer known to the platform: said by the platform, for the centre."""


def _reasons_of(wanted: Status) -> tuple[str, ...] | None:
    """Of which reasons this step needs one; None: it takes none."""
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
    "work-experience": msg("Work experience"),
    "social-support": msg("Social support"),
    "no-places": msg("No places left"),
    "not-eligible": msg("Conditions not met"),
    "not-offered": msg("Not offered (any more)"),
    "not-reached": msg("The person was not reached"),
    "visitor-declined": msg("The person prefers not to"),
    "found-elsewhere": msg("Found elsewhere"),
    "entered-in-error": msg("Entered in error"),
    "withdrawn": msg("The person withdrew"),
    "other": msg("Other reason"),
}


def steps_for(status: Status, party: Party) -> tuple[Status, ...]:
    """What this side may do with a referral that stands there."""
    return tuple(step for step in next_steps(status) if taken_by(step) is party)


def check_step(status: Status, wanted: Status, party: Party) -> None:
    """A referral goes forward, and each side says its own steps. Raises `NotYourStep`, `WrongReferralStep`."""
    side = taken_by(wanted)
    if side is not None and side is not party:
        mine = Words(steps_for(status, party))
        raise NotYourStep(wanted=wanted.value, party=PARTY_LABELS[side], allowed=mine)
    if wanted not in next_steps(status):
        raise WrongReferralStep(status=status.value, wanted=wanted.value, allowed=Words(next_steps(status)))


def check_reason(wanted: Status, reason: str | None) -> None:
    """A no has a reason from the list; nothing else has one. Raises `UnknownReason`, `ReasonNotWanted`."""
    known = _reasons_of(wanted)
    if known is None:
        if reason is not None:
            raise ReasonNotWanted(wanted=wanted.value)
    elif reason not in known:
        raise UnknownReason(wanted=wanted.value, known=", ".join(known), reason=reason or "–")


def check_referral_reason(reason: str) -> None:
    """A referral says why. Raises `UnknownReason`."""
    if reason not in REFERRAL_REASONS:
        raise UnknownReason(wanted=Status.REQUESTED.value, known=", ".join(REFERRAL_REASONS), reason=reason)


def partner_ref(key: bytes, partner: str) -> UUID:
    """The reference under which one partner knows one person.

    `key` is random, one per person, and never leaves the directory: without it two partners cannot tell that their
    references mean the same person, and once it is deleted nobody can.
    """
    return UUID(bytes=hmac.digest(key, partner.encode(), hashlib.sha256)[:16], version=4)


def short_reference(reference: UUID) -> str:
    """A reference as people say it on the phone: the first eight signs, in two groups."""
    text = reference.hex[:8].upper()
    return f"{text[:4]}-{text[4:]}"
