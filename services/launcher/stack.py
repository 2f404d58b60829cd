"""Starts a stack: the broker, the stores and this process's services. Prints its URLs."""

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from prometheus_client import start_http_server
from rich.console import Console

from services.chassis.brokers import Broker, EmbeddedBroker, broker_of
from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.runtime.clock import Clock, rehearsal_clock, system_clock
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import configure_logging
from services.chassis.storage.erased_list import ErasedList, UnreadableList
from services.chassis.web.app import Process
from services.chassis.web.server import http_server
from services.directory.domain.centres import CENTRES
from services.launcher import demo, morning
from services.launcher.catalogue import SERVICES, folders, navigation
from services.launcher.databases import create_databases
from services.launcher.embedded import EmbeddedKafka, EmbeddedRedis, refill
from services.launcher.errors import Refusal
from services.launcher.first_steps import DIRECTORY, print_first_steps
from services.launcher.kafka import ApacheKafka
from services.launcher.older_stores import StoreNotRestored, refuse_older_stores
from services.launcher.wanted import EMBEDDED, StackOptions


def settings_of(wanted: StackOptions) -> Settings:
    """The settings of the process, checked before anything starts. Parts that start here have no address yet."""
    fields = Settings.model_fields
    return Settings(
        data=wanted.data,
        store=wanted.store,
        kafka=fields["kafka"].default if wanted.kafka in (EMBEDDED, "apache") else wanted.kafka,
        redis=fields["redis"].default if wanted.redis == EMBEDDED else wanted.redis,
        demo=wanted.demo,
        public_url=os.environ.get("CEFO_PUBLIC_URL", f"http://127.0.0.1:{wanted.port}"),
    )


@asynccontextmanager
async def start_parts(wanted: StackOptions, settings: Settings) -> AsyncGenerator[tuple[Settings, Broker]]:
    """Start the parts that are to run here; stop them at the end."""
    if wanted.kafka in (EMBEDDED, "apache") and os.environ.get("CEFO_KAFKA_SECURITY", "plaintext") != "plaintext":
        raise KafkaNotNamed(
            "CEFO_KAFKA_SECURITY vaut pour un Kafka à vous. Donnez son adresse avec CEFO_KAFKA ou --kafka, "
            "ou enlevez CEFO_KAFKA_SECURITY."
        )
    with contextlib.ExitStack() as started:
        wanted.data.mkdir(parents=True, exist_ok=True)
        if wanted.kafka == EMBEDDED:
            cluster = EmbeddedKafka()
            started.callback(cluster.close)
            settings = settings.model_copy(update={"kafka": cluster.bootstrap})
        elif wanted.kafka == "apache":
            apache = ApacheKafka()
            kafka = await asyncio.to_thread(apache.start, wanted.nodes, wanted.data / "kafka")
            started.callback(apache.stop)
            settings = settings.model_copy(update={"kafka": kafka})
        if wanted.redis == EMBEDDED:
            server = EmbeddedRedis()
            started.callback(server.close)
            settings = settings.model_copy(update={"redis": server.url, "redis_password_file": None})
        embedded = wanted.kafka == EMBEDDED
        if embedded and "CEFO_FETCH_WAIT_MS" not in os.environ:
            # The embedded broker delays an empty fetch by the whole wait, even if a record arrives.
            settings = settings.model_copy(update={"fetch_wait_ms": 100})
        if wanted.store != "sqlite":
            await create_databases(settings, wanted.services)
        yield settings, broker_of(settings, embedded=embedded)


def clock_of(settings: Settings) -> Clock:
    """The machine's clock; in a rehearsal, one that can be put forward."""
    if settings.rehearsal_clock is not None:
        return rehearsal_clock(settings.rehearsal_clock)
    return system_clock


class KafkaNotNamed(Refusal):
    """Security is set for a Kafka whose address is not."""


class KafkaUnavailable(Refusal):
    """Kafka does not answer, refuses the connection, or does not grant what the services need."""


async def reach_kafka(broker: Broker) -> None:
    """Create missing topics. Raises `KafkaUnavailable`: in the server's start, a traceback would take its place."""
    try:
        await broker.ensure_topics()
    except BROKER_ERRORS as error:
        raise KafkaUnavailable(
            f"Kafka ne répond pas, ou refuse la connexion ou un droit ({error!r}). La cause se trouve plus haut dans "
            "le journal. Vérifiez CEFO_KAFKA, CEFO_KAFKA_CA_FILE, CEFO_KAFKA_USER et CEFO_KAFKA_PASSWORD_FILE. "
            "`cefo kafka acls` affiche les droits nécessaires."
        ) from error


class ErasedListUnusable(Refusal):
    """The list of erased persons cannot be read or written."""


def check_erased_list(settings: Settings, console: Console) -> None:
    """Raises `ErasedListUnusable`: without the whole list, a restored backup could bring someone back.

    Warns of a place that a restore would replace.
    """
    try:
        ErasedList(settings.erased_list).check()
        for _ in ErasedList(settings.earlier_erased_list).pages():
            pass
    except UnreadableList as error:
        raise ErasedListUnusable(
            f"La ligne {error.line} de {error.path} n’est pas lisible. Ce fichier dit qui a été effacé : sans lui, une "
            "sauvegarde restaurée montrerait ces personnes. Corrigez la ligne (référence et date, AAAA-MM-JJ), ou "
            "effacez-la si elle ne contient pas de référence."
        ) from error
    except OSError as error:
        raise ErasedListUnusable(
            f"La liste des personnes effacées ne peut pas être lue et complétée : {settings.erased_list} "
            f"({error.strerror}). Mettez CEFO_ERASED_FILE hors du dossier des données, là où le service peut écrire."
        ) from error
    if settings.erased_list_is_in_data:
        console.print(
            f"⚠ La liste des personnes effacées est dans le dossier des données : {settings.erased_list}. "
            "Une restauration de ce dossier la remplacerait. Mettez CEFO_ERASED_FILE ailleurs.",
            markup=False,
            soft_wrap=True,
        )


