"""How appointments take place."""

from enum import StrEnum
from typing import Annotated

from services.contracts.envelope import Privacy, private


class AppointmentMode(StrEnum):
    """How an interview takes place: as `service-mode` of FHIR, and at the visitor's home."""

    IN_PERSON = "in-person"
    TELEPHONE = "telephone"
    VIDEOCONFERENCE = "videoconference"
    HOME_VISIT = "home-visit"


ModeCode = Annotated[AppointmentMode, private(Privacy.OPERATIONAL)]
