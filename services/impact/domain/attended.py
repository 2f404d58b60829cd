"""People apart from interviews, and workshops: exact numbers, of which nothing is published.

A person counts once in a month, at a centre, for information interviews, once for guidance interviews and once for
workshops. The producer of the events knows who it was; here are numbers alone, so that an erasure changes none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.contracts.scheduling import InterviewKind, Side


class Fact(StrEnum):
    """What is counted."""

    INFORMATION_KNOWN = "information-known"
    INFORMATION_PEOPLE = "information-people"
    GUIDANCE_KNOWN = "guidance-known"
    GUIDANCE_PEOPLE = "guidance-people"
    PRESENT = "present"
    PRESENT_PEOPLE = "present-people"
    ABSENT = "absent"
    CANCELLED_BY_PERSON = "cancelled-by-person"
    CANCELLED_BY_CENTRE = "cancelled-by-centre"
    WORKSHOPS = "workshops"
    WORKSHOPS_CANCELLED = "workshops-cancelled"
    SESSIONS = "sessions"


_OF_INTERVIEW = {
    InterviewKind.INFORMATION: (Fact.INFORMATION_KNOWN, Fact.INFORMATION_PEOPLE),
    InterviewKind.GUIDANCE: (Fact.GUIDANCE_KNOWN, Fact.GUIDANCE_PEOPLE),
}


def of_interview(kind: InterviewKind, only: bool | None) -> list[Fact]:
    """What an interview counts for. `only`: whether it is the person's only one of the month; None: nobody is known."""
    known, people = _OF_INTERVIEW[kind]
    return [] if only is None else [known, people] if only else [known]


def of_presence(only: bool | None) -> list[Fact]:
    """What a presence at a workshop counts for. `only`: as in `of_interview`."""
    return [Fact.PRESENT, Fact.PRESENT_PEOPLE] if only else [Fact.PRESENT]


def of_released(side: Side) -> Fact:
    """What a released seat counts for."""
    return Fact.CANCELLED_BY_PERSON if side is Side.VISITOR else Fact.CANCELLED_BY_CENTRE


@dataclass(frozen=True, slots=True)
class PeopleReport:
    """The people of a period: of each month, added up. `known`: the interviews of people whom the platform knows."""

    information_known: int
    information_people: int
    guidance_known: int
    guidance_people: int
    workshop_people: int


@dataclass(frozen=True, slots=True)
class WorkshopReport:
    """The workshops of a period, and their seats by outcome."""

    workshops: int
    cancelled: int
    sessions: int
    present: int
    absent: int
    cancelled_by_person: int
    cancelled_by_centre: int


def attended_report(counts: Mapping[Fact, int]) -> tuple[PeopleReport, WorkshopReport]:
    """The reports of these counts. No number is below zero: what is taken back may be older than the counts."""
    n = {fact: max(0, counts.get(fact, 0)) for fact in Fact}
    return (
        PeopleReport(
            n[Fact.INFORMATION_KNOWN],
            n[Fact.INFORMATION_PEOPLE],
            n[Fact.GUIDANCE_KNOWN],
            n[Fact.GUIDANCE_PEOPLE],
            n[Fact.PRESENT_PEOPLE],
        ),
        WorkshopReport(
            n[Fact.WORKSHOPS],
            n[Fact.WORKSHOPS_CANCELLED],
            n[Fact.SESSIONS],
            n[Fact.PRESENT],
            n[Fact.ABSENT],
            n[Fact.CANCELLED_BY_PERSON],
            n[Fact.CANCELLED_BY_CENTRE],
        ),
    )
