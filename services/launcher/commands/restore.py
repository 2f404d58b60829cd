"""`cefo restore`: lets a service go on with a store that was restored from an older backup.

Works on the store itself, while the service is stopped, and reads the service's topics.
"""

import asyncio
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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

Consents = Literal["keep", "withdraw"]
_ENDED = {
    "sign-ins": ("compte doit se reconnecter", "comptes doivent se reconnecter"),
    "tokens": ("machine a besoin d’un nouveau jeton", "machines ont besoin d’un nouveau jeton"),
    "accounts": ("compte a retrouvé son dernier état", "comptes ont retrouvé leur dernier état"),
    "lost-accounts": ("compte créé depuis n’a plus de droits", "comptes créés depuis n’ont plus de droits"),
    "links": ("lien personnel n’est plus valable", "liens personnels ne sont plus valables"),
    "devices": ("appareil doit être configuré à nouveau", "appareils doivent être configurés à nouveau"),
    "merged": ("personne a été réunie ou séparée depuis", "personnes ont été réunies ou séparées depuis"),
    "months": ("mois terminé ne se publie plus seul", "mois terminés ne se publient plus seuls"),
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
    consents: Annotated[
        Consents | None,
        typer.Option(help="Accords que Kafka ne confirme pas : les garder (`keep`) ou les retirer (`withdraw`)."),
    ] = None,
    as_list: Annotated[bool, typer.Option("--list", help="Afficher chaque événement que la base n’a plus.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tout afficher en JSON.")] = False,
) -> None:
    """Open a new epoch in a restored store, and show which events of the service it no longer has."""
    check_service(service)
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
    keep = None if consents is None else consents == "keep"
    opened, seen = asyncio.run(_restore(SERVICES[service], settings, with_kafka=kafka != EMBEDDED, keep=keep))
    if as_json:
        typer.echo(as_document(service, opened, seen))
    else:
        _print(service, opened, seen, as_list=as_list, with_kafka=kafka != EMBEDDED)


async def _restore(
    service: "Service", settings: Settings, *, with_kafka: bool, keep: bool | None
) -> "tuple[Opened, Seen]":
    from services.chassis.events.relay import RelayRuns, relay_lock  # noqa: PLC0415 - most commands need no service
    from services.chassis.events.restoring import Undecided, open_epoch  # noqa: PLC0415
    from services.chassis.storage.migrations import migrate  # noqa: PLC0415
    from services.chassis.storage.store import Store  # noqa: PLC0415
    from services.launcher.databases import require_store  # noqa: PLC0415

    await require_store(settings, service.name)
    store = Store(settings.store_url(service.name), service.name, service.metadata)
    try:
        async with relay_lock(store, wait=False):
            await migrate(store, service.folder / "migrations")
            seen = replace(await _seen(service, store, settings, with_kafka=with_kafka), keep_unconfirmed=keep)
            return await open_epoch(store, seen, service.on_restore), seen
    except Undecided as undecided:
        people = counted(undecided.persons, "personne a", "personnes ont")
        raise Refusal(
            f"{people} un accord dans la sauvegarde, et Kafka ne montre pas s’il a été retiré depuis. Rien n’a changé. "
            "Relancez la commande avec `--consents withdraw` : l’accueil redemande alors ces accords. Ou avec "
            "`--consents keep`, si personne n’a rien retiré depuis."
        ) from None
    except RelayRuns:
        raise Refusal(f"{service.name} tourne encore. Arrêtez tous ses processus, puis relancez la commande.") from None
    finally:
        await store.close()


async def _seen(service: "Service", store: "Store", settings: Settings, *, with_kafka: bool) -> "Seen":
    """What others have seen of this service; a read model will read its topics again.

    Raises `Refusal` if Kafka does not show it.
    """
    from services.chassis.brokers import broker_of  # noqa: PLC0415 - most commands need no service
    from services.chassis.brokers.clients import BROKER_ERRORS  # noqa: PLC0415
    from services.chassis.events.rebuild import Rebuilding  # noqa: PLC0415
    from services.chassis.events.restoring import Seen, seen_by_others  # noqa: PLC0415

    broker = broker_of(settings, embedded=not with_kafka)
    broker.creates = {topic.name for topic in service.topics}
    try:
        if with_kafka:
            await broker.ensure_topics()
        if service.read_model_tables:
            rebuilding = Rebuilding(store, broker, service.reactions, service.read_model_tables)
            await rebuilding.read_again("cefo restore")
        return await seen_by_others(store, broker, service.reactions) if with_kafka else Seen()
    except BROKER_ERRORS as error:
        raise Refusal(
            f"Kafka ne répond pas, ou refuse un droit ({error!r}). Rien n’a changé. `cefo kafka acls --apply` donne "
            "les droits. Si ce Kafka est perdu, lancez la commande avec `--kafka embedded`."
        ) from error


def _print(service: str, opened: "Opened", seen: "Seen", *, as_list: bool, with_kafka: bool) -> None:
    kept = moment(opened.restored_to.isoformat()) if opened.restored_to is not None else "aucun"
    console.print(f"{service} peut redémarrer. Ses nouveaux événements portent les numéros de l’époque {opened.epoch}.")
    console.print("Il reste fermé tant qu’il n’a pas relu ce qui est arrivé depuis la sauvegarde.")
    if SERVICES[service].read_model_tables:
        _print_ended(opened)
        console.print("Comparez ces mois avec ce qui était publié, puis lancez `cefo publish --after-restore`.")
        return
    console.print(f"Dernier événement de la sauvegarde : {kept}.")
    if opened.unsent:
        sent = counted(opened.unsent, "événement de la sauvegarde sera renvoyé", "événements seront renvoyés")
        console.print(f"Au démarrage, {sent} d’abord.")
    _print_ended(opened)
    if seen.overtaken:
        unsent = counted(seen.overtaken, "événement n’a jamais été envoyé", "événements n’ont jamais été envoyés")
        console.print(f"[bold yellow]![/bold yellow] Dans cette sauvegarde, {unsent}.")
        console.print("  Une autre sauvegarde a servi depuis, et les autres services peuvent les ignorer.")
        console.print("  Reprenez de préférence cette autre sauvegarde.")
    if not seen.complete:
        lacks = "Kafka n’a plus tous les événements" if with_kafka else "Sans Kafka, rien ne montre ce qui est arrivé"
        console.print(f"[bold yellow]![/bold yellow] {lacks} depuis la sauvegarde.")
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


def _print_ended(opened: "Opened") -> None:
    for name, number in opened.ended.items():
        if number:
            console.print(f"  {counted(number, *_ENDED[name])}.")


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
        "overtaken": seen.overtaken,
        "lost": lost,
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
