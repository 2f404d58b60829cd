"""Starts a sign-in at a provider, completes it, and ends the provider's own session."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import httpx2
from authlib.common.urls import add_params_to_uri
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from services.directory.domain.accounts import Rights
from services.directory.oidc.attempts import Attempt
from services.directory.oidc.claims import lacks, name_of, rights_of
from services.directory.oidc.id_tokens import UnknownKey, verify
from services.directory.oidc.issuers import Issuer
from services.directory.oidc.provider import ANSWER_SECONDS, Metadata, Provider, read_json, tls
from services.directory.oidc.refusals import ProviderDeclined, ProviderUnavailable, TokenRefused


@dataclass(frozen=True, slots=True)
class Verified:
    """A person whom the provider vouches for. Issuer and subject together are the person; a name or address is not."""

    issuer: str
    subject: str
    name: str | None
    rights: Rights
    """By the issuer's mapping; without roles where it gives none."""


class Client:
    """cefo as a client of one provider."""

    def __init__(self, issuer: Issuer, redirect_uri: str) -> None:
        self.issuer = issuer
        self._redirect_uri = redirect_uri
        self._provider = Provider(issuer)

    async def begin(self, next: str, *, language: str) -> tuple[str, Attempt]:
        """The address at the provider where the person signs in, and the attempt. Raises `ProviderUnavailable`."""
        metadata = await self._provider.metadata()
        attempt = Attempt.begin(self.issuer.key, next)
        async with self._oauth(metadata) as oauth:
            url: str = oauth.create_authorization_url(
                metadata.authorization_endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
                ui_locales=language,
            )[0]
        return url, attempt

    async def complete(self, attempt: Attempt, answer: Mapping[str, str], now: datetime) -> Verified:
        """The person of the provider's answer to this attempt. Raises `SignInFailed` or `ProviderUnavailable`."""
        metadata = await self._provider.metadata()
        self._check_answer(metadata, answer)
        tokens = await self._exchange(metadata, answer["code"], attempt.verifier)
        claims = await self._verified(metadata, tokens, attempt.nonce, now)
        if lacks(self.issuer, claims):
            claims = await self._userinfo(metadata, tokens, claims) | claims
        return Verified(claims["iss"], claims["sub"], name_of(self.issuer, claims), rights_of(self.issuer, claims))

    async def end_session_url(self, return_to: str) -> str | None:
        """Where the provider ends its own session; None if it has no such address, or does not answer."""
        try:
            endpoint = (await self._provider.metadata()).end_session_endpoint
        except ProviderUnavailable:
            return None
        if endpoint is None:
            return None
        params = [("client_id", self.issuer.client_id), ("post_logout_redirect_uri", return_to)]
        return add_params_to_uri(endpoint, params)

    def _check_answer(self, metadata: Metadata, answer: Mapping[str, str]) -> None:
        """`iss` (RFC 9207) says which provider answered, where several are known."""
        issuer = answer.get("iss")
        if issuer is None and metadata.authorization_response_iss_parameter_supported:
            raise TokenRefused("the answer does not name its issuer")
        if issuer is not None and issuer != self.issuer.issuer:
            raise TokenRefused("answer of another issuer")
        if "error" in answer or not answer.get("code"):
            raise ProviderDeclined(_code(answer.get("error", "no code")))

    async def _exchange(self, metadata: Metadata, code: str, verifier: str) -> dict[str, Any]:
        """The tokens for this code, which the provider gives once."""
        try:
            async with self._provider.reached("token endpoint"), self._oauth(metadata) as oauth:
                tokens: dict[str, Any] = await oauth.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=verifier
                )
        except OAuthError as error:
            raise TokenRefused(f"code not accepted: {_code(error.error)}") from error
        return dict(tokens)

    async def _verified(self, metadata: Metadata, tokens: dict[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
        if not isinstance(token := tokens.get("id_token"), str):
            raise TokenRefused("no ID token")
        for renew in (False, True):
            try:
                return verify(
                    token,
                    await self._provider.keys(renew=renew),
                    issuer=self.issuer.issuer,
                    client_id=self.issuer.client_id,
                    nonce=nonce,
                    access_token=tokens.get("access_token"),
                    algorithms=metadata.id_token_signing_alg_values_supported,
                    now=now,
                )
            except UnknownKey:
                if renew:
                    raise
        raise AssertionError("unreachable")

    async def _userinfo(self, metadata: Metadata, tokens: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """The claims that are not in the ID token, of the same person."""
        if metadata.userinfo_endpoint is None or not isinstance(tokens.get("access_token"), str):
            return {}
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        async with self._provider.reached("userinfo"), httpx2.AsyncClient(verify=tls()) as client:
            found = await read_json(client, metadata.userinfo_endpoint, bearer)
        if not isinstance(found, dict) or cast(dict[str, Any], found).get("sub") != claims["sub"]:
            raise TokenRefused("userinfo of another subject")
        return cast(dict[str, Any], found)

    def _oauth(self, metadata: Metadata) -> Any:
        """Authlib's client, which has no types."""
        try:
            secret = self.issuer.client_secret()
        except ValueError as error:
            raise self._provider.unavailable(str(error)) from error
        return AsyncOAuth2Client(
            client_id=self.issuer.client_id,
            client_secret=secret,
            token_endpoint_auth_method=_auth_method(metadata, secret),
            scope=" ".join(self.issuer.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=ANSWER_SECONDS,
            verify=tls(),
        )


def clients_of(issuers: Iterable[Issuer], public_url: str) -> dict[str, Client]:
    """A client for each issuer, by its key."""
    base = f"{public_url.rstrip('/')}/directory/sign-in/oidc"
    return {issuer.key: Client(issuer, f"{base}/{issuer.key}/callback") for issuer in issuers}


def _auth_method(metadata: Metadata, secret: str | None) -> str:
    """How cefo proves to the token endpoint who it is."""
    if secret is None:
        return "none"
    methods = metadata.token_endpoint_auth_methods_supported
    return "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"


def _code(error: object) -> str:
    """An error code as OAuth allows it, for the log; anything else is left out."""
    text = str(error)
    return text if text.replace("_", "").replace(" ", "").isalnum() and len(text) < 60 else "unknown error"
