"""What the mail system learns after it took a message over: that nothing reaches the address."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import Field

from services.chassis.identity.people import Person
from services.chassis.web import Body, Router, Working, allow
from services.contracts.roles import Role
from services.contracts.values import Shape
from services.intake.actions import bounces

router = Router("/intake/api/v1", tags=["intake"])
Operator = Annotated[Person, allow(region_wide=[Role.OPERATOR])]


class Bounce(Body):
    """A delivery report (RFC 3464), in short."""

    message: UUID = Field(description="The `Message-ID` of the message that bounced, before its `@`.")
    status: Annotated[str, Shape("delivery_status", r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$", 9)] = Field(
        description="The `Status` of the report, for example `5.1.1`."
    )


@router.post("/messages/bounces", status_code=204)
async def record_bounce(bounce: Bounce, request: Request, work: Working, person: Operator) -> None:
    """Record that a message bounced. Of a message that is not on record, and of a delay, nothing is recorded."""
    await bounces.record(work, bounce.message, bounce.status, request.app.state.signer.digests)
