"""Every service copies the accounts that the directory publishes, and knows whom a token belongs to."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis.copies import accounts
from services.chassis.identity.tokens import AccountToken
from services.chassis.testing import Client, FixedClock, client_of, record_of
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.launcher.catalogue import SERVICES

REF = uuid4()


def published(version: int, status: AccountStatus = AccountStatus.ACTIVE) -> AccountPublished:
    return AccountPublished(
        account_ref=REF, version=version, kind=AccountKind.STAFF, status=status, roles=("operator",), centres=()
    )


@pytest.fixture(params=[name for name in SERVICES if name != "directory"])
async def service(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    async with client_of(SERVICES[request.param], tmp_path, clock=clock) as made:
        yield made


async def test_a_service_lets_an_account_in_and_out_as_published(
    service: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 0.0)
    began_at = clock.now - timedelta(hours=1)
    token = AccountToken(account_ref=REF, sign_in=uuid4(), began_at=began_at, expires_at=clock.now + timedelta(hours=1))
    bearer = {"authorization": f"Bearer {service.process.signer.sign(token)}"}
    page = f"/{service.runtime.service.name}/api/v1/dead-letters"
    assert (await service.get(page, headers=bearer)).status_code == 401
    for version, status, answer in ((1, AccountStatus.ACTIVE, 200), (2, AccountStatus.INACTIVE, 401)):
        await service.consume(record_of(published(version, status), version))
        assert (await service.get(page, headers=bearer)).status_code == answer


def test_every_service_knows_accounts() -> None:
    assert all(service.accounts is not None for service in SERVICES.values())


def test_a_rebuild_of_figures_signs_nobody_out() -> None:
    """And lets nobody in again: a copy ignores the older versions that a rebuild reads once more."""
    for service in SERVICES.values():
        assert service.accounts not in service.read_model_tables
