"""Why figures are not published, or not shown."""

from services.chassis.refusals import Invalid, Refused, msg


class MonthNotEnded(Invalid):
    """A month that still goes on cannot be published."""

    slug = "month-not-ended"
    message = msg("This month has not ended: {month}. Only ended months are published. Choose an earlier one.")
    field_name = "to"


class FiguresRebuilding(Refused):
    """The figures are being counted again, so they are not complete."""

    slug = "figures-rebuilding"
    message = msg("The figures are being counted again. Nothing was published. Try again when this is complete.")


class PublishedBefore(Refused):
    """Months that ended before the database was restored may have been published after its backup."""

    slug = "published-before"
    message = msg(
        "These months may have been published before the database was restored: {months}. Check what was "
        "published. Then confirm that you publish after a restore."
    )
    field_name = "after_restore"
