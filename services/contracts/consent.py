"""The purposes to which a person can consent, and what each allows in each service: the table of docs/privacy.md."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

CONSENT_ENDED = "consent-ended"
"""The reason of what is cancelled or released when a person withdraws their consent, or is erased."""


class Purpose(StrEnum):
    """What a registered person can consent to."""

    GUIDANCE = "guidance"
    PLAN = "plan"
    REMINDERS = "reminders"
    REFERRAL = "referral"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a purpose allows in one service, and what its withdrawal and a later consent do there."""

    service: str
    allows: str
    withdrawn: str
    given_again: str


EFFECTS: dict[Purpose, tuple[Effect, ...]] = {
    Purpose.GUIDANCE: (
        Effect(
            "scheduling",
            "open a guidance path, book and move interviews, take a seat in a workshop or on its waiting list",
            "what is booked for later is cancelled (`consent-ended`), seats are released, and nothing more is booked; "
            "what has begun or took place stays",
            "an individual path goes on where it stopped; what was cancelled is booked again",
        ),
    ),
    Purpose.PLAN: (
        Effect(
            "plans",
            "the counsellors of the centre read the plan and write in it, with the person",
            "the plan is closed to the centre; the person still reads, prints and downloads it, and writes no more",
            "the plan opens again, with all that was written",
        ),
    ),
    Purpose.REMINDERS: (
        Effect(
            "intake",
            "messages about appointments, the plan and referrals to the person's contact ([which](messages.md))",
            "messages that wait are dropped, and none is sent any more; appointments stay",
            "what happens from then on is sent again, and appointments to come are reminded of",
        ),
    ),
    Purpose.REFERRAL: (
        Effect(
            "directory",
            "the centre refers the person to a provider",
            "open referrals are cancelled (`withdrawn`), and the provider sees it; none is sent",
            "referrals that waited for consent are sent, and new ones can be; cancelled ones stay cancelled",
        ),
        Effect(
            "plans",
            "an action of the plan that needs a provider sends a referral",
            "such an action can be noted, and says that its referral waits for the person's consent",
            "the referral is sent",
        ),
    ),
}


def purposes_left(before: Iterable[str], withdrawn: Iterable[str], in_force: Iterable[str] | None) -> list[str]:
    """The purposes after a withdrawal, sorted: what the event says is in force; without that, the difference."""
    return sorted(set(before) - set(withdrawn) if in_force is None else set(in_force))
