"""When a plan opens, what may be changed, and what its confirmation requires."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from services.chassis.refusals import Refused
from services.contracts.plans import Dimension
from services.contracts.scheduling import Method
from services.plans.domain.refusals import (
    DimensionsMissing,
    DueInPast,
    DueTooFarAhead,
    FinalisingSessionNotHeld,
    NoActionTrack,
    NoGoal,
    OnlyCounsellorRefers,
    PlanIsConfirmed,
    SecondInterviewNotHeld,
    ServiceWithoutNeed,
    UnknownReason,
    WorkshopNotFinished,
)
from services.plans.domain.words import DIMENSION_LABELS, INTERVIEWS_NEEDED, REASONS, Requirement

NOTED_LATER = timedelta(days=365)
"""How long ago the day of an information step may be."""

FARTHEST = timedelta(days=5 * 365)
"""How far ahead a plan looks; a later day is a mistake."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a plan: the facts of its path, and what is written in it."""

    method: Method
    interviews_held: int = 0
    sessions_recorded: int = 0
    sessions_total: int | None = None
    """None: `WorkshopAnnounced` has not arrived yet."""
    workshop_finished: bool = False
    written: frozenset[Dimension] = frozenset()
    goals: int = 0
    tracks: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement, the number found and needed, and the refusal while it is not met."""

    requirement: Requirement
    have: int
    need: int | None
    refusal: Refused | None

    @property
    def met(self) -> bool:
        """Whether the requirement is met."""
        return self.refusal is None


def checklist(standing: Standing) -> list[Check]:
    """Every requirement of the method for the confirmation, in the order in which they are usually met."""
    return [*_sessions(standing), _dimensions(standing), *_directions(standing)]


def check_complete(standing: Standing) -> None:
    """Check that the plan may be confirmed. Raises the first refusal of the checklist."""
    for check in checklist(standing):
        if check.refusal is not None:
            raise check.refusal


def _sessions(standing: Standing) -> Iterable[Check]:
    held = standing.interviews_held
    if standing.method is Method.INDIVIDUAL:
        refusal = SecondInterviewNotHeld(held=held, needed=INTERVIEWS_NEEDED) if held < INTERVIEWS_NEEDED else None
        yield Check(Requirement.INTERVIEWS, held, INTERVIEWS_NEEDED, refusal)
        return
    done, total = standing.sessions_recorded, standing.sessions_total
    unfinished = WorkshopNotFinished(done=done, total="?" if total is None else total)
    yield Check(Requirement.WORKSHOP, done, total, None if standing.workshop_finished else unfinished)
    # Brochure p. 28: "following the collective work, one individual session is planned to finalise the process".
    yield Check(
        Requirement.FINALISING, min(held, 1), 1, None if held else FinalisingSessionNotHeld(held=held, needed=1)
    )


def _dimensions(standing: Standing) -> Check:
    missing = [dimension for dimension in Dimension if dimension not in standing.written]
    have, need = len(Dimension) - len(missing), len(Dimension)
    names = [DIMENSION_LABELS[dimension] for dimension in missing]
    refusal = DimensionsMissing(written=have, needed=need, missing=names) if missing else None
    return Check(Requirement.DIMENSIONS, have, need, refusal)


def _directions(standing: Standing) -> Iterable[Check]:
    yield Check(Requirement.GOAL, standing.goals, 1, None if standing.goals else NoGoal(needed=1, found=0))
    yield Check(Requirement.TRACK, standing.tracks, 1, None if standing.tracks else NoActionTrack(needed=1, found=0))


def first_guidance_session(
    method: Method, *, first_held_at: datetime | None, first_attended_at: datetime | None
) -> datetime | None:
    """When the path's first guidance session took place, which opens the plan; None: not yet.

    Individual: the first interview held. Collective: the first workshop session attended.
    """
    return first_held_at if method is Method.INDIVIDUAL else first_attended_at


def plan_id_of(path_id: UUID) -> UUID:
    """The id of a path's one plan. Derived from the path's id, so that a replay yields the same id."""
    return uuid5(path_id, "plan")


def attendance_id_of(path_id: UUID, session_id: UUID) -> UUID:
    """The id of the one attendance of a path's person at a session."""
    return uuid5(path_id, str(session_id))


def check_open(confirmed_at: datetime | None) -> None:
    """The plan may still be changed. Raises `PlanIsConfirmed`."""
    if confirmed_at is not None:
        raise PlanIsConfirmed(confirmed=confirmed_at.date().isoformat())


def check_due(due_on: date | None, today: date) -> None:
    """An action is due from today to `FARTHEST` ahead, or has no date. Raises `DueInPast`, `DueTooFarAhead`."""
    if due_on is not None and due_on < today:
        raise DueInPast(due=due_on.isoformat(), today=today.isoformat())
    _check_near(due_on, today, "due_on")


def check_planned(planned_on: date | None, today: date) -> None:
    """An information step may be noted up to a year later. Raises `DueInPast`, `DueTooFarAhead`."""
    if planned_on is not None and planned_on < today - NOTED_LATER:
        raise DueInPast("planned_on", due=planned_on.isoformat(), today=today.isoformat())
    _check_near(planned_on, today, "planned_on")


def _check_near(day: date | None, today: date, field: str) -> None:
    if day is not None and day > (until := today + FARTHEST):
        raise DueTooFarAhead(field, until=until)


def check_referral(needs_provider: bool, reason: str | None, service_id: UUID | None, *, by_counsellor: bool) -> None:
    """A referral has a reason from the list and is sent by a counsellor; without one, no service is chosen.

    Raises `OnlyCounsellorRefers`, `UnknownReason`, `ServiceWithoutNeed`.
    """
    if not needs_provider:
        if service_id is not None:
            raise ServiceWithoutNeed(service=str(service_id))
        return
    if not by_counsellor:
        raise OnlyCounsellorRefers()
    if reason not in REASONS:
        raise UnknownReason(reason=reason or "–", known=REASONS)
