"""Who asks, in which role, for which centres; and the signatures that carry it.

A session is a signed cookie; a machine sends the same as a bearer token. Roles are the people of the domain.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from time import time
from uuid import UUID

from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict, ValidationError

from services.chassis.errors import NotAllowed, NotSignedIn, WrongCentre, msg
from services.chassis.settings import Settings


class Role(StrEnum):
    """What a person is here as."""

    FRONT_DESK = "front-desk"
    COUNSELLOR = "counsellor"
    VISITOR = "visitor"
    PROVIDER = "provider"
    CITE = "cite"
    MANAGER = "manager"
    OPERATOR = "operator"


ROLE_LABELS = {
    Role.FRONT_DESK: msg("Front desk"),
    Role.COUNSELLOR: msg("Counsellor"),
    Role.VISITOR: msg("Visitor"),
    Role.PROVIDER: msg("Provider"),
    Role.CITE: msg("Cité des métiers"),
    Role.MANAGER: msg("Region"),
    Role.OPERATOR: msg("Operations"),
}


class Person(BaseModel):
    """Whoever is signed in. Staff have centres; a visitor a `subject_ref`; a provider an `organization_id`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    """Who, for the log: an account or a machine, never a name of a visitor."""
    name: str
    roles: frozenset[Role]
    centres: frozenset[str] = frozenset()
    """Centres this person works for; empty with role manager or operator: all."""
    staff_code: str | None = None
    """The code under which scheduling knows a counsellor."""
    subject_ref: UUID | None = None
    organization_id: UUID | None = None

    @property
    def role_label(self) -> str:
        """The msgid of the most telling role."""
        return ROLE_LABELS[next(role for role in Role if role in self.roles)]

    def has(self, *roles: Role) -> bool:
        """Whether the person has any of these roles."""
        return bool(self.roles & set(roles))

    def at(self, centre: str) -> str:
        """The centre, if the person works there. Raises `WrongCentre`."""
        if not self.works_at(centre):
            raise WrongCentre(yours=", ".join(sorted(self.centres)) or "–", centre=centre)
        return centre

    def works_at(self, centre: str) -> bool:
        """Whether the person works for this centre."""
        return centre in self.centres or self.has(Role.MANAGER, Role.OPERATOR)

    def is_subject(self, subject_ref: UUID) -> bool:
        """Whether this visitor is that person."""
        return self.has(Role.VISITOR) and self.subject_ref == subject_ref


class Rule:
    """Who may use a route. Every route carries one; a route without one does not start."""

    def __init__(self, roles: Iterable[Role] | None) -> None:
        self.roles = None if roles is None else frozenset(roles)
        """None: anyone, signed in or not."""

    def admit(self, person: Person | None) -> Person | None:
        """The person, if the rule lets them pass. Raises `NotSignedIn` or `NotAllowed`."""
        if self.roles is None:
            return person
        if person is None:
            raise NotSignedIn()
        if not person.roles & self.roles:
            raise NotAllowed()
        return person


def visitor(subject_ref: UUID) -> Person:
    """Whoever holds this person's link: nobody else knows the name."""
    return Person(subject=f"visitor/{subject_ref}", name="–", roles=frozenset({Role.VISITOR}), subject_ref=subject_ref)


KNOWN = 1000
"""So many tokens, the last ones used, are not verified again; their age is looked at each time."""


class Signer:
    """Signs and reads sessions, tokens and personal links with the platform's key."""

    def __init__(self, key: str, session_hours: int) -> None:
        self._key = key
        self._session_seconds = session_hours * 3600
        # Whoever works here sends the same token all day. Refusals are not kept: those anybody can make.
        self._known = lru_cache(maxsize=KNOWN)(self._verified)

    def session(self, person: Person) -> str:
        """A session or bearer token for this person."""
        return self._serializer("session").dumps(person.model_dump(mode="json"))

    def person(self, token: str, *, max_age: int | None = None) -> Person | None:
        """Who signed in with this token; None when it is not ours, or too old."""
        return self._read("session", token, max_age or self._session_seconds)

    def link(self, person: Person) -> str:
        """What a personal link carries: a visitor's own way in, good for 30 days."""
        return self._serializer("link").dumps(person.model_dump(mode="json"))

    def person_of_link(self, token: str) -> Person | None:
        """Whose link this is; None when it is not ours, or too old."""
        return self._read("link", token, 30 * 86_400)

    def _read(self, purpose: str, token: str, max_age: int) -> Person | None:
        try:
            person, signed_at = self._known(purpose, token)
        except (BadData, ValidationError):
            return None
        return person if 0 <= time() - signed_at <= max_age else None

    def _verified(self, purpose: str, token: str) -> tuple[Person, float]:
        """Whose token it is, and when it was signed, in seconds since 1970. Raises `BadData` or `ValidationError`."""
        told, signed_at = self._serializer(purpose).loads(token, return_timestamp=True)
        return Person.model_validate(told), signed_at.timestamp()

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._key, salt=f"cefo.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
        )


def signer(settings: Settings) -> Signer:
    """The platform's signer. Without a configured key, one is made in the data folder, readable by its owner alone."""
    if settings.secret_key is not None:
        return Signer(settings.secret_key.get_secret_value(), settings.session_hours)
    return Signer(_key_file(settings.data / "secret.key"), settings.session_hours)


def _key_file(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(f".{secrets.token_hex(8)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(48))
        # Processes that start together agree on one key, and none ever reads an empty one.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return path.read_text().strip()
