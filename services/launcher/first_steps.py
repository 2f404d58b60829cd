"""What to do next on a new platform: the accounts have to be managed before anyone can sign in."""

from rich.console import Console

from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.launcher.catalogue import SERVICES

DIRECTORY = "directory"


async def print_first_steps(console: Console, settings: Settings) -> None:
    """Print them, unless it is a demo or an account manages the whole region. The directory's store is up to date."""
    if settings.demo or await _is_managed(settings):
        return
    console.print(
        "  [bold]À faire d’abord[/bold] : personne ne gère encore les comptes. "
        "Avec les mêmes variables CEFO_…, créez le premier :\n"
        "    cefo accounts manager --issuer ÉMETTEUR --subject IDENTIFIANT --name NOM\n"
        "  Reliez aussi le fournisseur OpenID Connect de votre organisation : docs/sign-in.md",
        soft_wrap=True,
    )


async def _is_managed(settings: Settings) -> bool:
    from services.directory.store.accounts import region_managers  # noqa: PLC0415 - other processes do without it

    service = SERVICES[DIRECTORY]
    store = Store(settings.store_url(service.name), service.name, service.metadata)
    try:
        async with store.read() as session:
            return bool(await region_managers(session))
    finally:
        await store.close()
