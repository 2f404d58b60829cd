"""Forged and misused ID tokens, each in the place of the one that a real provider gave: nobody is signed in.

security.md, rows 1 to 6.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from services.directory.oidc import Client, TokenRefused
from tests.directory.oidc.conftest import OTHER, SECRET, answer_of, sign_in
from tests.parts.oidc import OidcProvider, ec_key, log_in, rsa_key

pytestmark = pytest.mark.oidc


@pytest.fixture(scope="module")
def cookies() -> httpx2.Cookies:
    """Amina stays signed in at the provider: after the first test its pages ask nothing more."""
    return httpx2.Cookies()


@pytest.fixture
async def at_provider(at_provider: httpx2.AsyncClient, cookies: httpx2.Cookies) -> AsyncGenerator[httpx2.AsyncClient]:
    at_provider.cookies.update(cookies)
    yield at_provider
    cookies.update(at_provider.cookies)


Claims = dict[str, Any]
Forge = Callable[[OidcProvider, Claims], str]
ATTACKER = rsa_key("attacker")
ATTACKER_EC = ec_key("attacker")
"""Its public key is short enough for a header; a longer header than 512 bytes is refused anyway."""


PUBLIC = ATTACKER_EC.as_dict(private=False)
EVIL = "https://attacker.example"


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(_: OidcProvider, claims: Claims, algorithm: str = "none") -> str:
    return f"{_encoded({'alg': algorithm, 'kid': 'first'})}.{_encoded(claims)}."


def without_a_signature(provider: OidcProvider, claims: Claims) -> str:
    return provider.sign(claims).rpartition(".")[0] + "."


def with_a_changed_signature(provider: OidcProvider, claims: Claims) -> str:
    head, _, signature = provider.sign(claims).rpartition(".")
    return f"{head}.{signature[::-1]}"


def with_changed_claims(provider: OidcProvider, claims: Claims) -> str:
    head, _, signature = provider.sign(claims).split(".")
    return f"{head}.{_encoded(claims | {'sub': 'chantal'})}.{signature}"


def signed_with_the_public_key(provider: OidcProvider, claims: Claims) -> str:
    public = RSAKey.import_key(provider.setup.jwks[0]).as_pem(private=False)
    return _hs256(public, claims)


def signed_with_the_client_secret(_: OidcProvider, claims: Claims) -> str:
    return _hs256(SECRET.encode(), claims)


def _hs256(key: bytes, claims: Claims) -> str:
    signing_input = f"{_encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{_encoded(claims)}"
    digest = hmac.new(key, signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def by_the_attacker(header: dict[str, Any], key: RSAKey | ECKey) -> Forge:
    """Signed with the attacker's key, and a header that names it."""

    def forge(_: OidcProvider, claims: Claims) -> str:
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": "first", **header}, claims, key, registry=_LENIENT)

    return forge


_LENIENT = jws.JWSRegistry(algorithms=["RS256", "ES256"], strict_check_header=False)


def text(token: str) -> Forge:
    return lambda _, claims: token


def with_header(header: dict[str, Any]) -> Forge:
    """Signed by the provider, with this in the header."""

    def forge(provider: OidcProvider, claims: Claims) -> str:
        key = RSAKey.import_key(provider.setup.jwks[0])
        head = _encoded({"alg": "RS256", "kid": "first", **header})
        signing_input = f"{head}.{_encoded(claims)}".encode()
        signature = jws.JWSRegistry.algorithms["RS256"].sign(signing_input, key)
        return f"{signing_input.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    return forge


@dataclass(frozen=True)
class Now:
    seconds: int


def with_claims(**changed: Any) -> Forge:
    """Signed by the provider, with these claims; None removes one. `Now` is a time from now, in seconds."""

    def forge(provider: OidcProvider, claims: Claims) -> str:
        now = int(time.time())
        values = {name: now + value.seconds if isinstance(value, Now) else value for name, value in changed.items()}
        return provider.sign({name: value for name, value in (claims | values).items() if value is not None})

    return forge


BAD_SIGNATURE, UNKNOWN_KEY = "bad_signature", "no key of this id"
ALGORITHM, CRITICAL, TYPE = "algorithm not allowed", "critical header", "not an ID token, by its type"

