"""The visitor's own referrals, with the reference that each provider knows: a part of their home page, and a page."""

from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from starlette.responses import HTMLResponse, Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.service.personal_data import rows_where
from services.chassis.web import Reading, Router, allow, page
from services.chassis.web.pages import fragment
from services.contracts.roles import Role
from services.directory.domain import Party
from services.directory.pages.views import WORDS, rows_of
from services.directory.store import Referral, UnassignedReferral

router = Router("/directory/mine", pages=True)
OwnVisitor = Annotated[Person, allow(Role.VISITOR)]


@router.get("")
async def own_referrals(request: Request, read: Reading, person: OwnVisitor) -> Response:
    """The visitor's referrals."""
    return page(request, "directory/mine.html", **await _own(read, person.references))


@router.get("/part")
async def own_part(request: Request, read: Reading, person: OwnVisitor) -> Response:
    """The same, as a part of the visitor's home page."""
    return HTMLResponse(fragment(request, "directory/mine_part.html", **await _own(read, person.references)))


async def _own(session: AsyncSession, refs: Collection[UUID]) -> dict[str, Any]:
    """The referrals, the last ones first, and those for which the centre still chooses a provider."""
    if not refs:
        raise NotFound(what=msg("registered person"))
    found = await rows_where(
        session, Referral, col(Referral.subject_ref).in_(refs), col(Referral.requested_at).desc(), Referral.id
    )
    waiting = await rows_where(
        session,
        UnassignedReferral,
        col(UnassignedReferral.subject_ref).in_(refs),
        UnassignedReferral.since,
        UnassignedReferral.id,
    )
    return {"rows": await rows_of(session, found, Party.CENTRE), "waiting": waiting, **WORDS}
