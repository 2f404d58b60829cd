"""Template values of a plan, with the permissions of the reader."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import explain, page
from services.contracts.directory import ReferralStatus
from services.contracts.plans import ActionStatus, Dimension
from services.contracts.roles import Role
from services.plans import actions
from services.plans.domain import DIMENSION_LABELS, Stage, checklist
from services.plans.pages import words
from services.plans.store import Action, Plan, Referral, Subject, sheet


async def plan_for(session: AsyncSession, id: UUID, person: Person) -> Plan:
    """The plan, if this person may see it. Raises `PlanNotFound`."""
    return actions.accessible(await session.get(Plan, id), person)


async def view_of(session: AsyncSession, plan: Plan, person: Person) -> dict[str, Any]:
    """The values that the templates of one plan use."""
    whole = await sheet(session, plan)
    checks = checklist(whole.standing)
    current = next((check.requirement for check in checks if not check.met), None)
    role, agreed = actions.role_in(plan, person), await may_be_referred(session, plan)
    return {
        "plan": plan,
        "sheet": whole,
        "centre_name": whole.centre_name,
        "mine": role is Role.VISITOR,
        "is_open": plan.confirmed_at is None and not plan.closed_to_centre,
        "is_confirmed": plan.confirmed_at is not None,
        "may_be_referred": agreed,
        "checks": checks,
        "current": current,
        "stage": stage_of(plan, complete=current is None),
        "missing": [check.refusal for check in checks if check.refusal is not None],
        "explain": explain,
        "dimensions": [
            (one, DIMENSION_LABELS[one], words.QUESTIONS[one], entry_of(whole.assessments, one)) for one in Dimension
        ],
        "unwritten": [DIMENSION_LABELS[one] for one in Dimension if one not in whole.standing.written],
        "results": [step for step in whole.steps if step.result],
        "author": partial(author, reader=role, account=person.subject),
        "referral_word": partial(referral_word, agreed=agreed, mine=role is Role.VISITOR),
        "words": words,
    }


async def may_be_referred(session: AsyncSession, plan: Plan) -> bool:
    """Whether the plan's person consents to referrals."""
    subject = await session.get(Subject, plan.subject_ref)
    return subject is not None and subject.may_be_referred


def stage_of(plan: Plan, *, complete: bool) -> Stage:
    """How far the plan is, for its badge."""
    if plan.confirmed_at is not None:
        return Stage.CONFIRMED
    return Stage.READY if complete else Stage.OPEN


def entry_of(assessments: Mapping[str, Any], dimension: Dimension) -> Any:
    """The assessment of a dimension; None if it has no text."""
    entry = assessments.get(dimension)
    return entry if entry is not None and entry.text else None


def author(by_role: str, by_account: str | None = None, *, reader: Role, account: str) -> str:
    """The author, addressed to the reader (a msgid). Of several counsellors, only the reader is "you"."""
    by_reader = by_role == reader and (reader is Role.VISITOR or by_account == account)
    return msg("You") if by_reader else words.AUTHORS[by_role]


def referral_word(action: Action, referrals: list[Referral], *, agreed: bool, mine: bool) -> str | None:
    """The sentence for the reader about an action's referral (a msgid), shown beside its state; None: no sentence."""
    if not action.needs_provider or not _is_ahead(ActionStatus(action.status)):
        return None
    if not referrals:
        return _unsent(agreed=agreed, mine=mine)
    match ReferralStatus(referrals[-1].status):
        case ReferralStatus.REJECTED | ReferralStatus.CANCELLED | ReferralStatus.EXPIRED:
            return msg("This referral is closed. Talk about another solution at the next interview.")
        case ReferralStatus.REQUESTED | ReferralStatus.RECEIVED:
            return msg("The provider has not answered yet.")
        case ReferralStatus.ACCEPTED | ReferralStatus.IN_PROGRESS | ReferralStatus.COMPLETED:
            return None


def _unsent(*, agreed: bool, mine: bool) -> str:
    """Why a referral is not with the provider yet (a msgid)."""
    if agreed:
        return msg("The centre is sending the referral.")
    if mine:
        return msg("Your consent for referrals is missing. The referral is sent once you give it.")
    return msg("The person’s consent for referrals is missing. The referral is sent once it is recorded.")


def _is_ahead(status: ActionStatus) -> bool:
    """Whether the action is neither done nor dropped."""
    match status:
        case ActionStatus.PLANNED | ActionStatus.IN_PROGRESS:
            return True
        case ActionStatus.DONE | ActionStatus.DROPPED:
            return False


async def show_plan(
    request: Request,
    session: AsyncSession,
    plan: Plan,
    person: Person,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    section: str = "",
) -> Response:
    """The plan's page. With errors of the form in `section`, it keeps the typed values and is not live."""
    return page(
        request,
        "plans/plan.html",
        status=422 if errors else 200,
        live_url=None if errors else f"/plans/{plan.id}/live",
        errors=errors or {},
        typed=typed or {},
        section=section,
        **await view_of(session, plan, person),
    )


async def plan_board(session: AsyncSession, id: UUID, person: Person) -> dict[str, Any]:
    """The live part of the page. `plan` None: it was erased, or closed to the reader, meanwhile."""
    plan = await session.get(Plan, id)
    if plan is None or (plan.closed_to_centre and not person.is_subject(plan.subject_ref)):
        return {"plan": None, "closed": plan is not None}
    return await view_of(session, plan, person) | {"errors": {}, "typed": {}, "section": ""}
