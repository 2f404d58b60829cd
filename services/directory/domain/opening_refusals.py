"""The refusals of opening hours."""

from services.chassis.refusals import Invalid, msg


class WrongHours(Invalid):
    """Opening hours end before they begin."""

    slug = "wrong-hours"
    message = msg(
        "Opening: {opens_at}. Closing: {closes_at}. Closing must come after opening, on the same "
        "day. Correct the times."
    )
    field_name = "opening_hours"


class HoursOverlap(Invalid):
    """Two opening hours of a day overlap."""

    slug = "hours-overlap"
    message = msg("{weekday}: {first} and {second} overlap. Combine them into one period.")
    field_name = "opening_hours"


class OpeningRuleUnread(Invalid):
    """A rule of the opening hours cannot be read."""

    slug = "opening-rule"
    message = msg(
        "Rule {number}, “{rule}”, cannot be read. Write for example “Mo-Fr 09:00-12:00”, “PH off” or “2026 Dec 24 off”."
    )
    field_name = "hours"


class DayHoursUnread(Invalid):
    """The hours of a weekday in the form cannot be read."""

    slug = "day-hours"
    message = msg("“{hours}” cannot be read. Write the hours of the day like this: 09:00-12:00,13:00-16:30.")


class OtherDayUnread(Invalid):
    """A line of the form's other days cannot be read."""

    slug = "other-day"
    message = msg(
        "Line {number}, “{line}”, cannot be read. Write for example “2026-12-24 09:00-12:00” or “2026-12-31 off”."
    )
    field_name = "exceptions"


class OtherDayTwice(Invalid):
    """A day is in two lines of the form's other days."""

    slug = "other-day-twice"
    message = msg("Line {number}, “{line}”: this day is already in the list. Write each day once.")
    field_name = "exceptions"


class OpeningRuleOrder(Invalid):
    """A day has two rules, or the rules are not in order."""

    slug = "opening-rule-order"
    message = msg("Rule {number}, “{rule}”: write each day once. First the weekdays, then “PH off”, then the dates.")
    field_name = "hours"