MISUSED: dict[str, tuple[Forge, str]] = {
    "algorithm none": (unsigned, ALGORITHM),
    "algorithm None": (lambda provider, claims: unsigned(provider, claims, "None"), ALGORITHM),
    "algorithm missing": (lambda _, claims: f"{_encoded({'kid': 'first'})}.{_encoded(claims)}.", "missing_algorithm"),
    "no signature": (without_a_signature, BAD_SIGNATURE),
    "changed signature": (with_a_changed_signature, BAD_SIGNATURE),
    "changed claims": (with_changed_claims, BAD_SIGNATURE),
    "HS256 with the public key": (signed_with_the_public_key, ALGORITHM),
    "HS256 with the client secret": (signed_with_the_client_secret, ALGORITHM),
    "another key under a known id": (by_the_attacker({}, ATTACKER), BAD_SIGNATURE),
    "key in the header: jwk": (by_the_attacker({"jwk": PUBLIC, "kid": "attacker"}, ATTACKER_EC), UNKNOWN_KEY),
    "key in the header: jwk, known id": (by_the_attacker({"jwk": PUBLIC}, ATTACKER_EC), "key"),
    "key in the header: long jwk": (
        by_the_attacker({"jwk": ATTACKER.as_dict(private=False)}, ATTACKER),
        "exceeded_size",
    ),
    "key in the header: jku": (by_the_attacker({"jku": f"{EVIL}/jwks", "kid": "attacker"}, ATTACKER), UNKNOWN_KEY),
    "key in the header: jku, known id": (by_the_attacker({"jku": f"{EVIL}/jwks"}, ATTACKER), BAD_SIGNATURE),
    "key in the header: x5u": (by_the_attacker({"x5u": f"{EVIL}/key.pem", "kid": "attacker"}, ATTACKER), UNKNOWN_KEY),
    "key in the header: x5u, known id": (by_the_attacker({"x5u": f"{EVIL}/key.pem"}, ATTACKER), BAD_SIGNATURE),
    "key in the header: x5c": (by_the_attacker({"x5c": ["MIIB"]}, ATTACKER), BAD_SIGNATURE),
    "unknown critical header": (with_header({"crit": ["exp-policy"], "exp-policy": 1}), CRITICAL),
    "known critical header": (with_header({"crit": ["kid"]}), CRITICAL),
    "critical header that is no list": (with_header({"crit": 7}), CRITICAL),
    "detached payload": (with_header({"crit": ["b64"], "b64": False}), CRITICAL),
    "type of an access token": (with_header({"typ": "at+jwt"}), TYPE),
    "type of a logout token": (with_header({"typ": "logout+jwt"}), TYPE),
    "wrong issuer": (with_claims(iss="https://login.example.org"), "'iss'"),
    "issuer missing": (with_claims(iss=None), "'iss'"),
    "wrong audience": (with_claims(aud="other"), "'aud'"),
    "audience missing": (with_claims(aud=None), "'aud'"),
    "two audiences, not meant for us": (with_claims(aud=["cefo", "other"], azp="other"), "'azp'"),
    "two audiences, not said for whom": (with_claims(aud=["cefo", "other"]), "'azp'"),
    "authorised for another client": (with_claims(azp="other"), "'azp'"),
    "expired": (with_claims(exp=Now(-120)), "expired"),
    "expires never": (with_claims(exp=None), "'exp'"),
    "expiry is no number": (with_claims(exp="2099-01-01"), "'exp'"),
    "not yet valid": (with_claims(nbf=Now(600)), "not yet valid"),
    "issued in the future": (with_claims(iat=Now(600)), "issued in the future"),
    "time of issue missing": (with_claims(iat=None), "'iat'"),
    "subject missing": (with_claims(sub=None), "'sub'"),
    "subject empty": (with_claims(sub=""), "'sub'"),
    "subject is no text": (with_claims(sub=7), "'sub'"),
    "subject too long": (with_claims(sub="x" * 300), "subject too long"),
    "nonce missing": (with_claims(nonce=None), "'nonce'"),
    "nonce of another attempt": (with_claims(nonce="another"), "'nonce'"),
    "of another access token": (with_claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "'at_hash'"),
    "three parts of nothing": (text("a.b.c"), "decode_error"),
    "not a token": (text("é"), "decode_error"),
    "encrypted": (text("a.b.c.d.e"), "decode_error"),
    "empty": (text(""), "decode_error"),
}


