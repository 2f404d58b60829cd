"""The centres, as the directory published them."""

from typing import Annotated

from pydantic import BaseModel, Field

from services.chassis.copies.centres import centre_copies
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, anyone
from services.contracts.directory import OpeningHours, SpecialDay
from services.scheduling.api.roles import PREFIX
from services.scheduling.store import Centre

router = Router(f"{PREFIX}/centres", tags=["centres"])


class CentreOut(BaseModel):
    """A centre at which interviews and workshops are held; hours are local, on RFC 5545 weekdays."""

    code: str
    name: str
    areas: list[str]
    timezone: str
    opening_hours: list[OpeningHours]
    closed_on: list[str]
    special_days: list[SpecialDay] = Field(description="Days with other hours than usual; they are in `closed_on` too.")


@router.get("")
async def list_centres(read: Reading, person: Annotated[Person | None, anyone]) -> list[CentreOut]:
    """The centres in order of name, as the directory published them."""
    copies = await centre_copies(read, Centre)
    return [CentreOut.model_validate(centre, from_attributes=True) for centre in copies.values()]
