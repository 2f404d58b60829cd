"""One person's path, the events of other services about it, and a plan that is written as far as a test needs it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from services.chassis.identity.people import Person
from services.chassis.storage.store import Store
from services.contracts import Event
from services.contracts.directory import CentrePublished, ProviderPublished, ProviderService
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn, VisitorRegistered
from services.contracts.paths import PathReopened
from services.contracts.plans import Dimension
from services.contracts.roles import Role
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    InterviewHeld,
    InterviewKind,
    Method,
    PathClosed,
    PathOpened,
    PathOutcome,
    SeatTaken,
    WorkshopAnnounced,
    WorkshopSession,
)
from services.contracts.workshops import FinalisingSessionWithdrawn
from services.plans import actions
from services.plans.domain import plan_id_of
from services.plans.reactions import reactions
from services.plans.store import Action
from tests.givens.events import react_to

MARCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

MONS = "mons"
COUNSELLOR = Person(
    subject="demo:nadia", name="Nadia (demo)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({MONS})
)
ARLON_COUNSELLOR = COUNSELLOR.model_copy(update={"subject": "demo:tom", "centres": frozenset({"arlon"})})


def visitor(subject_ref: UUID) -> Person:
    """The person under this reference, signed in."""
    return Person(subject="visitor", name="Visitor (demo)", roles=frozenset({Role.VISITOR}), subject_ref=subject_ref)


class Adult:
    """One person on one path, and the events that scheduling emits about it."""

    def __init__(self, method: Method, seed: UUID | None = None) -> None:
        root = seed or uuid4()
        self.method = method
        self.subject_ref = uuid5(root, "subject")
        self.path_id = uuid5(root, "path")
        self.workshop_id = uuid5(root, "workshop")
        self.seat_id = uuid5(root, "seat")
        self.plan_id = plan_id_of(self.path_id)
        self._root = root

    def path_opened(self) -> PathOpened:
        return PathOpened(path_id=self.path_id, subject_ref=self.subject_ref, centre=MONS, method=self.method, at=MARCH)

    def registered(self, *purposes: str) -> VisitorRegistered:
        facts = {"subject_ref": self.subject_ref, "centre": MONS, "at": MARCH, "language": "fr", "retain_until": MARCH}
        return VisitorRegistered.model_validate(facts | {"purposes": purposes})

    def gives(self, *in_force: str) -> VisitorConsentGiven:
        facts = {"subject_ref": self.subject_ref, "centre": MONS, "at": MARCH, "purposes": in_force}
        return VisitorConsentGiven.model_validate(facts | {"in_force": in_force})

    def withdraws(self, *purposes: str, left: tuple[str, ...]) -> VisitorConsentWithdrawn:
        facts = {"subject_ref": self.subject_ref, "at": MARCH, "purposes": purposes, "in_force": left}
        return VisitorConsentWithdrawn.model_validate(facts)

    def path_closed(self, outcome: PathOutcome, days: int = 0) -> PathClosed:
        at = MARCH + timedelta(days=days)
        return PathClosed(path_id=self.path_id, centre=MONS, method=self.method, outcome=outcome, at=at)

    def path_reopened(self, days: int) -> PathReopened:
        return PathReopened(
            path_id=self.path_id,
            subject_ref=self.subject_ref,
            centre=MONS,
            method=self.method,
            reason="visitor-back",
            at=MARCH + timedelta(days=days),
        )

    def interview(self, number: int, *, known: bool = True) -> InterviewHeld:
        return InterviewHeld(
            interview_id=uuid5(self._root, f"interview {number}"),
            kind=InterviewKind.GUIDANCE,
            centre=MONS,
            area="choose-path",
            counsellor="nadia",
            starts_at=MARCH + timedelta(days=7 * number),
            minutes=60,
            path_id=self.path_id,
            method=self.method,
            number=number,
            subject_ref=self.subject_ref if known else None,
        )

    def announced(self, sessions: int = 3) -> WorkshopAnnounced:
        return WorkshopAnnounced(
            workshop_id=self.workshop_id,
            centre=MONS,
            area="choose-path",
            counsellor="nadia",
            room="salle-2",
            seats=8,
            sessions=tuple(
                WorkshopSession(session_id=self.session_id(n), starts_at=MARCH + timedelta(days=n), minutes=180)
                for n in range(1, sessions + 1)
            ),
        )

    def session_id(self, number: int) -> UUID:
        return uuid5(self._root, f"session {number}")

    def seat(self) -> SeatTaken:
        return SeatTaken(
            workshop_id=self.workshop_id,
            seat_id=self.seat_id,
            subject_ref=self.subject_ref,
            path_id=self.path_id,
            centre=MONS,
            at=MARCH,
        )

    def attendance(self, number: int, *, attended: bool = True, final: bool = False) -> AttendanceRecorded:
        return AttendanceRecorded(
            workshop_id=self.workshop_id,
            session_id=self.session_id(number),
            seat_id=self.seat_id,
            subject_ref=self.subject_ref,
            path_id=self.path_id,
            centre=MONS,
            at=MARCH + timedelta(days=number, hours=3),
            attended=attended,
            final=final,
        )

    def finalising_due(self) -> FinalisingSessionDue:
        return FinalisingSessionDue(
            workshop_id=self.workshop_id,
            path_id=self.path_id,
            subject_ref=self.subject_ref,
            centre=MONS,
            at=MARCH + timedelta(days=3, hours=3),
        )

    def finalising_withdrawn(self) -> FinalisingSessionWithdrawn:
        return FinalisingSessionWithdrawn(
            workshop_id=self.workshop_id,
            path_id=self.path_id,
            subject_ref=self.subject_ref,
            centre=MONS,
            at=MARCH + timedelta(days=3, hours=4),
        )


def mons() -> CentrePublished:
    return CentrePublished(
        centre=MONS,
        name="Carrefour des métiers de Mons",
        kind="carrefour",
        areas=("choose-path", "select-training", "find-job", "create-business"),
        timezone="Europe/Brussels",
        opening_hours=(),
    )


def provider(service_id: UUID, organization_id: UUID | None = None, status: Any = "active") -> ProviderPublished:
    return ProviderPublished(
        organization_id=organization_id or uuid4(),
        name="Promotion sociale (demo)",
        services=(
            ProviderService(
                service_id=service_id, name="Découverte des métiers du bois", areas=("select-training",), status=status
            ),
        ),
        assured_date=None,
    )


async def react(store: Store, events: Iterable[Event], *, in_one_batch: bool = False) -> None:
    """Run the reactions of plans to these events, in this order."""
    await react_to(store, reactions, events, in_one_batch=in_one_batch)


async def write_all_dimensions(store: Store, adult: Adult) -> None:
    async with store.work() as work:
        for dimension in Dimension:
            await actions.write_assessment(
                work, adult.plan_id, COUNSELLOR, dimension=dimension, text=f"Quelques mots sur {dimension}"
            )


async def lead_somewhere(store: Store, adult: Adult) -> UUID:
    """A goal with one track; the track's id."""
    async with store.work() as work:
        goal = await actions.set_goal(work, adult.plan_id, COUNSELLOR, "Travailler le bois")
    async with store.work() as work:
        track = await actions.open_track(
            work, adult.plan_id, COUNSELLOR, goal_id=goal.id, title="Se former", area="select-training"
        )
    return track.id


