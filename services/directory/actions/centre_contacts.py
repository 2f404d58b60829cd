"""Input of where a centre is and how it is reached."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict

from services.contracts.phones import PhoneNumber
from services.contracts.text import Line
from services.contracts.values import Shape
from services.directory.actions.entries import Address, Mail, ShortText


class CentreContact(BaseModel):
    """Where a centre is and how it is reached: public, of the centre, never of a person. None: it is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: Line | None = None
    """Street and number."""
    postal_code: Annotated[str, Shape("postal_code", r"^[0-9A-Z -]{3,10}$")] | None = None
    phone: PhoneNumber | None = None
    email: Mail | None = None
    website: Address | None = None
    transportation: ShortText | None = None
    """Bus, train, parking."""
    accessibility: ShortText | None = None
    """For people who use a wheelchair, or hear or see little."""
