"""`cefo redis`: the least rights that services need on Redis."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from services.launcher.catalogue import SERVICES
from services.launcher.commands.terminal import check_service, console, counted
from services.launcher.errors import Refusal

if TYPE_CHECKING:
    from services.chassis.web.redis_rights import RedisUser

app = typer.Typer(help="Les droits d’accès sur Redis.", no_args_is_help=True)

_NAME = re.compile(r"[a-z][a-z0-9-]*")


@app.callback()
def redis() -> None:
    """The group of these commands."""


@app.command(
    help="Afficher les droits nécessaires, ou les donner avec `--apply`. Un compte existant n’en garde pas d’autre."
)
def acls(
    service: Annotated[
        list[str] | None, typer.Option(help="Uniquement ce service (option répétable). Sinon, les cinq.")
    ] = None,
    user: Annotated[
        str,
        typer.Option(help="Comptes Redis : `{name}` devient le nom du service. Sans `{name}`, un compte pour tous."),
    ] = "cefo-{name}",
    commands: Annotated[bool, typer.Option("--commands", help="Afficher les commandes pour `redis-cli`.")] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Donner ces droits. Le compte de CEFO_REDIS doit pouvoir le faire.")
    ] = False,
    password_file: Annotated[
        str | None,
        typer.Option(
            help="Avec `--apply` : fichier du mot de passe, `{name}` comme pour --user. Par défaut, inchangé."
        ),
    ] = None,
) -> None:
    """The least rights of these services: as a table, as commands, or applied."""
    from services.chassis.web.redis_rights import users_of  # noqa: PLC0415 - most commands need no service

    names = list(map(check_service, service or SERVICES))
    users = users_of(names, user)
    if wrong := [one.name for one in users if not _NAME.fullmatch(one.name)]:
        raise Refusal(f"Ce nom ne va pas : {wrong[0]}. Utilisez des lettres minuscules, des chiffres et des tirets.")
    if password_file is not None and not apply:
        raise Refusal("--password-file va avec --apply. Ajoutez --apply, ou retirez --password-file.")
    if commands:
        for one in users:
            typer.echo(as_command(one))
    else:
        console.print(_table(users))
    if apply:
        _apply(users, password_file)


def as_command(user: "RedisUser") -> str:
    """The line for Redis' own tool."""
    rules = " ".join(f"'{rule}'" if rule[0] in "~&(" else rule for rule in user.rules)
    return f"ACL SETUSER {user.name} {rules}"


def _table(users: "list[RedisUser]") -> Table:
    table = Table("Compte", "Ressource", Column("Nom", overflow="fold"), "Droits")
    for user in users:
        rows = [("clés", name, "compter") for name in user.keys]
        rows += [("canal", name, "publier, écouter") for name in user.channels]
        rows += [("canal", name, "publier") for name in user.publishes]
        for number, row in enumerate(rows):
            table.add_row("" if number else user.name, *row)
    return table


def _apply(users: "list[RedisUser]", password_file: str | None) -> None:
    from services.chassis.runtime.settings.secret_files import UnusableSecret, read_secret  # noqa: PLC0415
    from services.chassis.web.redis_rights import RightsNotApplied, apply_users  # noqa: PLC0415
    from services.launcher.service_settings import settings_of_command  # noqa: PLC0415

    passwords: dict[str, str] = {}
    try:
        for one in users if password_file is not None else []:
            file = Path((password_file or "").replace("{name}", one.services[0]))
            passwords[one.name] = read_secret(file, "--password-file")
        saved = apply_users(settings_of_command(), users, passwords)
    except UnusableSecret as error:
        raise Refusal(str(error)) from error
    except RightsNotApplied as error:
        raise Refusal(
            f"Redis n’a pas pris ces droits ({error}). Vérifiez CEFO_REDIS, et que son compte administre Redis."
        ) from error
    console.print(f"Redis a {counted(len(users), 'compte', 'comptes')} de cette liste.")
    if not saved:
        console.print("Redis n’a pas de fichier de comptes (`aclfile`) : il les oublie à son arrêt.")
