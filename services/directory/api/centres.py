"""Centres: public to read; a manager changes them."""

from typing import Annotated

from pydantic import BaseModel, Field

from services.chassis.identity.people import Person
from services.chassis.web import Body, Reading, Router, Working, allow, anyone
from services.contracts.directory import ClosingTime, LocalTime, OpeningHours, SpecialDay, Weekday
from services.contracts.envelope import AreaCode, Code
from services.contracts.roles import Role
from services.contracts.text import Key, Line, Text
from services.contracts.values import Day, Version
from services.directory import actions
from services.directory.actions.centre_contacts import CentreContact
from services.directory.domain.centres import centre_id
from services.directory.store import Centre, centres, unknown_centre

router = Router("/directory/api/v1/centres", tags=["centres"])

HoursText = Annotated[str, Text(20_000)]


class Opening(Body):
    """Open on these weekdays, in local time, end excluded."""

    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    opens_at: LocalTime
    closes_at: ClosingTime


_OR_AS_IT_IS = "Absent, it stays as it is. It does not count if there is `hours`."


class CentreChange(Body):
    """All editable fields of a centre."""

    name: Line
    areas: list[AreaCode] = Field(min_length=1, max_length=10)
    opening_hours: list[Opening] | None = Field(default=None, max_length=30, description=_OR_AS_IT_IS)
    closed_on: list[Day] | None = Field(
        default=None,
        max_length=400,
        description=f"{_OR_AS_IT_IS} Days with other hours are in it too: once it is changed, they are closed all day.",
    )
    languages: list[Code] = Field(min_length=1, max_length=20)
    hours: HoursText | None = Field(
        default=None,
        description="All of the opening hours, as OpenStreetMap writes them.",
    )
    contact: CentreContact | None = Field(default=None, description="Where it is; what is absent stays as it is.")
    version: Version | None = Field(
        default=None, description="The version that you read; the change is refused if it is no longer the current one."
    )


class CentreOut(BaseModel):
    """A centre."""

    code: str
    version: int
    name: str
    town: str
    kind: str
    areas: list[str]
    timezone: str
    opening_hours: list[OpeningHours]
    closed_on: list[str]
    languages: list[str]
    contact: CentreContact
    hours: str = Field(validation_alias="text", description="All of the opening hours, as OpenStreetMap writes them.")
    special_days: list[SpecialDay]

    @classmethod
    def of(cls, centre: Centre) -> "CentreOut":
        """The response body for a centre."""
        return cls.model_validate(centre, from_attributes=True)


@router.get("")
async def list_centres(read: Reading, person: Annotated[Person | None, anyone]) -> list[CentreOut]:
    """Every centre of the network."""
    return [CentreOut.of(centre) for centre in await centres(read)]


@router.get("/{code}")
async def get_centre(code: Key, read: Reading, person: Annotated[Person | None, anyone]) -> CentreOut:
    """One centre."""
    centre = await read.get(Centre, centre_id(code))
    if centre is None:
        raise await unknown_centre(read, code)
    return CentreOut.of(centre)


@router.put("/{code}")
async def put_centre(
    code: Key, body: CentreChange, work: Working, person: Annotated[Person, allow(Role.MANAGER)]
) -> CentreOut:
    """Change a centre and publish it. A manager with centres changes these alone."""
    person.at(code)
    fields = body.model_dump(exclude={"closed_on", "contact"})
    closed_on = None if body.closed_on is None else [day.isoformat() for day in body.closed_on]
    by, contact = person.subject, body.contact
    return CentreOut.of(await actions.update_centre(work, code, closed_on=closed_on, contact=contact, by=by, **fields))
