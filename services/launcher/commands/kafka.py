"""`cefo kafka`: the least rights that services, desks and partners need on Kafka."""

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from services.launcher.catalogue import SERVICES
from services.launcher.commands.terminal import check_service, console, counted
from services.launcher.errors import Refusal

if TYPE_CHECKING:
    from services.chassis.brokers.acls import Right

app = typer.Typer(help="Les droits d’accès sur Kafka.", no_args_is_help=True)

_OPERATIONS = {"create": "créer", "describe": "voir", "read": "lire", "write": "écrire"}
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_RESOURCES = {"topic": "topic", "group": "groupe"}


@app.callback()
def kafka() -> None:
    """The group of these commands."""


@app.command(help="Afficher les droits nécessaires, ou les donner avec `--apply`. Les droits existants restent.")
def acls(
    service: Annotated[
        list[str] | None, typer.Option(help="Uniquement ce service (option répétable). Sinon, les cinq.")
    ] = None,
    centre: Annotated[list[str] | None, typer.Option(help="Logiciel d’accueil de ce centre (répétable).")] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Un seul appareil, avec son propre compte : `liege:kiosk-1` (répétable).")
    ] = None,
    gateway: Annotated[bool, typer.Option("--gateway", help="Passerelle d’une région, pour tous les centres.")] = False,
    partner: Annotated[list[str] | None, typer.Option(help="Partenaire, par exemple `cdm-liege` (répétable).")] = None,
    user: Annotated[
        str,
        typer.Option(help="Comptes Kafka : `{name}` devient `intake`, `desk-liege-kiosk-1`, `gateway`, `partner-…`."),
    ] = "cefo-{name}",
    commands: Annotated[bool, typer.Option("--commands", help="Afficher les commandes `kafka-acls.sh`.")] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Donner ces droits. Le compte de CEFO_KAFKA_USER doit pouvoir le faire.")
    ] = False,
) -> None:
    """The least rights of these services, desks and partners: as a table, as commands, or applied."""
    services = list(map(check_service, service or SERVICES))
    desks = [(code, f"desk-{code}") for code in centre or []] + list(map(_device, device or []))
    rights = _rights(services, desks, partner or [], user, gateway=gateway)
    if commands:
        for line in map(as_command, rights):
            typer.echo(line)
    else:
        console.print(_table(rights))
    if apply:
        _apply(rights)


def _device(text: str) -> tuple[str, str]:
    """The centre of `liege:kiosk-1`, and the name of the device's user. Raises `Refusal`."""
    centre, separator, name = text.partition(":")
    if not (separator and centre and name):
        raise Refusal(f"Cet appareil ne va pas : {text}. Écrivez le centre et un nom, par exemple liege:kiosk-1.")
    return centre, f"desk-{centre}-{name}"


def _rights(
    services: list[str], desks: list[tuple[str, str]], partners: list[str], user: str, *, gateway: bool
) -> "list[Right]":
    from services.chassis.events import rights  # noqa: PLC0415 - most commands need no service

    def named(name: str) -> str:
        if not _NAME.fullmatch(name):
            raise Refusal(f"Ce nom ne va pas : {name}. Utilisez des lettres minuscules, des chiffres et des tirets.")
        return user.replace("{name}", name)

    found: list[Right] = []
    for name in services:
        found += rights.rights_of_service(name, SERVICES[name].consumed, named(name))
    found += [one for centre, name in desks for one in rights.rights_of_desk(centre, named(name))]
    found += rights.rights_of_gateway(named("gateway")) if gateway else []
    found += [one for name in partners for one in rights.rights_of_partner(name, named(f"partner-{name}"))]
    return found


def as_command(right: "Right") -> str:
    """The line for Kafka's own tool, to be completed with the address and the administrator's settings."""
    operations = " ".join(f"--operation {operation.capitalize()}" for operation in right.operations)
    pattern = " --resource-pattern-type prefixed" if right.prefixed else ""
    return (
        f'kafka-acls.sh --bootstrap-server "$CEFO_KAFKA" --command-config admin.properties --add '
        f"--allow-principal 'User:{right.user}' {operations} --{right.resource} '{right.name}'{pattern}"
    )


def _table(rights: "list[Right]") -> Table:
    table = Table("Compte", "Ressource", Column("Nom", overflow="fold"), "Droits")
    last = ""
    for right in rights:
        name = f"{right.name}*" if right.prefixed else right.name
        operations = ", ".join(_OPERATIONS[operation] for operation in right.operations)
        table.add_row("" if right.user == last else right.user, _RESOURCES[right.resource], name, operations)
        last = right.user
    return table


def _apply(rights: "list[Right]") -> None:
    from services.chassis.brokers.acls import RightsNotApplied, apply_rights  # noqa: PLC0415
    from services.launcher.service_settings import settings_of_command  # noqa: PLC0415

    try:
        number = apply_rights(settings_of_command(), rights)
    except RightsNotApplied as error:
        raise Refusal(
            f"Kafka n’a pas pris ces droits ({error}). Vérifiez CEFO_KAFKA, et que le compte de "
            "CEFO_KAFKA_USER ou de CEFO_KAFKA_CERTIFICATE_FILE administre Kafka."
        ) from error
    console.print(f"Kafka a {counted(number, 'droit', 'droits')} de cette liste.")
