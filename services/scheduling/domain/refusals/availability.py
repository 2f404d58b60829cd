"""Refusals of working hours, absences and booking rules."""

from services.chassis.refusals import Invalid, msg
from services.scheduling.domain.refusals.calendar import Overlap


class RuleNotWeekly(Invalid):
    """Working hours repeat by a weekly rule of RFC 5545, in the part of it that people can read back."""

    slug = "rule-not-weekly"
    message = msg(
        "This rule cannot be used: {part}. Write a weekly rule with FREQ=WEEKLY, INTERVAL, BYDAY, and UNTIL or COUNT."
    )
    field_name = "rrule"


class HoursBackwards(Invalid):
    """Working hours end before they begin, or go on after midnight."""

    slug = "hours-backwards"
    message = msg(
        "Beginning: {begins}. End: {ends}. The end must come after the beginning, on the same day. Correct the times."
    )
    field_name = "ends"


class EndsBeforeStart(Invalid):
    """The last day of a rule is before its first one."""

    slug = "ends-before-start"
    message = msg("The last day is before the first one: {until}. Choose a later last day, or none.")
    field_name = "until"


class AbsenceBackwards(Invalid):
    """An absence ends before it begins."""

    slug = "absence-backwards"
    message = msg("The end is before the beginning. Correct one of the two.")
    field_name = "ends_at"


class TooSoon(Invalid):
    """The centre books interviews only until some hours before them."""

    slug = "too-soon"
    message = msg("This time is too soon for an interview at this centre. Choose a time after {at}.")
    field_name = "starts_at"


class AbsenceTooLong(Invalid):
    """An absence is longer than the calendar keeps free."""

    slug = "absence-too-long"
    message = msg("This absence is too long. Last possible day: {until}. Choose an earlier end.")
    field_name = "ends_at"


class TooManyRows(Invalid):
    """Nobody reads so many rows of working hours any more."""

    slug = "too-many-rows"
    message = msg("There are {most} rows of working hours already. Remove rows that are over.")
    field_name = "rows"


class HoursOverlap(Invalid):
    """A counsellor has other hours at that time already, at this centre or at another one."""

    slug = "hours-overlap"
    message = msg(
        "On {day} these hours overlap with others of the same counsellor: {hours}, {centre}. "
        "Change the times or the days."
    )
    field_name = "begins"


class SpansOverlap(Invalid):
    """Of two times of one day, the second begins before the first has ended."""

    slug = "spans-overlap"
    message = msg("The times of one day overlap: one begins at {begins}, another ends at {ends}. Correct the times.")
    field_name = "spans"


class SpanMissing(Invalid):
    """Days have other hours without a beginning or an end, or none with times."""

    slug = "span-missing"
    message = msg("Enter a beginning and an end, or choose no hours and leave the times empty.")
    field_name = "spans"


class NoSuchHours(Invalid):
    """A day is left out of hours that do not count on it anyway."""

    slug = "day-without-hours"
    message = msg("The hours {begins}–{ends} do not count on {day} anyway. Choose one of their days.")
    field_name = "except_on"


class NothingToLeaveOut(Invalid):
    """Days are free of hours that have none anyway."""

    slug = "days-without-hours"
    message = msg("From {first} to {until} there are no hours that could be left out. Choose other days.")
    field_name = "first"


class DaysChangedAlready(Invalid):
    """A day has other hours than usual already."""

    slug = "days-changed-already"
    message = msg(
        "{day} already has other hours than usual, or none. Choose other days, or return to the usual hours first."
    )
    field_name = "first"


class NoUsualHours(Invalid):
    """Without usual hours, the opening hours count: a change of some days would then be all hours there are."""

    slug = "no-usual-hours"
    message = msg("There are no usual hours at this centre yet. Add these first.")
    field_name = "rows"


class AbsencesOverlap(Invalid):
    """A counsellor is away at that time already."""

    slug = "absences-overlap"
    message = msg(
        "This overlaps with an absence that is entered already: from {begins} to {ends}. "
        "Choose other days, or remove that absence first."
    )
    field_name = "starts_at"


class OutsideWorkingHours(Invalid):
    """The counsellor has entered working hours at this centre, and the appointment lies outside them."""

    slug = "outside-working-hours"
    message = msg("Outside the working hours of the counsellor. Hours on this day: {hours}. Choose another time.")
    field_name = "outside_working_hours"


class NotWorkingThatDay(OutsideWorkingHours):
    """The counsellor has no working hours at this centre on the day of the appointment."""

    message = msg("The counsellor does not work at this centre that day. Choose another day.")


class BusyElsewhere(Invalid):
    """The counsellor's calendar in another program is busy: the team is asked once, visitors choose another time."""

    slug = "busy-elsewhere"
    message = msg("The counsellor is busy at this time in another calendar: {at}. Choose another time.")
    field_name = "while_busy"


class CounsellorAway(Overlap):
    """An absence of the counsellor has this time."""

    slug = "counsellor-away"
    message = msg("The counsellor is away at this time: {at}. Choose another time or another counsellor.")
    field_name = "counsellor"