async def prepare_stores(process: Process) -> None:
    """Bring the stores up to date. Raises `StoreNotRestored`, and then stopped the process."""
    try:
        with refuse_older_stores():
            await process.prepare()
    except StoreNotRestored:
        await process.stop()
        raise


class PortTaken(Refusal):
    """Another program listens on the port."""


def check_port(host: str, port: int) -> None:
    """Raises `PortTaken`, with a remedy."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"Le port {port} est déjà utilisé sur {host}. Choisissez-en un autre : make run PORT={port + 1}"
            ) from error


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fastest event loop installed. Relays and consumers run on it too, not only uvicorn."""
    return uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()


async def run(wanted: StackOptions, console: Console) -> None:
    """Run until a signal. Stops cleanly within a few seconds, streams included. Raises `PortTaken`."""
    settings = settings_of(wanted)
    check_port(settings.host, wanted.port)
    check_erased_list(settings, console)
    async with start_parts(wanted, settings) as (settings, broker):
        configure_logging(settings)
        serve_metrics(settings)
        process = Process(
            [SERVICES[name] for name in wanted.services],
            settings,
            broker,
            navigation=navigation(),
            folders=folders(),
            accounts=demo.ACCOUNTS,
            clock=clock_of(settings),
        )
        if isinstance(broker, EmbeddedBroker):
            process.before_relays = refill
            # There a consumer that joins again, for topics of centres that appear later, pauses for 9 s.
            await broker.create_topics_of(centre.code for centre in CENTRES)
        else:
            await reach_kafka(broker)
        await prepare_stores(process)
        server = http_server(process, settings, settings.host, wanted.port)
        serving = asyncio.create_task(_serve(server, process))
        await _until_started(server, serving)
        tune_gc()
        if server.started:
            print_urls(console, settings, wanted)
            print_restoring(console, process)
            if DIRECTORY in wanted.services:
                await print_first_steps(console, settings)
        demonstration: asyncio.Task[None] | None = None
        if wanted.morning and server.started:
            demonstration = asyncio.create_task(run_morning(console, process, settings, wanted.port))
        try:
            await serving
        finally:
            if demonstration is not None:
                demonstration.cancel()
                await asyncio.wait([demonstration])


async def run_morning(console: Console, process: Process, settings: Settings, port: int) -> None:
    """Create the demonstration data, and print a visitor's personal link."""
    host = settings.host
    here = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  an address to listen on, not to connect to
    link = await morning.create_morning(f"http://{here}:{port}", process.signer, clock_of(settings)())
    if link is not None:
        kept = "le lien déjà utilisé reste valable, l’accueil peut en créer un nouveau"
        opens = f"[link={link}]{link}[/link]" if link else kept
        console.print(f"  un plan d’orientation commencé (démonstration) : {opens}", soft_wrap=True)


def serve_metrics(settings: Settings) -> None:
    """Serve the metrics on a port of their own, if it is set, until the process ends. Raises `PortTaken`."""
    if settings.metrics_port is not None:
        check_port(settings.metrics_host, settings.metrics_port)
        start_http_server(settings.metrics_port, settings.metrics_host)


def tune_gc() -> None:
    """Tune the garbage collector for a long-running process, and enable it: it may be off during the start."""
    # Objects created so far live as long as the process: the collector skips them.
    gc.freeze()
    gc.enable()
    # A batch of events creates tens of thousands of small objects that are freed together; collecting while they are
    # in use takes a fifth of the time.
    gc.set_threshold(50_000, 20, 50)


async def _serve(server: uvicorn.Server, process: Process) -> None:
    handle = server.handle_exit

    def end_streams_then_exit(sig: int, frame: Any) -> None:
        process.live.close()
        handle(sig, frame)

    server.handle_exit = end_streams_then_exit
    with contextlib.suppress(KeyboardInterrupt):
        await server.serve()


async def _until_started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not server.started and not serving.done():
        await asyncio.wait([serving], timeout=0.02)


def print_restoring(console: Console, process: Process) -> None:
    """Say which services are closed until their restored stores have read what happened since."""
    for runtime in process.runtimes:
        if not runtime.catching_up.done.is_set():
            console.print(f"  {runtime.service.name} ouvre dès qu’il a relu ce qui est arrivé depuis la sauvegarde.")


def print_urls(console: Console, settings: Settings, wanted: StackOptions) -> None:
    """Print the URLs, and where the data is."""
    url = settings.public_url
    console.print(f"\n[bold]cefo[/bold] est prêt : [link={url}]{url}[/link]   (Ctrl-C pour arrêter)")
    if len(wanted.services) == len(SERVICES):
        accounts = "choisir un compte de démonstration (accueil, conseil, organisme, Cité des métiers, Région…)"
        for path, what in (
            ("/sign-in", accounts if settings.demo else "se connecter"),
            ("/intake/waiting-room/liege", "l’écran de la salle d’attente"),
            ("/directory/", "l’annuaire, ouvert à tout le monde"),
            ("/impact/", "les résultats, ouverts à tout le monde"),
        ):
            console.print(f"  {url}{path:<28} {what}", soft_wrap=True)
    console.print(f"  Kafka : {settings.kafka}" + ("   (intégré)" if wanted.kafka == EMBEDDED else ""))
    console.print(
        f"  données : {settings.data.absolute()}" + ("   (données de démonstration)" if settings.demo else ""),
        soft_wrap=True,
    )
