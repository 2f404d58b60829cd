"""The booking rules of the centres, kept by the managers of each centre."""

from typing import Annotated, Self

from pydantic import Field

from services.chassis.copies.centres import known_centre
from services.chassis.identity.people import Person
from services.chassis.web import Body, Reading, Router, Running, Working, allow
from services.contracts.roles import Role
from services.contracts.values import Version
from services.scheduling.actions.booking_rules import RuleFacts, facts_of, set_rules
from services.scheduling.api.roles import PREFIX, CentreCode
from services.scheduling.domain.availability import BookingRules
from services.scheduling.settings import rules_of_settings
from services.scheduling.store import Centre, CentreRules

router = Router(f"{PREFIX}/booking-rules", tags=["booking rules"])
Reader = Annotated[Person, allow(Role.COUNSELLOR, Role.MANAGER)]
Manager = Annotated[Person, allow(Role.MANAGER)]


class Rules(Body, RuleFacts):
    """How a centre books from now on. `version`: the expected one; refused if it has changed."""

    version: Version | None = None


class RulesOut(RuleFacts):
    """How a centre books."""

    centre: str
    version: int = Field(description="0: the settings of the installation.")

    @classmethod
    def of(cls, centre: str, row: CentreRules | None, settings: BookingRules) -> Self:
        """The response for a centre."""
        kept = row.rules(settings.horizon) if row is not None else settings
        return cls(centre=centre, version=row.version if row is not None else 0, **facts_of(kept))


@router.get("/{centre}")
async def get_rules(centre: CentreCode, read: Reading, running: Running, person: Reader) -> RulesOut:
    """How a centre books interviews: how far ahead, and until how long before."""
    await known_centre(read, Centre, person.at(centre))
    return RulesOut.of(centre, await read.get(CentreRules, centre), rules_of_settings(running))


@router.put("/{centre}")
async def change_rules(centre: CentreCode, body: Rules, work: Working, running: Running, person: Manager) -> RulesOut:
    """Set how a centre books interviews. What is booked stays."""
    row = await set_rules(work, person.at(centre), body, body.version)
    return RulesOut.of(centre, row, rules_of_settings(running))
