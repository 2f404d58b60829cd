"""The refusals of the directory's rules.

::

    Refused
    ├── WrongReferralStep        the referral's status does not allow the step
    ├── NotYourStep              (403) the step belongs to another party
    ├── ServiceNotActive         the service is not active
    ├── AlreadyReferred          one open referral per person and service
    ├── DifferentOrganization    the id belongs to another organisation
    ├── SeededMeanwhile          another replica published the same rows meanwhile
    └── Invalid: UnknownTopic, UnknownLanguage, UnknownLocation, UnknownReason,
                 ReasonNotWanted, UnknownCursor, WrongHours, HoursOverlap, NotAZone, PlacesBeyondCapacity
"""

from services.chassis.refusals import Invalid, NotAllowed, Refused, msg


class WrongReferralStep(Refused):
    """The referral's status does not allow the step."""

    slug = "wrong-referral-step"
    message = msg("This referral is “{status}”; it cannot become “{wanted}”. Possible now: {allowed}.")
    field_name = "status"


class NotYourStep(NotAllowed):
    """The step belongs to another party: providers answer, centres cancel, the platform expires."""

    slug = "not-your-step"
    message = msg("“{wanted}” is said by {party}, not by you. Possible for you now: {allowed}.")
    field_name = "status"


class ServiceNotActive(Refused):
    """No person is referred to a service that is not active."""

    slug = "service-not-active"
    message = msg("“{service}” is “{status}” and takes nobody. Choose another service.")
    field_name = "service_id"


class AlreadyReferred(Refused):
    """One open referral per person and service."""

    slug = "already-referred"
    message = msg(
        "This person already has an open referral to this service. Follow that one, or choose another service."
    )
    field_name = "service_id"


class DifferentOrganization(Refused):
    """An id inside an entry belongs to another organisation."""

    slug = "different-organization"
    message = msg("{id} belongs to another organisation. Use an id of your own.")
    field_name = "id"


class SeededMeanwhile(Refused):
    """Another replica published the same rows meanwhile: retry."""

    slug = "seeded-meanwhile"
    message = msg("Another process published this at the same moment. Read it again.")


class UnknownTopic(Invalid):
    """The topic is not in the taxonomy."""

    slug = "unknown-topic"
    message = msg("{topic} is not a topic. Possible: {known}.")
    field_name = "topics"


class UnknownLanguage(Invalid):
    """The language is not one of the list."""

    slug = "unknown-language"
    message = msg("{language} is not a language code of the list. Possible: {known}.")
    field_name = "languages"


class UnknownLocation(Invalid):
    """A service names a location that the entry does not have."""

    slug = "unknown-location"
    message = msg("The entry has no location {location}. It has: {known}.")
    field_name = "location_id"


class UnknownReason(Invalid):
    """The reason is not on the list."""

    slug = "unknown-reason"
    message = msg("“{wanted}” needs one of these reasons: {known}; not {reason}.")
    field_name = "reason"


class ReasonNotWanted(Invalid):
    """The status takes no reason: it would be stored about a person without need."""

    slug = "reason-not-wanted"
    message = msg("“{wanted}” takes no reason. Leave it out.")
    field_name = "reason"


class UnknownCursor(Invalid):
    """The cursor is not valid."""

    slug = "unknown-cursor"
    message = msg("This is not a cursor of this list. Leave `after` out to start from the beginning.")
    field_name = "after"


class WrongHours(Invalid):
    """Opening hours end before they begin."""

    slug = "wrong-hours"
    message = msg("Opens at {opens_at} and closes at {closes_at}: closing comes after opening, on the same day.")
    field_name = "opening_hours"


class HoursOverlap(Invalid):
    """Two opening hours of a day overlap."""

    slug = "hours-overlap"
    message = msg("On {weekday}, {first} and {second} overlap. Join them into one.")
    field_name = "opening_hours"


class NotAZone(Invalid):
    """A time zone that does not exist."""

    slug = "unknown-zone"
    message = msg("{zone} is not an IANA time zone, for example Europe/Brussels.")
    field_name = "timezone"


class PlacesBeyondCapacity(Invalid):
    """More open places than places, or open places without a known capacity."""

    slug = "places-beyond-capacity"
    message = msg("{places_open} open places of {capacity}: there are at most as many open places as places.")
    field_name = "places_open"
