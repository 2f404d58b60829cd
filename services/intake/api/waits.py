"""What a visitor who checks in now may expect, in the light of the centre's opening hours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from services.chassis.copies.centres import known_centre
from services.chassis.copies.visits import Day
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, Running, allow
from services.contracts.roles import Role
from services.contracts.text import Key
from services.intake.actions.estimates import outlook_for
from services.intake.domain.estimates import Outlook
from services.intake.store import Centre
from services.intake.store.queue import number_waiting

router = Router("/intake/api/v1", tags=["intake"])

Desk = Annotated[Person, allow(Role.FRONT_DESK, Role.KIOSK)]


class WaitOut(BaseModel):
    """What a visitor may expect, as the desk, the wall and the ticket's page say it."""

    closed: bool = Field(description="The centre is closed now. A check-in is not refused for it.")
    estimate: tuple[int, int, int] | None = Field(
        description="Minutes of waiting, as in the answer to a check-in. None where they would say nothing."
    )
    closes: datetime | None = Field(
        description="The closing that the wait may pass; without an estimate, it probably does."
    )
    opens: datetime | None = Field(description="The opening after that closing; while closed, the next one.")

    @classmethod
    def of(cls, found: Outlook) -> Self:
        """The response for an outlook."""
        wait = found.estimate
        minutes = (wait.low, wait.typical, wait.high) if wait is not None else None
        return cls(closed=found.closed, estimate=minutes, closes=found.closes, opens=found.opens)


@router.get("/centres/{centre}/wait")
async def get_wait(centre: Key, read: Reading, running: Running, person: Desk) -> WaitOut:
    """What a visitor may expect who checks in now, without a need that was stated."""
    copy, now = await known_centre(read, Centre, person.at(centre)), running.clock()
    return WaitOut.of(outlook_for(copy, None, await number_waiting(read, Day.of(copy, now)), now))
