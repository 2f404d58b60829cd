"""A real provider for all tests of this folder, and cefo as its client."""

import ssl
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.directory.oidc import Attempt, Client, Issuer, Verified, clients_of
from tests.directory.web import BASE
from tests.parts.fixtures import oidc_provider
from tests.parts.oidc import OidcProvider, Setup, log_in

CALLBACK = f"{BASE}/directory/sign-in/oidc/region/callback"
OTHER = f"{BASE}/other"
SECRET = "a secret of the test"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "amina": {"name": "Amina Delvaux", "email": "office@example.org", "groups": ["desk-namur", "staff"]},
    "bruno": {"name": "Bruno Lambert", "email": "office@example.org", "groups": ["staff"]},
    "chantal": {"name": "Chantal Goffin", "email": "chantal@example.org", "groups": ["region"]},
}
MAPPING = [
    {"value": "desk-namur", "roles": ["front-desk"], "centres": ["namur"]},
    {"value": "region", "roles": ["manager"]},
]


def client(id: str, redirect_uri: str) -> dict[str, Any]:
    return {
        "client_id": id,
        "client_secret": SECRET,
        "redirect_uris": [redirect_uri],
        "post_logout_redirect_uris": [f"{BASE}/directory/sign-in"],
        "scope": "openid profile email groups",
    }


@pytest.fixture(scope="session")
def running() -> Generator[OidcProvider]:
    clients = [client("cefo", CALLBACK), client("other", OTHER)]
    with oidc_provider(Setup(clients, ACCOUNTS)) as made:
        yield made


@pytest.fixture
def provider(running: OidcProvider) -> Generator[OidcProvider]:
    """The provider, honest again after each test."""
    running.honest()
    yield running
    running.honest()


@pytest.fixture
def issuer(provider: OidcProvider, tmp_path: Path) -> Issuer:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    return Issuer.model_validate(
        {
            "key": "region",
            "issuer": provider.issuer,
            "client_id": "cefo",
            "client_secret_file": secret,
            "label": "Région wallonne",
            "scopes": ["openid", "profile", "email", "groups"],
            "roles_claim": "groups",
            "mapping": MAPPING,
        }
    )


@pytest.fixture
def cefo(issuer: Issuer) -> Client:
    return clients_of([issuer], BASE)["region"]


@pytest.fixture
async def at_provider() -> AsyncGenerator[httpx2.AsyncClient]:
    """A person's browser, at the provider's pages."""
    async with httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False) as made:
        yield made


async def answer_of(cefo: Client, at_provider: httpx2.AsyncClient, login: str) -> tuple[Attempt, dict[str, str]]:
    """A sign-in up to the provider's answer."""
    url, attempt = await cefo.begin("", language="fr")
    back = await log_in(at_provider, url, login, CALLBACK)
    return attempt, dict(httpx2.URL(back).params)


async def sign_in(cefo: Client, at_provider: httpx2.AsyncClient, login: str) -> Verified:
    """A whole sign-in, as the client sees it."""
    attempt, answer = await answer_of(cefo, at_provider, login)
    return await cefo.complete(attempt, answer, datetime.now(UTC))
