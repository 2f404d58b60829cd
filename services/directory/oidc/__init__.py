"""OpenID Connect: people sign in at their own organisation's provider. A client only; it stores nothing.

- `issuers`: the providers that the settings name, and what their claims mean here
- `provider`: one provider's documents, read over HTTP and cached: discovery and keys
- `attempts`: what a browser carries from the start of a sign-in to its end
- `id_tokens`: verifies an ID token
- `claims`: rights and name from claims
- `client`: starts a sign-in, completes it, ends the provider's session
- `refusals`: what people read when it does not work
"""

from services.directory.oidc.attempts import ATTEMPT_SECONDS, Attempt
from services.directory.oidc.client import Client, Verified, clients_of
from services.directory.oidc.issuers import Issuer, issuers_of
from services.directory.oidc.refusals import (
    AttemptLost,
    ProviderDeclined,
    ProviderUnavailable,
    SignInFailed,
    TokenRefused,
    UnknownIssuer,
)

__all__ = [
    "ATTEMPT_SECONDS",
    "Attempt",
    "AttemptLost",
    "Client",
    "Issuer",
    "ProviderDeclined",
    "ProviderUnavailable",
    "SignInFailed",
    "TokenRefused",
    "UnknownIssuer",
    "Verified",
    "clients_of",
    "issuers_of",
]
