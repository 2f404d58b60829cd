"""Refusals of import lines."""

from services.chassis.refusals import Invalid, msg


class FieldMissing(Invalid):
    """A line needs this field because of another."""

    slug = "field-missing"
    message = msg("{field}: this field is missing. It is needed with: {because}. Add it.")


class FieldOutOfPlace(Invalid):
    """A line has a field that contradicts another."""

    slug = "field-out-of-place"
    message = msg("{field}: this field is not possible with: {because}. Remove it.")


class PathDiffers(Invalid):
    """Two lines disagree about a path."""

    slug = "path-differs"
    message = msg("This path already belongs to another person or another method. Correct the reference of the path.")
    field_name = "path_id"


class NumberTaken(Invalid):
    """Two interviews of a path have the same number."""

    slug = "number-taken"
    message = msg("The path already has an interview with number {number}. Choose another number.")
    field_name = "number"


class TooManyParticipants(Invalid):
    """More people than seats."""

    slug = "too-many-participants"
    message = msg("More participants ({people}) than places ({seats}). Raise the number of places.")
    field_name = "participants"


class AttendanceIncomplete(Invalid):
    """Attendance needs one entry per session."""

    slug = "attendance-incomplete"
    message = msg("Attendance is needed for each session (sessions: {sessions}, received: {given}). Complete the line.")
    field_name = "participants"
