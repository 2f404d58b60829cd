"""Signs and verifies sessions, bearer tokens and personal links."""

import contextlib
import hashlib
import secrets
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from time import time

from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import ValidationError

from services.chassis.identity.people import Person
from services.chassis.runtime.settings import Settings

CACHED_TOKENS = 1000
"""Most recently used tokens whose signature is not verified again; their age is checked each time."""

LINK_VALID = timedelta(days=30)
"""How long a personal link is valid."""


class Signer:
    """Signs and reads sessions, tokens and personal links with the platform's key."""

    def __init__(self, key: str, session_hours: int) -> None:
        self._key = key
        self._session_seconds = session_hours * 3600
        # Staff send the same token all day. Refusals are not cached: anyone can cause them.
        self._known = lru_cache(maxsize=CACHED_TOKENS)(self._verified)

    def session(self, person: Person) -> str:
        """A session or bearer token for this person."""
        return self._serializer("session").dumps(person.model_dump(mode="json"))

    def person(self, token: str, *, max_age: int | None = None) -> Person | None:
        """The person of this token; None if its signature is wrong or it is too old. `max_age` in seconds."""
        return self._read("session", token, max_age or self._session_seconds)

    def link(self, person: Person) -> str:
        """The token of a visitor's personal link, valid for `LINK_VALID`."""
        return self._serializer("link").dumps(person.model_dump(mode="json"))

    def person_of_link(self, token: str) -> Person | None:
        """The visitor of this link; None if its signature is wrong or it is too old."""
        return self._read("link", token, int(LINK_VALID.total_seconds()))

    def _read(self, purpose: str, token: str, max_age: int) -> Person | None:
        try:
            person, signed_at = self._known(purpose, token)
        except (BadData, ValidationError):
            return None
        return person if 0 <= time() - signed_at <= max_age else None

    def _verified(self, purpose: str, token: str) -> tuple[Person, float]:
        """The token's person, and when it was signed, in seconds since 1970. Raises `BadData` or `ValidationError`."""
        payload, signed_at = self._serializer(purpose).loads(token, return_timestamp=True)
        return Person.model_validate(payload), signed_at.timestamp()

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._key, salt=f"cefo.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
        )


def signer(settings: Settings) -> Signer:
    """The platform's signer. Without a configured key, one is created in the data folder, readable by its owner."""
    if settings.secret_key is not None:
        return Signer(settings.secret_key.get_secret_value(), settings.session_hours)
    return Signer(_key_file(settings.data / "secret.key"), settings.session_hours)


def _key_file(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{secrets.token_hex(8)}")
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_urlsafe(48))
        # Processes that start together agree on one key, and none reads an incomplete file.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
        temporary.unlink()
    return path.read_text().strip()
