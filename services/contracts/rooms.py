"""The event of a centre's rooms: appointments and their events name a room by its code, people by its name."""

from services.contracts.envelope import At, CentreCode, Event, Flag, PublicText, Reference, StaffCode
from services.contracts.topics import WORKSHOPS


class RoomPublished(Event, type="cefo.scheduling.room-published.v1", topic=WORKSHOPS, about="room_id"):
    """The current state of a room: what its centre calls it, and whether appointments may choose it.

    The code never changes. Of a code that no event has named, the code is the name.
    """

    room_id: Reference
    centre: CentreCode
    code: StaffCode
    name: PublicText
    active: Flag
    at: At
