"""A provider's inbox: its referrals, with its own references of the persons, and its answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Body, Reading, Router, Working, allow, fragment, live_board, page, see_other
from services.contracts.directory import ReferralStatus as Status
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version
from services.directory import actions
from services.directory.actions.access import party_of, referral_for
from services.directory.claims import own_organization
from services.directory.domain import OPEN, UNANSWERED
from services.directory.pages.views import WORDS, rows_of
from services.directory.store import Organization, referrals_of

router = Router("/directory", pages=True)
Provider = Annotated[Person, allow(Role.PROVIDER)]
Side = Annotated[Person, allow(Role.PROVIDER, Role.COUNSELLOR)]

RECENT = 10


class ProgressForm(Body):
    """The form of a button beside a referral."""

    status: Status
    reason: Key = ""
    version: Version
    back: Literal["inbox", "referral"] = "referral"


@router.get("/inbox")
async def inbox(request: Request, read: Reading, person: Provider) -> Response:
    """The referrals to answer, those under way, and those ended recently."""
    owner = own_organization(person)
    organization = await read.get(Organization, owner)
    return page(
        request,
        "directory/inbox.html",
        organization=organization,
        live_url="/directory/inbox/stream",
        **await _board(read, owner, person),
    )


@router.get("/inbox/stream")
async def inbox_stream(request: Request, person: Provider) -> Response:
    """The inbox, live."""
    owner = own_organization(person)

    async def render(session: AsyncSession) -> str:
        return fragment(request, "directory/inbox_board.html", **await _board(session, owner, person))

    return live_board(request, actions.inbox_board(owner), render)


@router.post("/referrals/{id}/progress")
async def progress(
    id: UUID, form: Annotated[ProgressForm, Form()], request: Request, work: Working, person: Side
) -> Response:
    """Set the next status: the provider answers, the centre cancels."""
    await referral_for(work.session, id, person)
    await actions.progress(
        work,
        id,
        form.status,
        party=party_of(person),
        by=person.subject,
        reason=form.reason or None,
        version=form.version,
    )
    inbox = form.back == "inbox" and person.has(Role.PROVIDER)
    url = "/directory/inbox" if inbox else f"/directory/referrals/{id}"
    return see_other(request, url, done=_(_done(form.status)))


async def _board(session: AsyncSession, owner: UUID, person: Person) -> dict[str, Any]:
    active = await referrals_of(session, organization_id=owner, statuses=[one.value for one in OPEN], limit=200)
    ended = [one.value for one in Status if one not in OPEN]
    recent = await referrals_of(session, organization_id=owner, statuses=ended, limit=RECENT)
    rows = await rows_of(session, active, person)
    unanswered = {one.value for one in UNANSWERED}
    return {
        **WORDS,
        "to_answer": [row for row in reversed(rows) if row.referral.status in unanswered],
        "under_way": [row for row in reversed(rows) if row.referral.status not in unanswered],
        "ended": await rows_of(session, recent, person),
    }


def _done(step: Status) -> str:
    """The confirmation shown to the party that took this step (a msgid)."""
    match step:
        case Status.RECEIVED:
            return msg("Receipt confirmed.")
        case Status.ACCEPTED:
            return msg("Referral accepted. The centre has been told.")
        case Status.REJECTED:
            return msg("Referral declined. The centre has been told.")
        case Status.IN_PROGRESS:
            return msg("Start recorded.")
        case Status.COMPLETED:
            return msg("Completion recorded. Thank you.")
        case Status.CANCELLED:
            return msg("Referral withdrawn. The provider has been told.")
        case Status.REQUESTED | Status.EXPIRED:
            raise ValueError(f"no side takes the step {step}")
