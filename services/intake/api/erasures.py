"""The erasure of visitors, and which services have confirmed it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel

from services.chassis.identity.ownership import own
from services.chassis.identity.people import Person
from services.chassis.refusals import msg
from services.chassis.web import Reading, Router, Working, allow
from services.contracts.roles import Role
from services.contracts.values import Whole, YesNo
from services.intake.actions import erasure
from services.intake.domain import PersonUnknown
from services.intake.store import Visitor
from services.intake.store.erasures import erasures

router = Router("/intake/api/v1", tags=["intake"])
Eraser = Annotated[Person, allow(Role.MANAGER, region_wide=[Role.OPERATOR])]
Operator = Annotated[Person, allow(region_wide=[Role.OPERATOR])]


class ErasureOut(BaseModel):
    """The erasure of a person: when intake erased them, and when each service confirmed it. Null: not yet.

    `found`: whether each service had something about them. False everywhere: the reference may have been wrong.
    """

    subject_ref: UUID
    erased_at: datetime
    confirmed: dict[str, datetime | None]
    found: dict[str, bool | None]


@router.delete("/visitors/{subject_ref}", status_code=204)
async def erase(subject_ref: UUID, work: Working, person: Eraser, unknown: YesNo = False) -> None:
    """Erase a visitor in every service: by a manager of their centre or of the region, or by operations.

    `unknown`: also a person whom intake does not know, in the other services. For the whole region only.
    """
    visitor = await work.session.get(Visitor, subject_ref)
    if visitor is None and person.region_wide:
        await erasure.check_unknown(work.session, subject_ref)
        if not unknown:
            raise PersonUnknown()
    else:
        own(visitor, person, msg("registered person"))
    await erasure.erase_subject(work, subject_ref)


@router.get("/erasures")
async def list_erasures(
    read: Reading,
    person: Operator,
    unconfirmed: YesNo = False,
    limit: Annotated[int, Whole(1, 200)] = 200,
    after: UUID | None = None,
) -> list[ErasureOut]:
    """The last erasures, and when each service confirmed each; `unconfirmed`: only those that one has not.

    `after`: the last one of the page before.
    """
    found = await erasures(read, limit, unconfirmed=unconfirmed, after=after)
    return [ErasureOut.model_validate(one, from_attributes=True) for one in found]
