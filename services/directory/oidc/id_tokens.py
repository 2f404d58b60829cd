"""Verifies an ID token: signature, header and claims (OpenID Connect Core 3.1.3.7; security.md, rows 1 to 4).

Keys come from the issuer's discovered key set only: a key in the token's header (`jwk`, `jku`, `x5c`, `x5u`) is never
looked at. What is not understood is refused.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from services.directory.oidc.refusals import TokenRefused

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
"""Public-key signatures. Never `none`, and never HS*: its key would be one that others know."""
TYPES = frozenset({"jwt", "application/jwt"})
"""`typ` of an ID token, where it has one. An access token's is `at+jwt`."""
LEEWAY = 60
"""Difference that is tolerated between the provider's clock and ours, in seconds."""
LONGEST_SUBJECT = 255


class UnknownKey(TokenRefused):
    """The key set has no key of this id: the provider may have changed its keys."""


def verify(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    algorithms: Collection[str],
    now: datetime,
) -> dict[str, Any]:
    """The claims of the token. Raises `TokenRefused` with the reason; `UnknownKey` if the set lacks its key."""
    allowed = ALGORITHMS & set(algorithms)
    try:
        _check_header(jws.extract_compact(token.encode()).headers(), allowed)
        registry = jws.JWSRegistry(algorithms=allowed, strict_check_header=False)
        read = jwt.decode(token, keys, registry=registry)
        claims = CodeIDToken(
            read.claims, read.header, _expected(issuer, client_id), _params(client_id, nonce, access_token)
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except InvalidKeyIdError as error:
        raise UnknownKey("no key of this id") from error
    except JoseError as error:
        raise TokenRefused(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TokenRefused(f"malformed ({type(error).__name__})") from error
    return _checked(dict(cast(dict[str, Any], claims)))


def _check_header(header: dict[str, Any], allowed: Collection[str]) -> None:
    if header.get("alg") not in allowed:
        raise TokenRefused("algorithm not allowed")
    if "crit" in header:
        raise TokenRefused("critical header not understood")
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        raise TokenRefused("not an ID token, by its type")


def _expected(issuer: str, client_id: str) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": issuer},
        "sub": {"essential": True},
        "aud": {"essential": True, "value": client_id},
        "exp": {"essential": True},
        "iat": {"essential": True},
        "nonce": {"essential": True},
    }


def _params(client_id: str, nonce: str, access_token: str | None) -> dict[str, Any]:
    return {"client_id": client_id, "nonce": nonce, "access_token": access_token}


def _checked(claims: dict[str, Any]) -> dict[str, Any]:
    if len(claims["sub"]) > LONGEST_SUBJECT:
        raise TokenRefused("subject too long")
    return claims
