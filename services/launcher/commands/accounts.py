"""`cefo accounts`: the first manager, and a list of the accounts. Works on the store of the directory itself."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from services.chassis.runtime.settings import Settings
from services.launcher.commands.terminal import Data, console
from services.launcher.errors import Refusal
from services.launcher.first_steps import DIRECTORY
from services.launcher.service_settings import environment_of, settings_of_service

if TYPE_CHECKING:
    from services.chassis.storage.store import Store

app = typer.Typer(help="Les comptes : la première personne qui les gère, et leur liste.", no_args_is_help=True)

StoreUrl = Annotated[str, typer.Option("--store", envvar="CEFO_STORE", help="`sqlite` ou postgresql://…")]
_STATUS = {"pending": "attend l’approbation", "active": "actif", "inactive": "désactivé"}
PAGE = 200


@app.command(help="Donner à une personne la gestion des comptes de toute la Région. À lancer où se trouve le store.")
def manager(
    issuer: Annotated[str, typer.Option(help="L’émetteur (`iss`), comme dans la configuration d’OpenID Connect.")],
    subject: Annotated[str, typer.Option(help="L’identifiant de la personne chez lui (`sub`).")],
    name: Annotated[str, typer.Option(help="Son nom, comme ses collègues le verront.")],
    data: Data = Path("data"),
    store: StoreUrl = "sqlite",
) -> None:
    """Make the person of an identity a region-wide manager."""
    _check_issuer(issuer)
    asyncio.run(_manager(_settings(data, store), issuer, subject, name))


@app.command("list", help="Tous les comptes, ceux qui attendent l’approbation d’abord.")
def list_accounts(data: Data = Path("data"), store: StoreUrl = "sqlite") -> None:
    """All accounts."""
    asyncio.run(_list(_settings(data, store)))


def _settings(data: Path, store: str) -> Settings:
    """The directory's settings, also in the environment of `deploy/local/start`."""
    return settings_of_service(DIRECTORY, {**os.environ, "CEFO_DATA": str(data), "CEFO_STORE": store})


def _check_issuer(issuer: str) -> None:
    """Nobody signs in with an issuer that is not set up, exactly so. Raises `Refusal`; not while there is none yet."""
    from services.directory.oidc import issuers_of  # noqa: PLC0415 - most commands need no service

    try:
        known = [one.issuer for one in issuers_of(environment_of(DIRECTORY, os.environ).get("CEFO_DIRECTORY_OIDC", ""))]
    except ValueError as error:
        raise Refusal(f"CEFO_DIRECTORY_OIDC : {error}") from error
    if known and issuer not in known:
        raise Refusal(
            f"Cet émetteur n’est pas dans CEFO_DIRECTORY_OIDC : {issuer}. Écrivez-le exactement comme dans "
            f"cette configuration : {', '.join(known)}. Aucun compte n’a été créé."
        )


async def _manager(settings: Settings, issuer: str, subject: str, name: str) -> None:
    from services.directory.actions import accounts  # noqa: PLC0415 - most commands need no service
    from services.launcher.databases import store_file  # noqa: PLC0415

    created = settings.store == "sqlite" and not store_file(settings, DIRECTORY).exists()
    async with _directory(settings) as store, store.work() as work:
        account = await accounts.make_manager(work, issuer, subject, name)
    if created:
        console.print(f"Nouvelle base de données : {escape(str(store_file(settings, DIRECTORY)))}", soft_wrap=True)
    console.print(f"{escape(name)} gère les comptes de toute la Région : compte {account.id}", soft_wrap=True)


async def _list(settings: Settings) -> None:
    from services.directory.store.accounts import accounts_page  # noqa: PLC0415 - most commands need no service

    shown = 0
    from services.launcher.databases import require_store  # noqa: PLC0415

    await require_store(settings, DIRECTORY)
    async with _directory(settings) as store, store.read() as session:
        while found := await accounts_page(session, skip=shown, limit=PAGE):
            for account in found:
                rights = ", ".join([*account.roles, *account.centres]) or "aucun droit"
                named = escape(account.display_name or account.code or "–")
                console.print(
                    f"{account.id}   {named} · {_STATUS[account.status]} · {account.kind} · {rights}", soft_wrap=True
                )
            shown += len(found)
    if not shown:
        console.print("Aucun compte. `cefo accounts manager` crée le premier.")


@asynccontextmanager
async def _directory(settings: Settings) -> "AsyncGenerator[Store]":
    """The directory's store, brought up to date. The platform may be running: its relay publishes what is written.

    Raises `StoreNotRestored`.
    """
    from services.chassis.service.store_mark import StoreMark  # noqa: PLC0415
    from services.chassis.storage.store import Store  # noqa: PLC0415
    from services.launcher.catalogue import SERVICES  # noqa: PLC0415
    from services.launcher.databases import create_databases  # noqa: PLC0415
    from services.launcher.older_stores import refuse_older_stores  # noqa: PLC0415

    service = SERVICES[DIRECTORY]
    if settings.store != "sqlite":
        await create_databases(settings, (service.name,))
    store = Store(settings.store_url(service.name), service.name, service.metadata)
    try:
        with refuse_older_stores():
            await StoreMark(store, settings, service.last_write).bring_up_to_date(service.folder / "migrations")
        yield store
    finally:
        await store.close()
