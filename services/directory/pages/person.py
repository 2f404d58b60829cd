"""The directory's part of the page of a person: the referrals by the reader's centres."""

from uuid import UUID

from fastapi import Request
from sqlmodel import col
from starlette.responses import Response

from services.chassis.copies.aliases import references_of
from services.chassis.i18n import date_text, word_of
from services.chassis.i18n import translate as _
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.personal_data import rows_where
from services.chassis.web import Reading, Router
from services.chassis.web.person_parts import PersonRow, person_part
from services.directory.pages.referrals import Counsellor
from services.directory.store import Alias, Referral, Service

router = Router("/directory", pages=True)


@router.get("/fragments/people/{subject_ref}")
async def referrals(subject_ref: UUID, request: Request, read: Reading, person: Counsellor) -> Response:
    """The referrals of a person by the reader's centres, the last ones first."""
    refs = await references_of(read, Alias, subject_ref)
    found = await rows_where(
        read, Referral, col(Referral.subject_ref).in_(refs), col(Referral.requested_at).desc(), Referral.id
    )
    mine = [one for one in found if one.centre in person.centres]
    services = await rows_where(read, Service, col(Service.id).in_({one.service_id for one in mine}))
    names = {one.id: one.name for one in services}
    rows = [
        PersonRow(
            names.get(one.service_id, _("Service")),
            (date_text(one.requested_at.astimezone(BRUSSELS)), word_of(one.status, "ReferralStatus")),
            f"/directory/referrals/{one.id}",
        )
        for one in mine
    ]
    return person_part(request, (_("Referrals"), rows))
