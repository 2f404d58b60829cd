"""A provider's inbox: its referrals, with its own references of the persons, and its answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Board, Body, Reading, Router, Working, allow, live_board, page, see_other
from services.contracts.directory import ReferralStatus as Status
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version
from services.directory import actions
from services.directory.actions.access import party_of, referral_for
from services.directory.claims import own_organization
from services.directory.domain import Party
from services.directory.pages.referral_lists import board_of
from services.directory.store import Organization

router = Router("/directory", pages=True)
Provider = Annotated[Person, allow(Role.PROVIDER)]
Side = Annotated[Person, allow(Role.PROVIDER, Role.COUNSELLOR)]


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
        **await inbox_board(read, owner, party_of(person)),
    )


@router.get("/inbox/stream")
async def inbox_stream(request: Request, person: Provider) -> Response:
    """The inbox, live."""
    owner = own_organization(person)
    board = Board(actions.inbox_board(owner), "directory/inbox_board.html", inbox_board, (owner, party_of(person)))
    return live_board(request, board)


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


async def inbox_board(session: AsyncSession, owner: UUID, party: Party) -> dict[str, Any]:
    """The referrals of an organisation, with what this side may do."""
    return await board_of(session, party, organization_id=owner)


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
