"""What a browser carries from the start of a sign-in to its end, in a signed cookie."""

import secrets
from dataclasses import asdict, dataclass, fields
from hmac import compare_digest
from typing import Any, Self, cast

from services.directory.oidc.refusals import AttemptLost

ATTEMPT_SECONDS = 600
"""How long a person has at the provider: password, second factor, consent."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that a browser began. All values but `issuer` and `next` are random."""

    issuer: str
    """The key of the issuer where it began: the answer of another one is refused."""
    state: str
    nonce: str
    verifier: str
    """PKCE: proves to the provider that who exchanges the code also began the sign-in."""
    next: str
    """The local path to open afterwards; empty: the person's home page."""

    @classmethod
    def begin(cls, issuer: str, next: str) -> Self:
        """A new attempt, with 256 random bits in each of its secrets."""
        return cls(issuer, secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), next)

    @classmethod
    def read(cls, payload: Any, issuer: str, state: str) -> Self:
        """The attempt of a cookie's payload, if it began at this issuer with this state. Raises `AttemptLost`."""
        if not isinstance(payload, dict):
            raise AttemptLost("no cookie, or not ours, or too old")
        values = cast(dict[str, Any], payload)
        names = {field.name for field in fields(cls)}
        if set(values) != names or not all(isinstance(value, str) for value in values.values()):
            raise AttemptLost("the cookie is of another version")
        attempt = cls(**values)
        if not compare_digest(attempt.state.encode(), state.encode()):
            raise AttemptLost("state differs")
        if attempt.issuer != issuer:
            raise AttemptLost("began at another issuer")
        return attempt

    def payload(self) -> dict[str, str]:
        """What the cookie holds, to be signed."""
        return asdict(self)
