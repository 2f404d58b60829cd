"""Signs and verifies tokens: of whole persons, of accounts' sign-ins, and of visitors who opened their links.

A token of a person carries the roles and centres: for demo accounts, and for who holds the platform's key. A token of
an account carries a reference; each service looks up the account's rights in its own copy (`copies/accounts.py`).
A visitor's token names the personal link that opened it; the link must be their current one (`copies/visitors.py`).
"""

import contextlib
import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from time import time
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from itsdangerous import BadData, BadSignature, URLSafeTimedSerializer
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.chassis.identity.people import Person
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.settings.secret_files import check_key

CACHED_TOKENS = 1000
"""Most recently used tokens whose signature is not verified again; their age is checked each time."""

_ID_BYTES = 16

IDLE = timedelta(minutes=15)
"""How long a link that was opened at a centre stays open without a request."""
RENEWED_AFTER = timedelta(minutes=1)
"""A request renews a token that is older than this."""


class AccountToken(BaseModel):
    """One sign-in of an account, or a machine's token: what its cookie or bearer token says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_ref: UUID
    sign_in: UUID
    """The id of the sign-in or of the machine token; ending it ends the token."""
    began_at: AwareDatetime
    expires_at: AwareDatetime


class VisitorToken(BaseModel):
    """One opening of a visitor's personal link."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject_ref: UUID
    link_id: UUID
    """The link that was opened; a new link ends the token."""
    opening: UUID
    """The id of the opening; closing it ends the token."""
    began_at: AwareDatetime
    expires_at: AwareDatetime
    ends_at: AwareDatetime
    """No renewal goes beyond this time."""
    centre: str | None = None
    """The centre at whose desk it was opened. None: elsewhere."""

    def renewed(self, now: datetime) -> "VisitorToken | None":
        """The token after a request at this time; None if it need not change. At a centre it expires after `IDLE`."""
        if self.centre is None or now + IDLE - self.expires_at < RENEWED_AFTER:
            return None
        return self.model_copy(update={"expires_at": min(now + IDLE, self.ends_at)})


@dataclass(frozen=True, slots=True)
class PersonToken:
    """A whole person, signed with the platform's key at this time (seconds since 1970)."""

    person: Person
    signed_at: float


Token = AccountToken | VisitorToken | PersonToken


