"""The lists of a board of referrals, each page by page: a centre's, with those without a service, and a provider's."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, allow, page
from services.contracts.roles import Role
from services.contracts.text import Key
from services.directory.actions.access import party_of
from services.directory.claims import own_organization
from services.directory.domain import Party
from services.directory.domain.referrals import ReferralStage
from services.directory.pages.views import WORDS, rows_of, wanted_names
from services.directory.store import count_unassigned, open_counts, referrals_of, unassigned_of

router = Router("/directory", pages=True)
SHOWN = 50
"""Referrals in a list of the board, and on one page of the whole list."""
ENDED_SHOWN = 15
"""Ended referrals on the board."""


@router.get("/referrals/stages/{stage}")
async def of_centre(
    stage: ReferralStage,
    request: Request,
    read: Reading,
    person: Annotated[Person, allow(Role.COUNSELLOR)],
    centre: Key,
    after: UUID | None = None,
) -> Response:
    """A list of a centre's board. `after`: the last referral of the page before."""
    code = person.at(centre)
    board = f"/directory/referrals?centre={code}"
    return await _page(request, read, person, stage, board, {"centre": code}, after, centre=code)


@router.get("/referrals/unassigned")
async def unassigned(
    request: Request,
    read: Reading,
    person: Annotated[Person, allow(Role.COUNSELLOR)],
    centre: Key,
    after: UUID | None = None,
) -> Response:
    """A centre's referrals without a service. `after`: the last one of the page before."""
    code = person.at(centre)
    found = await unassigned_of(read, code, after=after, limit=SHOWN + 1)
    return page(
        request,
        "directory/referral_list.html",
        **WORDS,
        which="unassigned",
        count=await count_unassigned(read, code),
        shown=found[:SHOWN],
        wanted=await wanted_names(read, found),
        last=found[SHOWN - 1].id if len(found) > SHOWN else None,
        board=f"/directory/referrals?centre={code}",
        query={"centre": code},
        for_provider=False,
    )


@router.get("/inbox/stages/{stage}")
async def of_provider(
    stage: ReferralStage,
    request: Request,
    read: Reading,
    person: Annotated[Person, allow(Role.PROVIDER)],
    after: UUID | None = None,
) -> Response:
    """A list of a provider's inbox. `after`: the last referral of the page before."""
    owner = own_organization(person)
    return await _page(request, read, person, stage, "/directory/inbox", {}, after, organization_id=owner)


async def board_of(session: AsyncSession, party: Party, **whose: Any) -> dict[str, Any]:
    """The first referrals of each list of a board, and how many there are; `whose`: as for `open_counts`."""
    most = dict.fromkeys(ReferralStage, SHOWN) | {ReferralStage.ENDED: ENDED_SHOWN}
    shown = {stage: await referrals_of(session, **whose, stage=stage, limit=number) for stage, number in most.items()}
    rows = await rows_of(session, [one for stage in ReferralStage for one in shown[stage]], party)
    by_id = {row.referral.id: row for row in rows}
    return {
        **WORDS,
        "rows": {stage.value: [by_id[one.id] for one in shown[stage]] for stage in ReferralStage},
        "counts": {stage.value: number for stage, number in (await open_counts(session, **whose)).items()},
    }


async def _page(
    request: Request,
    session: AsyncSession,
    person: Person,
    stage: ReferralStage,
    board: str,
    query: dict[str, str],
    after: UUID | None,
    **whose: Any,
) -> Response:
    found = await referrals_of(session, **whose, stage=stage, after=after, limit=SHOWN + 1)
    counts = await open_counts(session, **whose) if stage is not ReferralStage.ENDED else {}
    return page(
        request,
        "directory/referral_list.html",
        **WORDS,
        which=stage.value,
        count=counts.get(stage),
        shown=await rows_of(session, found[:SHOWN], party_of(person)),
        last=found[SHOWN - 1].id if len(found) > SHOWN else None,
        board=board,
        query=query,
        for_provider=person.has(Role.PROVIDER),
    )