@pytest.mark.parametrize(("forge", "cause"), MISUSED.values(), ids=MISUSED)
async def test_a_forged_token_signs_nobody_in(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient, forge: Forge, cause: str
) -> None:
    provider.tamper("/token", lambda tokens: tokens | {"id_token": forge(provider, claims_of(tokens["id_token"]))})
    with pytest.raises(TokenRefused) as refused:
        await sign_in(cefo, at_provider, "amina")
    assert cause in refused.value.cause
    assert "amina" not in refused.value.cause
    assert "sub" not in refused.value.values


async def test_the_same_way_of_forging_an_honest_token_is_accepted(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    """What the forgeries change is what gets them refused."""
    for forge in (with_header({}), with_header({"typ": "JWT", "x5t": "known"}), with_claims(azp="cefo"), with_claims()):
        provider.tamper(
            "/token", lambda tokens, forge=forge: tokens | {"id_token": forge(provider, claims_of(tokens["id_token"]))}
        )
        assert (await sign_in(cefo, at_provider, "amina")).subject == "amina"


async def test_an_access_token_is_not_an_id_token(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    """Not even one that the same provider signed, with our client as audience and our nonce."""
    seen: list[str] = []

    def swapped(tokens: Claims) -> Claims:
        access_token = tokens["access_token"]
        seen.append(access_token)
        return tokens | {"id_token": access_token}

    provider.tamper("/token", swapped)
    with pytest.raises(TokenRefused) as refused:
        await sign_in(cefo, at_provider, "amina")
    assert refused.value.cause == "not an ID token, by its type"
    [access_token] = seen
    assert jws.extract_compact(access_token.encode()).headers()["typ"] == "at+jwt"
    provider.tamper(
        "/token",
        lambda tokens: tokens | {"id_token": provider.sign(claims_of(tokens["access_token"]) | {"aud": "cefo"})},
    )
    with pytest.raises(TokenRefused) as untyped:
        await sign_in(cefo, at_provider, "amina")
    assert "nonce" in untyped.value.cause


async def test_an_id_token_of_another_client_is_refused(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    """Another client of the same provider got it honestly, with the nonce that we asked for."""
    attempt, answer = await answer_of(cefo, at_provider, "amina")
    stolen = await id_token_of_other(provider, at_provider, attempt.nonce)
    assert claims_of(stolen)["aud"] == "other"
    assert claims_of(stolen)["nonce"] == attempt.nonce
    provider.tamper("/token", lambda tokens: tokens | {"id_token": stolen})
    with pytest.raises(TokenRefused) as refused:
        await cefo.complete(attempt, answer, datetime.now(UTC))
    assert "aud" in refused.value.cause


async def id_token_of_other(provider: OidcProvider, at_provider: httpx2.AsyncClient, nonce: str) -> str:
    """The ID token that the client `other` gets for Amina, when it asks with this nonce."""
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    params = {
        "client_id": "other",
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": OTHER,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    back = await log_in(at_provider, str(httpx2.URL(f"{provider.issuer}/auth", params=params)), "amina", OTHER)
    form = {
        "grant_type": "authorization_code",
        "code": httpx2.URL(back).params["code"],
        "redirect_uri": OTHER,
        "code_verifier": verifier,
    }
    answer = await at_provider.post(f"{provider.issuer}/token", data=form, auth=("other", SECRET.replace(" ", "+")))
    return answer.json()["id_token"]


@pytest.mark.parametrize("answer", [{}, {"id_token": None}, {"id_token": 7}, {"id_token": ["a"]}])
async def test_tokens_without_an_id_token_sign_nobody_in(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient, answer: Claims
) -> None:
    provider.tamper("/token", lambda tokens: {"access_token": tokens["access_token"], "token_type": "Bearer"} | answer)
    with pytest.raises(TokenRefused) as refused:
        await sign_in(cefo, at_provider, "amina")
    assert refused.value.cause == "no ID token"


def claims_of(token: str) -> Claims:
    return json.loads(jws.extract_compact(token.encode()).payload)