class Signer:
    """Signs and reads sessions and tokens with the platform's key."""

    def __init__(self, key: str, session_hours: int, previous: str | None = None) -> None:
        """`previous`: the key before. It verifies what it signed, and signs nothing more."""
        self._keys = [key] if previous is None else [previous, key]  # the last one signs
        self._digest_keys = [hashlib.sha256(f"cefo.digest {one}".encode()).digest() for one in self._keys]
        self._session_seconds = session_hours * 3600
        # Staff send the same token all day. Refusals are not cached: anyone can cause them.
        self._known = lru_cache(maxsize=CACHED_TOKENS)(self._verified)

    def session(self, person: Person) -> str:
        """A session or bearer token for this person."""
        return self._serializer("session").dumps(person.model_dump(mode="json"))

    def person(self, text: str) -> Person | None:
        """The person of this token; None if its signature is wrong, it is too old, or it is an account's."""
        token = self.verify(text)
        return token.person if isinstance(token, PersonToken) else None

    def sign(self, token: AccountToken | VisitorToken) -> str:
        """The text of a token, for a cookie or a bearer token."""
        purpose = "account" if isinstance(token, AccountToken) else "visitor"
        return self._serializer(purpose).dumps(token.model_dump(mode="json"))

    def verify(self, text: str) -> Token | None:
        """The token of this text; None if its signature is wrong, or it is a person's and too old.

        The age and the end of an account's or a visitor's token are for `Accounts` and `Visitors` to check.
        """
        try:
            token = self._known(text)
        except (BadData, ValidationError):
            return None
        return token if not isinstance(token, PersonToken) or self.holds(token) else None

    def holds(self, token: PersonToken) -> bool:
        """Whether a person's token has not expired."""
        return 0 <= time() - token.signed_at <= self._session_seconds

    def seal(self, purpose: str, payload: Mapping[str, Any]) -> str:
        """A signed text with these values, which everyone can read, for a cookie of this purpose."""
        return self._serializer(purpose).dumps(payload)

    def unseal(self, purpose: str, text: str, max_age: int) -> Any:
        """The values of a sealed text; None if it is not of this purpose, was changed, or is older (seconds)."""
        try:
            return self._serializer(purpose).loads(text, max_age=max_age)
        except BadData:
            return None

    def digest(self, text: str) -> str:
        """A text from which this one cannot be guessed without the key."""
        return self.digests(text)[0]

    def digests(self, text: str) -> list[str]:
        """The digest of a text by each key, by which a stored one is compared: it may be older than the key of now."""
        return [
            hashlib.blake2b(text.encode(), key=key, digest_size=16).hexdigest() for key in reversed(self._digest_keys)
        ]

    def disguise(self, purpose: str, id: UUID) -> str:
        """An id as 22 characters for an address: without the key nobody can find them from the id, or guess any.

        A UUID is one block of AES, so that nothing need be stored to read it back.
        """
        block = _cipher(self._keys[-1], purpose).encryptor()
        return urlsafe_b64encode(block.update(id.bytes)).rstrip(b"=").decode()

    def undisguise(self, purpose: str, text: str) -> list[UUID]:
        """The ids that these characters may stand for, one by each key; of what was guessed, ids that do not exist."""
        try:
            block = urlsafe_b64decode(f"{text}==")
        except ValueError:
            return []
        if len(block) != _ID_BYTES or urlsafe_b64encode(block).rstrip(b"=").decode() != text:
            return []
        found = (_cipher(key, purpose).decryptor().update(block) for key in reversed(self._keys))
        return [UUID(bytes=plain) for plain in found]

    def _verified(self, text: str) -> Token:
        """The token, whatever its age. Raises `BadData` or `ValidationError`."""
        with contextlib.suppress(BadSignature):
            return AccountToken.model_validate(self._serializer("account").loads(text))
        with contextlib.suppress(BadSignature):
            return VisitorToken.model_validate(self._serializer("visitor").loads(text))
        payload, signed_at = self._serializer("session").loads(text, return_timestamp=True)
        return PersonToken(Person.model_validate(payload), signed_at.timestamp())

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._keys, salt=f"cefo.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
        )


def _cipher(key: str, purpose: str) -> Cipher[CBC]:
    derived = hashlib.sha256(f"cefo.id {purpose} {key}".encode()).digest()
    return Cipher(AES256(derived), CBC(bytes(_ID_BYTES)))  # one block only: the same id gives the same text


def signer(settings: Settings) -> Signer:
    """The platform's signer. Without a configured key, one is created in the data folder, readable by its owner.

    Raises `UnusableSecret`.
    """
    key, previous = platform_keys(settings)
    return Signer(key, settings.session_hours, previous)


def platform_keys(settings: Settings) -> tuple[str, str | None]:
    """The platform's key, and the one before it if it is configured. Raises `UnusableSecret`."""
    key, previous = settings.configured_keys()
    return key or _key_of(settings.data / "secret.key"), previous


def _key_of(path: Path) -> str:
    """The key in this file of the data folder, which is created if it is missing. Raises `UnusableSecret`."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{secrets.token_hex(8)}")
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_urlsafe(48))
        # Processes that start together agree on one key, and none reads an incomplete file.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
        temporary.unlink()
    elif path.stat().st_mode & 0o077:  # as older versions wrote it
        with contextlib.suppress(PermissionError):  # it is another account's
            path.chmod(0o600)
    return check_key(path.read_text().strip(), str(path))
