"""How a guidance interview takes place: in person or from afar, and with an interpreter."""

from dataclasses import dataclass

from services.contracts.appointments import AppointmentMode
from services.scheduling.domain.refusals import RoomAtHome


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The mode, and the language of an interpreter by its code of ISO 639, None: nobody interprets.

    Nothing else is asked: neither why, nor anything about a person's health.
    """

    mode: AppointmentMode = AppointmentMode.IN_PERSON
    interpreter_language: str | None = None

    def check_room(self, room: str | None) -> None:
        """At the visitor's home there is no room of the centre. Raises `RoomAtHome`.

        In every mode an interview may have none; by telephone or video the counsellor may sit in one.
        """
        if room is not None and self.mode is AppointmentMode.HOME_VISIT:
            raise RoomAtHome()


IN_PERSON = Arrangement()
"""At the centre, without an interpreter: also what was booked before there was a choice."""
