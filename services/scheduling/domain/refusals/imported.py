"""Refusals of import lines."""

from services.chassis.refusals import Invalid, msg


class FieldMissing(Invalid):
    """A line needs this field because of another."""

    slug = "field-missing"
    message = msg("{field} is needed when {because}.")


class FieldOutOfPlace(Invalid):
    """A line has a field that contradicts another."""

    slug = "field-out-of-place"
    message = msg("{field} is not possible when {because}.")


class PathDiffers(Invalid):
    """Two lines disagree about a path."""

    slug = "path-differs"
    message = msg("This path already belongs to another person, or to another method.")
    field_name = "path_id"


class NumberTaken(Invalid):
    """Two interviews of a path have the same number."""

    slug = "number-taken"
    message = msg("The path already holds an interview number {number}.")
    field_name = "number"


class TooManyParticipants(Invalid):
    """More people than seats."""

    slug = "too-many-participants"
    message = msg("{people} participants do not fit on {seats} seats.")
    field_name = "participants"


class AttendanceIncomplete(Invalid):
    """Attendance needs one entry per session."""

    slug = "attendance-incomplete"
    message = msg("Attendance has {given} entries for {sessions} sessions.")
    field_name = "participants"
