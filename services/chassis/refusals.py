"""What may be refused, and how it is said.

::

    Refused                  the request is understood and not allowed by a rule        409
    ├── Invalid              a field breaks a rule                                      422
    │   ├── UnknownCentre    there is no such centre
    │   └── UnknownArea      there is no such area; AreaNotServed: not at this centre
    ├── NotFound             there is no such thing (or not for you)                    404
    ├── NotAllowed           the role, centre or object is not yours                    403
    ├── NotSignedIn          nobody is signed in                                        401
    ├── BodyTooLarge         the request holds more than the limit                      413
    ├── Stale                it changed since you read it                               409
    ├── AlreadyDifferent     the id is in use for something else                        409
    └── Unavailable          a part is away; nothing was changed; try again             503

Each class of refusal is a slug, a message with named values, and the field it is about. The message is an English
msgid; the reader sees it in their language.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar


def msg(text: str) -> str:
    """Mark a message for the catalogues; it is translated where it is shown."""
    return text


def listed(codes: Iterable[str]) -> str:
    """Codes inside a message; a dash when there are none."""
    return ", ".join(codes) or "–"


@dataclass(eq=False)
class Refused(Exception):
    """A rule says no. Subclass it in a service's `domain.py`, with a slug, a message and the field it is about."""

    slug: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: ClassVar[str] = msg("This is not possible.")
    field_name: ClassVar[str | None] = None

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    about: str | None = None

    def __init__(self, about: str | None = None, **values: Any) -> None:
        self.values = values
        self.about = about or type(self).field_name
        super().__init__(f"{self.slug}: {self.message.format(**values)}")


class Invalid(Refused):
    """A field breaks a rule."""

    slug = "invalid"
    status = 422
    message = msg("This value is not valid.")


class UnknownCentre(Invalid):
    """The centre does not exist, or was not published yet."""

    slug = "unknown-centre"
    message = msg("There is no centre {centre}. Known: {known}.")
    field_name = "centre"


class UnknownArea(Invalid):
    """No centre works in this area."""

    slug = "unknown-area"
    message = msg("There is no area {area}. Known: {known}.")
    field_name = "area"


class AreaNotServed(UnknownArea):
    """The centre does not work in this area."""

    message = msg("{centre} has no area {area}. It works in: {known}.")


class NotFound(Refused):
    """There is no such thing."""

    slug = "not-found"
    status = 404
    message = msg("There is no {what} with this reference.")


class NotAllowed(Refused):
    """The role, the centre or the object is not this person's."""

    slug = "not-allowed"
    status = 403
    message = msg("Your role does not allow this.")
    field_name = "role"


class WrongCentre(NotAllowed):
    """The person works for another centre."""

    slug = "wrong-centre"
    message = msg("You work for {yours}; this belongs to {centre}.")
    field_name = "centre"


class NotSignedIn(Refused):
    """Nobody is signed in."""

    slug = "not-signed-in"
    status = 401
    message = msg("Please sign in first.")


class BodyTooLarge(Refused):
    """The request holds more than the limit."""

    slug = "body-too-large"
    status = 413
    message = msg("What was sent is larger than the {limit} bytes this place takes. Nothing was changed.")
    field_name = "body"


class Stale(Refused):
    """Somebody changed it since the caller read it."""

    slug = "stale-version"
    message = msg("This changed in the meantime (version {now}, you saw {seen}). Read it again.")
    field_name = "version"


class AlreadyDifferent(Refused):
    """The id was used before, for something else."""

    slug = "already-different"
    message = msg("{id} is already known with other content. Use a new id for something else.")
    field_name = "id"


class Unavailable(Refused):
    """A part the request needs is away. Nothing was changed."""

    slug = "unavailable"
    status = 503
    message = msg("This is not possible right now. Nothing was changed; please try again.")
