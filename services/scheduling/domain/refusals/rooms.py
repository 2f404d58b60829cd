"""Refusals of rooms."""

from services.chassis.refusals import Invalid, Refused, msg


class UnknownRoom(Invalid):
    """The centre has no room with this code."""

    slug = "unknown-room"
    message = msg("This room is not in the list of the centre. Choose one of these: {choices}.")
    field_name = "room"


class RoomAtHome(Invalid):
    """A home visit takes place in no room of the centre."""

    slug = "room-at-home"
    message = msg("A home visit needs no room. Choose no room, or another way to hold the interview.")
    field_name = "room"


class RoomInactive(Invalid):
    """The room is no longer in use, or only imports have its code."""

    slug = "room-inactive"
    message = msg("This room is no longer in use: {room}. Choose one of these: {choices}.")
    field_name = "room"


class NamelessRoom(Invalid):
    """A name of punctuation alone."""

    slug = "nameless-room"
    message = msg("This name has no letters or digits. Write a name, for example Salle bleue.")
    field_name = "name"


class RoomExists(Refused):
    """The centre has a room whose name differs in case, accents, punctuation or spaces at most."""

    slug = "room-exists"
    message = msg("The centre already has a room with this name: {name}. Change that room, or write another name.")
    field_name = "name"


class TooManyRooms(Refused):
    """The list of the centre is full, rooms out of use included."""

    slug = "too-many-rooms"
    message = msg("The list of this centre is full. Most rooms: {most}. Change a room that is no longer in use.")
    field_name = "centre"


class RoomCodeTaken(Refused):
    """The centre has another room with this code."""

    slug = "room-code-taken"
    message = msg("The centre already has a room with this code: {code}. Choose another code.")
    field_name = "code"


class TooManyPlaces(Invalid):
    """A workshop has more places than its room has seats."""

    slug = "too-many-places"
    message = msg(
        "Too many places for this room: {room}. Most places: {capacity}. Choose fewer places or another room."
    )
    field_name = "seats"


class PlacesMissing(Invalid):
    """A workshop needs a number of places where no room says how many fit in."""

    slug = "places-missing"
    message = msg("Enter the number of places, or choose a room whose number of places is known.")
    field_name = "seats"
