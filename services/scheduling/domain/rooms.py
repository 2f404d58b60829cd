"""The rooms of a centre: what they have, when two names are the same room, and how many people fit in."""

from collections.abc import Collection
from enum import StrEnum
from itertools import count

from services.chassis.refusals import msg, with_words
from services.contracts.text import words_of
from services.scheduling.domain.refusals import NamelessRoom, PlacesMissing, TooManyPlaces

ROOMS_MOST = 500
"""The longest list of rooms of a centre, those out of use too: it is read and shown whole."""
CAPACITY_MOST = 200
"""The seats of a room, and the places of a workshop, are no more."""
_CODE_LONGEST = 50
"""Characters of a code without its number; with it, a code is at most 60 long."""
_FOLDED_LONGEST = 400


class Equipment(StrEnum):
    """What a room may have."""

    SCREEN = "screen"
    PROJECTOR = "projector"
    WHITEBOARD = "whiteboard"
    FLIP_CHART = "flip-chart"
    COMPUTERS = "computers"
    VIDEO_CALLS = "video-calls"
    WHEELCHAIR_ACCESS = "wheelchair-access"
    INDUCTION_LOOP = "induction-loop"


class RoomUse(StrEnum):
    """What is done with a room in the list."""

    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"

    @property
    def active(self) -> bool:
        """Whether the room can be chosen from then on."""
        match self:
            case RoomUse.ACTIVATE:
                return True
            case RoomUse.DEACTIVATE:
                return False


EQUIPMENT_LABELS = {
    Equipment.SCREEN: msg("Screen"),
    Equipment.PROJECTOR: msg("Projector"),
    Equipment.WHITEBOARD: msg("Whiteboard"),
    Equipment.FLIP_CHART: msg("Flip chart"),
    Equipment.COMPUTERS: msg("Computers"),
    Equipment.VIDEO_CALLS: msg("Video calls"),
    Equipment.WHEELCHAIR_ACCESS: msg("Wheelchair access"),
    Equipment.INDUCTION_LOOP: msg("Induction loop for people who hear little"),
}
with_words(EQUIPMENT_LABELS)


def folded(name: str) -> str:
    """By which two spellings are one room: without case, accents, punctuation and repeated spaces."""
    return " ".join(words_of(name))


def folded_name(name: str) -> str:
    """`folded`, of a name that has letters or digits; its first 400 characters. Raises `NamelessRoom`."""
    if not (found := folded(name)):
        raise NamelessRoom()
    return found[:_FOLDED_LONGEST]  # one ligature may stand for a sentence


def code_for(name: str, taken: Collection[str]) -> str:
    """A code made from the name, which no other room of the centre has."""
    plain = "-".join("".join(one for one in word if one.isascii()) for word in words_of(name))
    base = plain.strip("-")[:_CODE_LONGEST].rstrip("-") or "room"
    if base not in taken:
        return base
    return next(code for number in count(2) if (code := f"{base}-{number}") not in taken)


def places_in(wanted: int | None, name: str | None, capacity: int | None) -> int:
    """How many places a workshop has in this room: as many as wanted, otherwise as the room has.

    `capacity` None: there is no room, or its seats are not known. Raises `PlacesMissing`, `TooManyPlaces`.
    """
    if wanted is None and capacity is None:
        raise PlacesMissing()
    if wanted is not None and capacity is not None and wanted > capacity:
        raise TooManyPlaces(room=name, capacity=capacity, wanted=wanted)
    return wanted if wanted is not None else capacity or 0
