"""Held interviews by how they took place and by their outcome: information and guidance apart."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.contracts.appointments import AppointmentMode
from services.contracts.outcomes import InterviewOutcome, NextStep
from services.contracts.scheduling import InterviewKind

NOT_STATED = ""
"""Of an interview that was held without an outcome, before there were outcomes, or with one that does not say it."""
NOT_OFFERED, OFFERED, TAKEN = "not-offered", "offered", "taken"
GUIDANCE_ANSWERS = (NOT_OFFERED, OFFERED, TAKEN)
"""Whether guidance was offered in the interview, and taken."""


class InterviewSort(NamedTuple):
    """What an interview is counted by, in codes."""

    kind: str
    mode: str
    next_step: str
    guidance: str


def sort_of(kind: InterviewKind, mode: AppointmentMode, outcome: InterviewOutcome | None) -> InterviewSort:
    """What an interview is counted by. An outcome that was not stated counts as such."""
    if outcome is None:
        return InterviewSort(kind.value, mode.value, NOT_STATED, NOT_STATED)
    answer = TAKEN if outcome.guidance_taken else OFFERED if outcome.guidance_offered else NOT_OFFERED
    step = NOT_STATED if outcome.next_step == NextStep.NOT_STATED else outcome.next_step
    return InterviewSort(kind.value, mode.value, step, answer if outcome.guidance_stated else NOT_STATED)


STEPS = tuple(step.value for step in NextStep if step is not NextStep.NOT_STATED)
"""What follows an interview, where it is stated."""


@dataclass(slots=True)
class Row:
    """How many interviews have one code."""

    code: str
    information: int = 0
    guidance: int = 0


@dataclass(slots=True)
class InterviewReport:
    """The interviews of a period by mode, next step and answer to the guidance offer; each adds up to all of them."""

    by_mode: list[Row] = field(default_factory=list[Row])
    by_next_step: list[Row] = field(default_factory=list[Row])
    by_guidance: list[Row] = field(default_factory=list[Row])


def interview_report(counts: Iterable[tuple[InterviewSort, int]]) -> InterviewReport:
    """The report of these counts. Every known code has a row; so has what is not stated, and any other that counts.

    No number is below zero: until a rebuild, one that was counted before migration 0010 may be taken out of another
    mode than that in which it counts.
    """
    found = [(sort, number) for sort, number in counts if number]
    return InterviewReport(
        _rows([mode.value for mode in AppointmentMode], [(sort.kind, sort.mode, number) for sort, number in found]),
        _rows(STEPS, [(sort.kind, sort.next_step, number) for sort, number in found]),
        _rows(GUIDANCE_ANSWERS, [(sort.kind, sort.guidance, number) for sort, number in found]),
    )


def _rows(known: Iterable[str], counts: Iterable[tuple[str, str, int]]) -> list[Row]:
    rows = {code: Row(code) for code in known}
    for kind, code, number in counts:
        row = rows.setdefault(code, Row(code))
        if kind == InterviewKind.GUIDANCE:
            row.guidance += number
        else:
            row.information += number
    for row in rows.values():
        row.information, row.guidance = max(0, row.information), max(0, row.guidance)
    if NOT_STATED in rows:
        rows[NOT_STATED] = rows.pop(NOT_STATED)  # at the end
    return list(rows.values())
