"""One provider's documents, read over HTTP and cached: discovery, and the keys that sign its ID tokens.

Nothing is assumed while they cannot be read: `ProviderUnavailable`, and the next request asks again.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Annotated, Any, Generic, TypeVar

import httpx2
from authlib.common.security import is_secure_transport
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from services.directory.oidc.id_tokens import ALGORITHMS
from services.directory.oidc.issuers import Issuer
from services.directory.oidc.refusals import ProviderUnavailable

FRESH_SECONDS = 3600
"""Age at which a document is read again; a key that the provider withdrew is accepted no longer than this."""
RENEW_SECONDS = 30
"""Least time between two reads of the keys: tokens with invented key ids do not make us ask without end."""
ANSWER_SECONDS = 10
"""Longest that a person waits for the provider's server."""
LARGEST = 262_144
"""Largest document of a provider, in bytes."""


def _is_secure(url: str) -> str:
    if not is_secure_transport(url):
        raise ValueError("not https (http on loopback only)")
    return url


Url = Annotated[str, AfterValidator(_is_secure)]


class Metadata(BaseModel):
    """What we need of a discovery document. The rest is ignored."""

    model_config = ConfigDict(frozen=True, strict=True)

    issuer: str
    authorization_endpoint: Url
    token_endpoint: Url
    jwks_uri: Url
    userinfo_endpoint: Url | None = None
    end_session_endpoint: Url | None = None
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


@cache
def tls() -> ssl.SSLContext:
    """The certificates that are trusted (`SSL_CERT_FILE`, else the usual ones), read once: it takes 0.1 s."""
    return httpx2.create_ssl_context()


Document = TypeVar("Document")


@dataclass(frozen=True, slots=True)
class _Read(Generic[Document]):
    document: Document
    at: float

    def is_older_than(self, seconds: float) -> bool:
        return monotonic() - self.at > seconds


class Provider:
    """Reads and caches the documents of one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._lock = asyncio.Lock()
        self._metadata: _Read[Metadata] | None = None
        self._keys: _Read[KeySet] | None = None

    async def metadata(self) -> Metadata:
        """Its discovery document. Raises `ProviderUnavailable`."""
        async with self._lock:
            return await self._fresh_metadata()

    async def keys(self, *, renew: bool = False) -> KeySet:
        """Its public keys; `renew`: read again, but at most every `RENEW_SECONDS`. Raises `ProviderUnavailable`."""
        async with self._lock:
            age = RENEW_SECONDS if renew else FRESH_SECONDS
            if self._keys is None or self._keys.is_older_than(age):
                metadata = await self._fresh_metadata()
                self._keys = _Read(self._key_set(await self._get(metadata.jwks_uri)), monotonic())
            return self._keys.document

    async def _fresh_metadata(self) -> Metadata:
        if self._metadata is None or self._metadata.is_older_than(FRESH_SECONDS):
            found = await self._get(f"{self.issuer.issuer.rstrip('/')}/.well-known/openid-configuration")
            self._metadata = _Read(self._checked(found), monotonic())
        return self._metadata.document

    def _checked(self, found: Any) -> Metadata:
        try:
            metadata = Metadata.model_validate(found)
        except ValidationError as error:
            fields = sorted({".".join(map(str, fault["loc"])) for fault in error.errors()})
            raise self.unavailable(f"discovery document: {', '.join(fields)}") from error
        if metadata.issuer != self.issuer.issuer:
            raise self.unavailable("discovery document of another issuer")
        if not ALGORITHMS & set(metadata.id_token_signing_alg_values_supported):
            raise self.unavailable("signs ID tokens with no algorithm that is accepted here")
        return metadata

    def _key_set(self, found: Any) -> KeySet:
        """The keys that may sign. A symmetric key, or one for encryption, is left out."""
        keys: list[RSAKey | ECKey] = []
        try:
            for key in found["keys"]:
                kind = {"RSA": RSAKey, "EC": ECKey}.get(key["kty"])
                if kind is not None and key.get("use", "sig") == "sig":
                    keys.append(kind.import_key(key))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise self.unavailable(f"keys cannot be read ({type(error).__name__})") from error
        if not keys:
            raise self.unavailable("no key that signs")
        return KeySet(list(keys))

    async def _get(self, url: str) -> Any:
        async with self.reached(url), httpx2.AsyncClient(verify=tls()) as client:
            return await read_json(client, url)

    @asynccontextmanager
    async def reached(self, what: str) -> AsyncGenerator[None]:
        """Bounds the time of a request to the provider. Raises `ProviderUnavailable` if it fails."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                yield
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as error:
            raise self.unavailable(f"{what}: {type(error).__name__}") from error

    def unavailable(self, cause: str) -> ProviderUnavailable:
        """The refusal, with the name that people know this provider by."""
        return ProviderUnavailable(self.issuer.label, cause)


async def read_json(client: httpx2.AsyncClient, url: str, headers: dict[str, str] | None = None) -> Any:
    """The JSON at an address. Raises `httpx2.HTTPError`, or `ValueError` if it is too large or not JSON."""
    async with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        if response.status_code != 200:
            raise ValueError("a redirect")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise ValueError("too large")
    return httpx2.Response(200, content=bytes(body)).json()
