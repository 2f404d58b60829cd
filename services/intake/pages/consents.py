"""A person's consents, purpose by purpose: given and withdrawn on the page of a visit, and on the person's own page."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.copies.accounts import account_names
from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Body, Router, Working, allow, see_other
from services.contracts.consent import Purpose
from services.contracts.roles import Role
from services.contracts.values import YesNo
from services.intake.actions import consent
from services.intake.actions.references import references_of
from services.intake.pages.views import Team, person_of_visit
from services.intake.store import Account, Consent

router = Router("/intake", pages=True)
Visitor = Annotated[Person, allow(Role.VISITOR)]


class Words(NamedTuple):
    """What a page says of a purpose (msgids): its name, what it allows, and what its withdrawal does."""

    title: str
    allows: str
    ends: str


OWN_WORDS = {
    Purpose.GUIDANCE: Words(
        PURPOSE_TITLES[Purpose.GUIDANCE],
        msg("The centre can book appointments and workshops for you."),
        msg("Your booked appointments are cancelled. Your places in workshops go to other people."),
    ),
    Purpose.PLAN: Words(
        PURPOSE_TITLES[Purpose.PLAN],
        msg("You write your plan together with the centre."),
        msg("The centre no longer sees your plan. You can still read it and take it with you."),
    ),
    Purpose.REMINDERS: Words(
        PURPOSE_TITLES[Purpose.REMINDERS],
        msg("The centre can send you messages about your appointments, your plan and your referrals."),
        msg("You no longer get messages. Your appointments stay as they are."),
    ),
    Purpose.REFERRAL: Words(
        PURPOSE_TITLES[Purpose.REFERRAL],
        msg("The centre can refer you to a provider, for example a school."),
        msg("Your open referrals are withdrawn. The providers see that."),
    ),
}
"""For the person."""
DESK_WORDS = {
    Purpose.GUIDANCE: Words(
        PURPOSE_TITLES[Purpose.GUIDANCE],
        msg("The centre can book appointments and workshops for the person."),
        msg("All booked appointments are cancelled, and the places in workshops go to other people."),
    ),
    Purpose.PLAN: Words(
        PURPOSE_TITLES[Purpose.PLAN],
        msg("The centre reads the career plan and writes in it with the person."),
        msg("The centre no longer sees the plan. The person can still read it and take it with them."),
    ),
    Purpose.REMINDERS: Words(
        PURPOSE_TITLES[Purpose.REMINDERS],
        msg("The centre can send the person messages about appointments, the plan and referrals."),
        msg("The person no longer gets messages. Their appointments stay as they are."),
    ),
    Purpose.REFERRAL: Words(
        PURPOSE_TITLES[Purpose.REFERRAL],
        msg("The centre can refer the person to a provider."),
        msg("All open referrals are withdrawn. The providers see that."),
    ),
}
"""For the team of the centre."""


class PurposeForm(Body):
    """The purpose to which consent is given, or is withdrawn."""

    purpose: Purpose


class ConsentForm(PurposeForm):
    """The purpose to which the desk records consent. `by_representative`: a parent or representative gives it."""

    by_representative: YesNo = False


@dataclass(frozen=True, slots=True)
class Line:
    """A purpose, the last consent to it, and by whom giving and withdrawal were recorded (msgids or names).

    `missing`: it is in force under one reference of the person, and not under another one.
    """

    purpose: Purpose
    last: Consent | None = None
    given_by: str = ""
    withdrawn_by: str = ""
    missing: bool = False

    @property
    def in_force(self) -> bool:
        """Whether the person consents to it now."""
        return self.last is not None and self.last.withdrawn_at is None


async def consents_view(session: AsyncSession, *refs: UUID, mine: bool) -> dict[str, Any]:
    """The values of the template of consents, for the desk or for the person (`mine`).

    Under several references, a purpose is shown as in force if it is under one of them: so that it can be withdrawn.
    """
    lines = await consent_lines(session, *refs, mine=mine)
    return {
        "mine": mine,
        "consents": lines,
        "consent_words": OWN_WORDS if mine else DESK_WORDS,
        "none_in_force": not any(line.in_force for line in lines),
    }


async def consent_lines(session: AsyncSession, *refs: UUID, mine: bool) -> list[Line]:
    """Every purpose with the last consent to it under these references, one in force before one that is not."""
    last: dict[str, Consent] = {}
    under: dict[str, set[UUID]] = defaultdict(set)
    for one in sorted(await consent.consents_of(session, *refs), key=lambda one: one.withdrawn_at is not None):
        last.setdefault(one.purpose, one)
        if one.withdrawn_at is None:
            under[one.purpose].add(one.subject_ref)
    recorded = {who for one in last.values() for who in (one.recorded_by, one.withdrawn_by) if who}
    by = await recorders(session, await references_of(session, refs[0]), recorded, mine=mine)
    known = [(purpose, last.get(purpose)) for purpose in Purpose]
    return [
        Line(purpose, one, by(one.recorded_by), by(one.withdrawn_by), 0 < len(under[purpose]) < len(refs))
        if one
        else Line(purpose)
        for purpose, one in known
    ]


async def recorders(
    session: AsyncSession, refs: Collection[UUID], recorded: Iterable[str], *, mine: bool
) -> Callable[[str | None], str]:
    """By whom something was recorded: the person (`mine`: you), an account's name, or the team (msgids)."""
    names, theirs = await account_names(session, Account, recorded), {f"visitor/{ref}" for ref in refs}

    def by(who: str | None) -> str:
        if who in theirs:
            return msg("you") if mine else msg("the person")
        return names.get(who or "", msg("the centre’s team"))

    return by


@router.post("/visits/{id}/consents")
async def record(
    id: UUID, form: Annotated[ConsentForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Record a consent that the person gave at the desk."""
    _visit, visitor = await person_of_visit(work.session, id, person)
    await consent.give_consent(
        work, visitor.id, [form.purpose], person.subject, by_representative=form.by_representative
    )
    return see_other(request, f"/intake/visits/{id}", done=_("Consent recorded"))


@router.post("/visits/{id}/withdrawals")
async def record_withdrawal(
    id: UUID, form: Annotated[PurposeForm, Form()], request: Request, work: Working, person: Team
) -> Response:
    """Record that the person withdrew a consent."""
    _visit, visitor = await person_of_visit(work.session, id, person)
    await consent.withdraw_consent(work, visitor.id, [form.purpose], person.subject)
    return see_other(request, f"/intake/visits/{id}", done=_("The withdrawal is recorded."))


@router.post("/mine/consents")
async def give(form: Annotated[PurposeForm, Form()], request: Request, work: Working, person: Visitor) -> Response:
    """Give one's own consent, under every reference."""
    await consent.give_own_consent(work, _myself(person), [form.purpose])
    return see_other(request, "/intake/mine#consents", done=_("You have given your consent."))


@router.post("/mine/withdrawals")
async def withdraw(form: Annotated[PurposeForm, Form()], request: Request, work: Working, person: Visitor) -> Response:
    """Withdraw one's own consent."""
    await consent.withdraw_consent(work, _myself(person), [form.purpose], person.subject)
    return see_other(
        request, "/intake/mine#consents", done=_("You have withdrawn your consent. You can give it again here.")
    )


def _myself(person: Person) -> UUID:
    """The signed-in visitor's reference. Raises `NotFound`."""
    if person.subject_ref is None:
        raise NotFound(what=msg("registered person"))
    return person.subject_ref