async def complete(store: Store, adult: Adult) -> UUID:
    await write_all_dimensions(store, adult)
    return await lead_somewhere(store, adult)


async def write_everything(store: Store, her: Adult) -> Action:
    """All the method asks of the text, a track, and an action with a provider."""
    service_id = uuid4()
    await react(store, [provider(service_id)])
    async with store.work() as work:
        for dimension in Dimension:
            await actions.write_assessment(
                work, her.plan_id, visitor(her.subject_ref), dimension=dimension, text=f"Mes {dimension}"
            )
        step = await actions.plan_information_step(work, her.plan_id, COUNSELLOR, what="Visiter un atelier")
        goal = await actions.set_goal(work, her.plan_id, COUNSELLOR, "Travailler le bois")
        await work.session.flush()
        await actions.conclude_information_step(
            work, her.plan_id, COUNSELLOR, step_id=step.id, result="Une odeur de copeaux"
        )
        track = await actions.open_track(
            work, her.plan_id, COUNSELLOR, goal_id=goal.id, title="Se former", area="select-training"
        )
        await work.session.flush()
        intention = actions.NewAction(
            title="Semaine de découverte", needs_provider=True, service_id=service_id, reason="training"
        )
        return await actions.plan_action(work, her.plan_id, COUNSELLOR, track_id=track.id, new=intention)
