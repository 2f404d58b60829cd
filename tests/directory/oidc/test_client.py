"""cefo as the client of a real provider: whom it believes, and when not."""

import json
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from services.contracts.roles import Role
from services.directory.domain.accounts import Rights
from services.directory.oidc import (
    Client,
    Issuer,
    ProviderDeclined,
    ProviderUnavailable,
    TokenRefused,
    clients_of,
)
from services.directory.oidc import provider as cached
from tests.directory.oidc.conftest import ACCOUNTS, answer_of, sign_in
from tests.directory.web import BASE
from tests.parts.oidc import OidcProvider, rsa_key

pytestmark = pytest.mark.oidc


@pytest.fixture
def provider(provider: OidcProvider) -> Generator[OidcProvider]:
    """As always, with its first setup again after a test that changed it."""
    first = replace(provider.setup)
    yield provider
    if provider.setup != first:
        provider.setup = first
        provider.start()


async def test_a_person_is_issuer_and_subject_with_roles_by_the_mapping(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    amina = await sign_in(cefo, at_provider, "amina")
    assert (amina.issuer, amina.subject, amina.name) == (provider.issuer, "amina", "Amina Delvaux")
    assert amina.rights == Rights(frozenset({Role.FRONT_DESK}), frozenset({"namur"}))


async def test_the_same_address_of_mail_is_another_person(cefo: Client, at_provider: httpx2.AsyncClient) -> None:
    assert ACCOUNTS["amina"]["email"] == ACCOUNTS["bruno"]["email"]
    bruno = await sign_in(cefo, at_provider, "bruno")
    assert bruno.subject == "bruno"
    assert bruno.rights == Rights()


async def test_a_code_is_good_once(cefo: Client, at_provider: httpx2.AsyncClient) -> None:
    attempt, answer = await answer_of(cefo, at_provider, "amina")
    await cefo.complete(attempt, answer, datetime.now(UTC))
    with pytest.raises(TokenRefused) as refused:
        await cefo.complete(attempt, answer, datetime.now(UTC))
    assert refused.value.cause == "code not accepted: invalid_grant"


async def test_a_code_is_good_only_with_the_verifier_of_its_attempt(
    cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    attempt, answer = await answer_of(cefo, at_provider, "amina")
    _, another = await cefo.begin("", language="fr")
    with pytest.raises(TokenRefused) as refused:
        await cefo.complete(replace(attempt, verifier=another.verifier), answer, datetime.now(UTC))
    assert refused.value.cause == "code not accepted: invalid_grant"


async def test_an_id_token_with_another_nonce_is_refused(cefo: Client, at_provider: httpx2.AsyncClient) -> None:
    attempt, answer = await answer_of(cefo, at_provider, "amina")
    _, another = await cefo.begin("", language="fr")
    with pytest.raises(TokenRefused) as refused:
        await cefo.complete(replace(attempt, nonce=another.nonce), answer, datetime.now(UTC))
    assert "nonce" in refused.value.cause


@pytest.mark.parametrize("iss", [None, "https://login.example.org", ""])
async def test_an_answer_that_does_not_name_its_issuer_is_refused(
    cefo: Client, at_provider: httpx2.AsyncClient, iss: str | None
) -> None:
    attempt, answer = await answer_of(cefo, at_provider, "amina")
    other = {name: value for name, value in answer.items() if name != "iss"} | ({} if iss is None else {"iss": iss})
    with pytest.raises(TokenRefused) as refused:
        await cefo.complete(attempt, other, datetime.now(UTC))
    assert "issuer" in refused.value.cause


async def test_a_refusal_of_the_provider_signs_nobody_in(provider: OidcProvider, cefo: Client) -> None:
    _, attempt = await cefo.begin("", language="fr")
    for answer in ({"error": "access_denied", "code": "x"}, {"error": "<b>"}, {}, {"code": ""}):
        with pytest.raises(ProviderDeclined) as refused:
            await cefo.complete(attempt, {"iss": provider.issuer, **answer}, datetime.now(UTC))
        assert "<" not in refused.value.cause


async def test_a_provider_that_keeps_to_the_specification_is_asked_for_name_and_groups(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    provider.setup = replace(provider.setup, conform=True)
    provider.start()
    amina = await sign_in(cefo, at_provider, "amina")
    assert provider.asked("/me") == 1
    assert (amina.name, amina.rights.centres) == ("Amina Delvaux", {"namur"})
    provider.tamper("/me", lambda claims: claims | {"sub": "chantal"})
    with pytest.raises(TokenRefused) as refused:
        await sign_in(cefo, at_provider, "amina")
    assert refused.value.cause == "userinfo of another subject"


async def test_the_provider_may_change_its_keys(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(cefo, at_provider, "amina")
    old = provider.setup.jwks
    provider.setup = replace(provider.setup, jwks=[rsa_key("second").as_dict(private=True)])
    provider.start()
    monkeypatch.setattr(cached, "RENEW_SECONDS", 0)
    assert (await sign_in(cefo, at_provider, "amina")).subject == "amina"

    forged: list[str] = []

    def signed_with_the_old_key(tokens: dict[str, Any]) -> dict[str, Any]:
        forged.append(tokens["id_token"])
        return tokens | {"id_token": replace_key(tokens["id_token"], old[0])}

    provider.tamper("/token", signed_with_the_old_key)
    with pytest.raises(TokenRefused) as refused:
        await sign_in(cefo, at_provider, "amina")
    assert forged
    assert refused.value.cause == "no key of this id"


async def test_invented_keys_do_not_make_cefo_ask_again_and_again(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    unknown = rsa_key("invented").as_dict(private=True)
    provider.tamper("/token", lambda tokens: tokens | {"id_token": replace_key(tokens["id_token"], unknown)})
    for _ in range(3):
        with pytest.raises(TokenRefused):
            await sign_in(cefo, at_provider, "amina")
    assert provider.asked("/jwks") == 1


@pytest.mark.parametrize("algorithm", ["PS256", "ES256"])
async def test_the_better_algorithms_are_understood(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient, algorithm: str
) -> None:
    keys = [*provider.setup.jwks, rsa_key("rsa").as_dict(private=True) | {"alg": "PS256"}]
    signing = [one | {"id_token_signed_response_alg": algorithm} for one in provider.setup.clients]
    provider.setup = replace(provider.setup, jwks=keys, clients=signing)
    provider.start()
    assert (await sign_in(cefo, at_provider, "amina")).subject == "amina"


async def test_while_the_provider_is_down_nobody_signs_in_and_afterwards_everybody_can(
    provider: OidcProvider, issuer: Issuer, cefo: Client, at_provider: httpx2.AsyncClient
) -> None:
    attempt, answer = await answer_of(cefo, at_provider, "amina")
    provider.kill()
    begun_elsewhere = clients_of([issuer], BASE)["region"]
    with pytest.raises(ProviderUnavailable) as refused:
        await begun_elsewhere.begin("", language="fr")
    assert refused.value.values == {"provider": "Région wallonne"}
    with pytest.raises(ProviderUnavailable):
        await cefo.complete(attempt, answer, datetime.now(UTC))
    assert await begun_elsewhere.end_session_url(BASE) is None
    provider.start()
    assert (await sign_in(begun_elsewhere, at_provider, "amina")).subject == "amina"


FALSE_DOCUMENTS: dict[str, dict[str, Any]] = {
    "of another issuer": {"issuer": "https://login.example.org"},
    "with a slash more": {"issuer": "http://127.0.0.1/"},
    "with a token endpoint in plain text": {"token_endpoint": "http://login.example.org/token"},
    "with keys in plain text": {"jwks_uri": "http://login.example.org/jwks"},
    "with keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "without an endpoint": {"authorization_endpoint": None},
    "that signs with a shared key only": {"id_token_signing_alg_values_supported": ["HS256"]},
    "that signs nothing": {"id_token_signing_alg_values_supported": ["none"]},
}


@pytest.mark.parametrize("change", FALSE_DOCUMENTS.values(), ids=FALSE_DOCUMENTS)
async def test_a_false_discovery_document_is_not_used(
    provider: OidcProvider, cefo: Client, change: dict[str, Any]
) -> None:
    provider.tamper("/.well-known/openid-configuration", lambda document: document | change)
    with pytest.raises(ProviderUnavailable):
        await cefo.begin("", language="fr")
    provider.honest()
    await cefo.begin("", language="fr")


@pytest.mark.parametrize("keys", [[], [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}], "none", [{"kty": "RSA"}]])
async def test_a_key_set_without_a_public_key_signs_nobody_in(
    provider: OidcProvider, cefo: Client, at_provider: httpx2.AsyncClient, keys: Any
) -> None:
    provider.tamper("/jwks", lambda _: {"keys": keys})
    with pytest.raises(ProviderUnavailable):
        await sign_in(cefo, at_provider, "amina")


async def test_a_document_without_end_is_not_read(provider: OidcProvider, cefo: Client) -> None:
    provider.tamper("/.well-known/openid-configuration", lambda document: document | {"more": "x" * 300_000})
    with pytest.raises(ProviderUnavailable):
        await cefo.begin("", language="fr")


async def test_signing_out_leads_to_the_providers_own(provider: OidcProvider, cefo: Client) -> None:
    url = httpx2.URL(await cefo.end_session_url(f"{BASE}/directory/sign-in") or "")
    assert str(url).startswith(f"{provider.issuer}/session/end?")
    assert dict(url.params) == {"client_id": "cefo", "post_logout_redirect_uri": f"{BASE}/directory/sign-in"}


async def test_without_its_secret_nobody_signs_in(issuer: Issuer, cefo: Client) -> None:
    assert isinstance(issuer.client_secret_file, Path)
    issuer.client_secret_file.write_text("")
    with pytest.raises(ProviderUnavailable):
        await cefo.begin("", language="fr")
    issuer.client_secret_file.write_text("another secret")
    await cefo.begin("", language="fr")


def replace_key(token: str, key: dict[str, Any]) -> str:
    """The same claims, signed with this key under its own id."""
    claims = json.loads(jws.extract_compact(token.encode()).payload)
    return jwt.encode({"alg": "RS256", "kid": key["kid"]}, claims, RSAKey.import_key(key))
