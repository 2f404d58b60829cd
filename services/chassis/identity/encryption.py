"""Encrypts what a service keeps with a key of its own for each purpose, derived from the platform's key.

After a change of the platform's key, what the previous one encrypted can be read for as long as that key is configured.
"""

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.chassis.identity.tokens import platform_keys
from services.chassis.refusals import Refused, msg
from services.chassis.runtime.settings import Settings


class KeyGone(Refused):
    """The text was encrypted with a key that is not configured any more."""

    slug = "key-gone"
    message = msg("This content was encrypted with an earlier key, which the service no longer has. Discard the event.")


class Encryption:
    """Encrypts for one purpose."""

    def __init__(self, settings: Settings, purpose: str) -> None:
        """Raises `UnusableSecret`."""
        keys = [key for key in platform_keys(settings) if key is not None]
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(_derived(key, purpose))) for key in keys])
        self._digest_keys = [_derived(key, f"{purpose} digest") for key in keys]

    def encrypt(self, plain: bytes) -> bytes:
        """The bytes, encrypted and authenticated with the newest key."""
        return self._fernet.encrypt(plain)

    def decrypt(self, encrypted: bytes) -> bytes:
        """What was encrypted. Raises `KeyGone`."""
        try:
            return self._fernet.decrypt(encrypted)
        except InvalidToken as error:
            raise KeyGone() from error

    def digests(self, plain: bytes) -> list[bytes]:
        """Digests from which these bytes cannot be guessed without the key: with the newest key, then the previous."""
        return [hashlib.blake2b(plain, key=key, digest_size=16).digest() for key in self._digest_keys]


def _derived(key: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cefo.{purpose}".encode()).derive(key.encode())
