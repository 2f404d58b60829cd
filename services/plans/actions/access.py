"""Who may read and change a plan, and the change log."""

from typing import Any, TypeVar
from uuid import UUID

from services.chassis.identity.people import Person
from services.chassis.storage.checks import check_same, check_version
from services.chassis.storage.store import Work
from services.contracts.roles import Role
from services.plans.domain import PlanClosed, PlanNotFound, ReadOnly, check_open
from services.plans.store import Action, ActionTrack, Goal, InformationStep, Plan, Reflection, Revision, Written


def accessible(plan: Plan | None, person: Person) -> Plan:
    """The plan, for its own person and for counsellors of its centre. Raises `PlanNotFound` for everyone else.

    So they do not learn that the plan exists. Raises `PlanClosed` for the centre, without the person's consent.
    """
    if plan is None:
        raise PlanNotFound()
    counselled_here = person.has(Role.COUNSELLOR) and person.works_at(plan.centre)
    if not (counselled_here or person.is_subject(plan.subject_ref)):
        raise PlanNotFound()
    if plan.closed_to_centre and not person.is_subject(plan.subject_ref):
        raise PlanClosed()
    return plan


def role_in(plan: Plan, person: Person) -> Role:
    """The role in which this person writes in the plan: visitor for its own person, else counsellor."""
    return Role.VISITOR if person.is_subject(plan.subject_ref) else Role.COUNSELLOR


async def plan_of(work: Work, plan_id: UUID, person: Person, version: int | None = None) -> Plan:
    """The plan, locked, for a person who may change it. Raises `PlanNotFound`, `PlanClosed`, `ReadOnly`, `Stale`."""
    plan = accessible(await work.find(Plan, plan_id), person)
    if plan.closed_to_centre:
        raise ReadOnly()
    check_version(plan, version)
    work.notify_board(f"plan:{plan.id}", f"plans:{plan.centre}")
    return plan


Part = TypeVar("Part", Goal, ActionTrack, Action, InformationStep, Reflection)


async def plan_to_extend(
    work: Work, plan_id: UUID, person: Person, version: int | None, part: type[Part], id: UUID, **sent: Any
) -> tuple[Plan, Part | None]:
    """The plan as `open_plan_of`, and the part that an earlier, equal request added under this id.

    `sent`: the columns of the part that the request gives. Raises `AlreadyDifferent` too, if they were others.
    """
    plan = await plan_of(work, plan_id, person)
    known = await work.session.get(part, id)
    if known is None:
        return await open_plan_of(work, plan_id, person, version), None
    before = {name: getattr(known, name) for name in ("plan_id", *sent)}
    check_same(before, {"plan_id": plan.id, **sent}, field="id", id=id)
    return plan, known


async def open_plan_of(work: Work, plan_id: UUID, person: Person, version: int | None = None) -> Plan:
    """As `plan_of`, for an unconfirmed plan. Raises `PlanIsConfirmed` too."""
    plan = await plan_of(work, plan_id, person)
    check_open(plan.confirmed_at)
    check_version(plan, version)
    return plan


def authorship(work: Work, plan: Plan, person: Person) -> dict[str, Any]:
    """Time, role and account of a change, as columns of `Written`."""
    return {"at": work.now, "by_role": role_in(plan, person).value, "by_account": person.subject}


def set_authorship(work: Work, written: Written, plan: Plan, person: Person) -> None:
    """Sets time, role and account of a change, and counts the version up."""
    written.version += 1
    written.at, written.by_role, written.by_account = work.now, role_in(plan, person).value, person.subject


def log_change(
    work: Work, plan: Plan, person: Person, what: str, item: str, *, new: str | None, old: str | None = None
) -> None:
    """Adds a row to the change log: old and new value, time, role and account."""
    work.add(
        Revision(
            plan_id=plan.id,
            at=work.now,
            by_role=role_in(plan, person).value,
            by_account=person.subject,
            what=what,
            item=item,
            old=old,
            new=new,
        )
    )
