"""The platform's key is changed under people and machines who are signed in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from services.chassis.copies.accounts import copy_account
from services.chassis.identity.tokens import AccountToken, Signer
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.roles import Role
from services.intake.app import SERVICE
from services.intake.store import Account
from tests.givens.intake import LIEGE_DESK, open_centres
from tests.intake.test_link_pages import COOKIE, PAGE, PIN, enter, opened, registered

OLD, NEW = "an old key of more than 32 bytes", "the new key, of more than 32 bytes"
DESK = "/intake/desk/liege"


@asynccontextmanager
async def running(folder: Path, clock: FixedClock, key: str, previous: str | None = None) -> AsyncGenerator[Client]:
    """Intake on the stores of this folder, started with these keys."""
    files: dict[str, Path] = {}
    for name, value in (("secret_key_file", key), ("previous_secret_key_file", previous)):
        if value is not None:
            files[name] = folder / name
            files[name].write_text(value)
    async with client_of(SERVICE, folder, clock=clock, settings=quiet_settings(folder, **files)) as client:
        client.headers.update(PAGE)
        yield client


async def account(client: Client, kind: AccountKind, clock: FixedClock, days: int) -> str:
    """The token of an account of Liège's desk."""
    ref = uuid4()
    published = AccountPublished(
        account_ref=ref,
        version=1,
        kind=kind,
        status=AccountStatus.ACTIVE,
        roles=(Role.FRONT_DESK,),
        centres=("liege",),
    )
    async with client.store.work() as work:
        await copy_account(work, Account, published)
    token = AccountToken(
        account_ref=ref, sign_in=uuid4(), began_at=clock.now, expires_at=clock.now + timedelta(days=days)
    )
    return client.process.signer.sign(token)


async def statuses(client: Client, staff: str, machine: str, visitor: str) -> list[int]:
    """What a member of staff, a device and a visitor are answered."""
    client.cookies.clear()
    found = [
        (await client.get(DESK, headers={"cookie": f"cefo-session={staff}"})).status_code,
        (
            await client.get(
                f"/intake/api/v1/visits/{uuid4()}",
                headers={"authorization": f"Bearer {machine}", "accept": "application/json"},
            )
        ).status_code,
        (await client.get("/intake/mine", headers={"cookie": f"{COOKIE}={visitor}"})).status_code,
    ]
    client.cookies.clear()
    return found


async def test_what_the_old_key_signed_lasts_until_that_key_is_taken_away(tmp_path: Path, clock: FixedClock) -> None:
    async with running(tmp_path, clock, OLD) as client:
        await open_centres(client.store)
        staff = await account(client, AccountKind.STAFF, clock, 1)
        machine = await account(client, AccountKind.DEVICE, clock, 400)
        _, person, path = await registered(client.signed_in(LIEGE_DESK))
        client.signed_in(None)
        answer = await enter(client, path, PIN, PIN)
        visitor = answer.cookies[COOKIE]
        assert opened(answer, client).subject_ref == person
        assert await statuses(client, staff, machine, visitor) == [200, 404, 200]

    async with running(tmp_path, clock, NEW, previous=OLD) as client:
        assert await statuses(client, staff, machine, visitor) == [200, 404, 200]
        signed = client.process.signer.sign(
            AccountToken(account_ref=UUID(int=1), sign_in=uuid4(), began_at=clock.now, expires_at=clock.now)
        )
        assert Signer(OLD, 12).verify(signed) is None, "the old key signs nothing more"
        assert Signer(NEW, 12).verify(signed) is not None

    async with running(tmp_path, clock, NEW) as client:
        assert await statuses(client, staff, machine, visitor) == [303, 401, 303]
