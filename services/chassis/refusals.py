"""Refusals: errors that a rule or a request causes, with status, slug and translatable message.

::

    Refused                  the request is understood, and a rule forbids it           409
    ├── Invalid              a field breaks a rule                                      422
    │   ├── RepeatedField    a JSON object has two fields of one name
    │   ├── UnknownCentre    there is no such centre
    │   └── UnknownArea      there is no such area; AreaNotServed: not at this centre
    ├── NotFound             it does not exist, or the person may not see it            404
    ├── NotAllowed           the person lacks the role, or works for another centre     403
    │   └── NotForVisitors   it is for staff
    ├── NotSignedIn          no person is signed in                                     401
    │   └── PlanClosed       the visitor's plan is closed
    ├── BodyTooLarge         the request holds more than the limit                      413
    ├── TooManyRequests      this account or address sends too many requests            429
    ├── Stale                the object changed since the caller read it                409
    ├── AlreadyDifferent     the id is in use for something else                        409
    ├── ShownBefore          a secret is shown once, and was shown                      409
    └── Unavailable          store or broker unavailable; nothing was changed; retry    503
        └── StillRestoring   a restored store has not read its topics again

Each class has a slug, a message with named values, and the field it is about. The message is an English msgid; people
see it in their language. Values too: a member of an enumeration is shown by its word, a `Message` translated, several
values with commas. Values that the message does not name (codes, versions) are for machines: the problem document has
them as members of its error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


class Message(str):
    """An English msgid. As a value inside another message it is translated too."""


def msg(text: str) -> Message:
    """Mark a message for extraction into the catalogues; it is translated where it is shown."""
    return Message(text)


CHOICES: dict[frozenset[str], Mapping[str, str] | type[StrEnum]] = {}
"""The labels of each closed list of codes, or the enumeration whose members have words in the catalogues."""


def with_words(labels: Mapping[Any, str]) -> None:
    """These codes have these labels, msgids: a refusal names the choices by them. Called once, beside the labels."""
    CHOICES[frozenset(map(str, labels))] = {str(code): label for code, label in labels.items()}


def with_own_words(*enumerations: type[StrEnum]) -> None:
    """The members of these enumerations have words in the catalogues, by their names."""
    for one in enumerations:
        CHOICES[frozenset(map(str, one))] = one


@dataclass(eq=False)
class Refused(Exception):
    """A rule forbids the request. Subclass it in a service's domain, with slug, message and field."""

    slug: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: ClassVar[Message] = msg("This is not possible. Reload the page.")
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
    message = msg("This value is not valid. Please correct it.")


class RepeatedField(Invalid):
    """A JSON object has two fields of one name: which of them was meant?"""

    slug = "repeated-field"
    message = msg("This field is there twice. Remove one of the two.")


class UnknownCentre(Invalid):
    """The centre does not exist, or was not published yet."""

    slug = "unknown-centre"
    message = msg("This centre does not exist. Choose a centre from the list.")
    field_name = "centre"


class UnknownArea(Invalid):
    """No centre works in this area."""

    slug = "unknown-area"
    message = msg("This need is not in the list. Choose another need.")
    field_name = "area"


class AreaNotServed(UnknownArea):
    """The centre does not work in this area."""

    message = msg("This centre cannot help with this need. Choose another need or another centre.")


class NotFound(Refused):
    """It does not exist, or the person may not see it."""

    slug = "not-found"
    status = 404
    message = msg(
        "Not found: {what}. The reference is wrong, or there is nothing here that you may see. Check the reference."
    )


class NotAllowed(Refused):
    """The person lacks the role, or does not own the object."""

    slug = "not-allowed"
    status = 403
    message = msg("Your account does not allow this. Ask the people who manage the accounts.")
    field_name = "role"


class NotForVisitors(NotAllowed):
    """A visitor whose plan is open asks for what belongs to a team."""

    message = msg("Your link does not open this page. Ask at your centre.")


class WrongCentre(NotAllowed):
    """The person works for another centre."""

    slug = "wrong-centre"
    message = msg("Your account does not belong to this centre. Choose your own centre.")
    field_name = "centre"


class NotSignedIn(Refused):
    """No person is signed in."""

    slug = "not-signed-in"
    status = 401
    message = msg("Please sign in first.")


class PlanClosed(NotSignedIn):
    """A form of a plan that was open on this screen, and is not any more."""

    slug = "plan-closed"
    message = msg("The plan was closed. Your text was not saved. Go back to copy it, then open the plan again.")


class BodyTooLarge(Refused):
    """The request holds more than the limit."""

    slug = "body-too-large"
    status = 413
    message = msg("This is too large. Nothing was changed. Send less. Maximum size in bytes: {limit}.")
    field_name = "body"


class TooManyRequests(Refused):
    """This account or address sends too many requests, or tries one thing too often."""

    slug = "too-many-requests"
    status = 429
    message = msg("Too many requests in a short time. Try again in {minutes} min.")

    def __init__(self, retry_after: int) -> None:
        """`retry_after`: seconds until the next request is answered."""
        self.retry_after = retry_after
        super().__init__(minutes=-(-retry_after // 60))


class Stale(Refused):
    """The object changed since the caller read it."""

    slug = "stale-version"
    message = msg("Someone changed this page in the meantime. Read it again, then try once more.")
    field_name = "version"


class AlreadyDifferent(Refused):
    """The id is in use for different content."""

    slug = "already-different"
    message = msg("This reference is already used for something else. Reload the page, or use a new reference.")
    field_name = "id"


class ShownBefore(Refused):
    """A form whose answer has a secret was sent again. The secret is kept nowhere, so it cannot be shown again."""

    slug = "shown-before"
    message = msg("This form was sent before. What it created is shown only once. Renew it if you have lost it.")


class Unavailable(Refused):
    """The store or the broker is unavailable. Nothing was changed."""

    slug = "unavailable"
    status = 503
    message = msg("This is not possible right now. Nothing was changed. Try again in a moment.")


class StillRestoring(Unavailable):
    """The store was restored from a backup, and the service still reads what happened since."""

    slug = "still-restoring"
    message = msg("This part of the software is being restored. Nothing was changed. Try again in a few minutes.")
