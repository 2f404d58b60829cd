"""`cefo restore`: lets a service go on with a store that was restored from an older backup.

Works on the store itself, while the service is stopped, and reads the service's topics.
"""

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.chassis.runtime.settings import Settings
from services.launcher.catalogue import SERVICES
from services.launcher.commands.terminal import Data, check_service, console, counted, moment
from services.launcher.errors import Refusal
from services.launcher.service_settings import settings_of_service
from services.launcher.wanted import EMBEDDED

if TYPE_CHECKING:
    from services.chassis.events.restoring import Opened, Seen
    from services.chassis.service.definition import Service
    from services.chassis.storage.store import Store

_ENDED = {
    "sign-ins": ("compte doit se reconnecter", "comptes doivent se reconnecter"),
    "tokens": ("machine a besoin d’un nouveau jeton", "machines ont besoin d’un nouveau jeton"),
    "accounts": ("compte a retrouvé son dernier état", "comptes ont retrouvé leur dernier état"),
    "lost-accounts": ("compte créé depuis n’a plus de droits", "comptes créés depuis n’ont plus de droits"),
    "links": ("lien personnel n’est plus valable", "liens personnels ne sont plus valables"),
    "consents": ("personne a retiré un accord depuis", "personnes ont retiré un accord depuis"),
}
"""What was ended again, as a service's `on_restore` names it: one and many."""


def restore(
    service: Annotated[str, typer.Argument(help="Service dont la base de données vient d’une sauvegarde.")],
    data: Data = Path("data"),
    store: Annotated[str, typer.Option(envvar="CEFO_STORE", help="`sqlite` ou postgresql://…")] = "sqlite",
    kafka: Annotated[
        str, typer.Option(envvar="CEFO_KAFKA", help="HÔTE:PORT, ou `embedded` : sans Kafka, ou s’il a tout perdu.")
    ] = EMBEDDED,
    as_list: Annotated[bool, typer.Option("--list", help="Afficher chaque événement que la base n’a plus.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tout afficher en JSON.")] = False,
) -> None:
    """Open a new epoch in a restored store, and show which events of the service it no longer has."""
    if check_service(service) == "impact":
        raise Refusal(
            "La base d’impact se recalcule : démarrez impact, puis lancez `cefo rebuild impact`. Les résultats déjà "
            "publiés sont ceux de la sauvegarde."
        )
    if kafka == "apache":
        raise Refusal(
            "Démarrez ce Kafka avec `deploy/kafka/start --dir DOSSIER/kafka`, puis donnez son adresse avec --kafka."
        )
    given = {**os.environ, "CEFO_DATA": str(data), "CEFO_STORE": store}
    if kafka == EMBEDDED:
        given.pop("CEFO_KAFKA", None)
    else:
        given["CEFO_KAFKA"] = kafka
    settings = settings_of_service(service, given)
    if store == "sqlite" and not _file_of(service, settings).exists():
        raise Refusal(f"Il n’y a pas de base de données pour {service} ici. Vérifiez --data et --store.")
    opened, seen = asyncio.run(_restore(SERVICES[service], settings, with_kafka=kafka != EMBEDDED))
    if as_json:
        typer.echo(as_document(service, opened, seen))
    else:
        _print(service, opened, seen, as_list=as_list)


async def _restore(service: "Service", settings: Settings, *, with_kafka: bool) -> "tuple[Opened, Seen]":
    from services.chassis.events.relay import RelayRuns, relay_lock  # noqa: PLC0415 - most commands need no service
    from services.chassis.events.restoring import open_epoch  # noqa: PLC0415
    from services.chassis.storage.migrations import migrate  # noqa: PLC0415
    from services.chassis.storage.store import Store  # noqa: PLC0415

    store = Store(settings.store_url(service.name), service.name, service.metadata)
    try:
        async with relay_lock(store, wait=False):
            await migrate(store, service.folder / "migrations")
            seen = await _seen(service, store, settings, with_kafka=with_kafka)
            return await open_epoch(store, seen, service.on_restore), seen
    except RelayRuns:
        raise Refusal(f"{service.name} tourne encore. Arrêtez tous ses processus, puis relancez la commande.") from None
    finally:
        await store.close()


async def _seen(service: "Service", store: "Store", settings: Settings, *, with_kafka: bool) -> "Seen":
    """What others have seen of this service. Raises `Refusal` if Kafka does not show it."""
    from services.chassis.brokers import broker_of  # noqa: PLC0415 - most commands need no service
    from services.chassis.brokers.clients import BROKER_ERRORS  # noqa: PLC0415
    from services.chassis.events.restoring import Seen, seen_by_others  # noqa: PLC0415

    if not with_kafka:
        return Seen()
    broker = broker_of(settings)
    broker.creates = {topic.name for topic in service.topics}
    try:
        await broker.ensure_topics()
        return await seen_by_others(store, broker, service.reactions)
    except BROKER_ERRORS as error:
        raise Refusal(
            f"Kafka ne répond pas, ou refuse un droit ({error!r}). Rien n’a changé. `cefo kafka acls --apply` donne "
            "les droits. Si ce Kafka est perdu, lancez la commande avec `--kafka embedded`."
        ) from error


def _file_of(service: str, settings: Settings) -> Path:
    """The file of a service's SQLite store."""
    return Path(settings.store_url(service).partition("///")[2])


def _print(service: str, opened: "Opened", seen: "Seen", *, as_list: bool) -> None:
    kept = moment(opened.restored_to.isoformat()) if opened.restored_to is not None else "aucun"
    console.print(f"{service} peut redémarrer. Ses nouveaux événements portent les numéros de l’époque {opened.epoch}.")
    console.print(f"Dernier événement de la sauvegarde : {kept}.")
    if opened.unsent:
        sent = counted(opened.unsent, "événement de la sauvegarde sera renvoyé", "événements seront renvoyés")
        console.print(f"Au démarrage, {sent} d’abord.")
    for name, number in opened.ended.items():
        if number:
            console.print(f"  {counted(number, *_ENDED[name])}.")
    if not seen.complete:
        console.print("[bold yellow]![/bold yellow] Kafka n’a plus tous les événements depuis la sauvegarde.")
        console.print("  Vérifiez les comptes, puis lancez `cefo republish` quand tous les services tournent.")
    if not seen.lost:
        return
    lost = counted(len(seen.lost), "événement", "événements")
    console.print(f"Les autres services connaissent {lost} de {service} que sa base n’a plus :")
    for kind, number in sorted(Counter(one.type for one in seen.lost).items()):
        console.print(f"  {number:>6}  {kind}")
    for one in seen.lost if as_list else ():
        at = moment(one.time.isoformat()) if one.time is not None else ""
        console.print(f"{one.subject}   {one.type}   {at}", soft_wrap=True, markup=False)
    if not as_list:
        console.print("Pour les voir un par un : relancez la commande avec --list ou --json.")


def as_document(service: str, opened: "Opened", seen: "Seen") -> str:
    """The result as JSON."""
    import orjson  # noqa: PLC0415

    lost: list[dict[str, Any]] = [
        {
            "type": one.type,
            "subject": one.subject,
            "sequence": one.sequence,
            "time": one.time,
            "data": one.event.model_dump(mode="json") if one.event is not None else None,
        }
        for one in seen.lost
    ]
    document: dict[str, Any] = {
        "service": service,
        "epoch": opened.epoch,
        "restored_to": opened.restored_to,
        "unsent": opened.unsent,
        "ended": dict(opened.ended),
        "complete": seen.complete,
        "lost": lost,
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
