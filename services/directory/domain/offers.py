"""What the standard's API has and this one does not offer."""

from services.chassis.refusals import Invalid, msg

NDJSON = "ndjson"
FORMATS = ("json", NDJSON)


class FormatNotOffered(Invalid):
    """The format of an answer is none that is offered."""

    slug = "format-not-offered"
    message = msg("The format {format} is not offered. Choose one of these: {known}.")
    field_name = "format"


class ParameterNotOffered(Invalid):
    """A parameter of the standard that is not offered: without an answer it would be ignored in silence."""

    slug = "parameter-not-offered"
    message = msg("This filter is not offered. Remove it, and send the request again.")


def check_format(format: str) -> None:
    """Raises `FormatNotOffered`."""
    if format not in FORMATS:
        raise FormatNotOffered(format=format, known=FORMATS)
