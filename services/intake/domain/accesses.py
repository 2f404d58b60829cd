"""Who may open the data of a person, and how it is logged: what was typed is not."""

from datetime import timedelta
from enum import StrEnum

from services.chassis.refusals import Invalid, msg, with_words


class AccessKind(StrEnum):
    """How staff came to a person."""

    FOUND_ELSEWHERE = "found-elsewhere"
    VISIT = "visit"
    VISIT_UNDONE = "visit-undone"
    VISIT_PAGE = "visit-page"
    PAGE = "page"
    MERGED = "merged"
    SEPARATED = "separated"


KIND_LABELS = {
    AccessKind.FOUND_ELSEWHERE: msg("Found from another centre"),
    AccessKind.VISIT: msg("Recorded for a visit"),
    AccessKind.VISIT_UNDONE: msg("Removed from a visit"),
    AccessKind.VISIT_PAGE: msg("Opened the page of a visit"),
    AccessKind.PAGE: msg("Opened the person’s page"),
    AccessKind.MERGED: msg("Merged with another registration"),
    AccessKind.SEPARATED: msg("Separated from another registration"),
}


class Reason(StrEnum):
    """Why staff look for a person whom another centre registered."""

    HERE = "here"
    CALLS = "calls"
    RIGHTS = "rights"


REASON_LABELS = {
    Reason.HERE: msg("The person is here."),
    Reason.CALLS: msg("The person is on the phone."),
    Reason.RIGHTS: msg("The person asks about their data."),
}
with_words(REASON_LABELS)

ACCESS_VALID = timedelta(hours=12)
"""How long a person of another centre stays open to the account that found them."""

ONE_OPENING = timedelta(hours=1)
"""Within this time, further looks at the page of a person by the same account are the same opening."""


class NoReason(Invalid):
    """Persons of other centres are found for a reason only."""

    slug = "no-reason"
    message = msg("Choose why you search at other centres.")
    field_name = "reason"


class NotExact(Invalid):
    """Other centres' persons are not found by their names."""

    slug = "not-exact"
    message = msg("Enter the whole phone number, e-mail address or reference to search at other centres.")
    field_name = "name"
