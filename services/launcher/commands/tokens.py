"""`cefo tokens`: the tokens of desks, partners and jobs, on a running platform."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from services.contracts.roles import Role
from services.directory.domain.accounts import MACHINE_ROLES
from services.launcher.commands.client import delete, get, local_token, post
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console, full_date, moment

app = typer.Typer(help="Les jetons des postes d’accueil, des partenaires et des tâches.", no_args_is_help=True)

PATH = "/directory/api/v1/tokens"
PAGE = 200
_STATE = {"valid": "valable", "expired": "plus valable", "revoked": "révoqué"}
ROLES = [role.value for role in Role if role in MACHINE_ROLES]
Days = Annotated[int, typer.Option(help="Durée de validité en jours, 400 au plus.")]
Id = Annotated[str, typer.Argument(help="Identifiant du jeton, comme `cefo tokens list` l’affiche.")]


@app.command("list", help="Tous les jetons, avec leur fin et leur dernier usage.")
def list_tokens(url: Url = LOCAL, data: Data = Path("data"), token: Token = "") -> None:
    """All tokens."""
    found = _every_token(url, _manager(data, token))
    for one in found:
        rights = ", ".join([*one["roles"], *one["centres"]])
        used = f"dernier usage : {full_date(one['last_used_on'])}" if one["last_used_on"] else "jamais utilisé"
        began = f"créé : {moment(one['began_at'])}"
        ends = f"fin : {moment(one['expires_at'])}"
        named = f"{one['id']}   {escape(one['name'])} · {_STATE[one['state']]}"
        console.print(f"{named} · {rights} · {began} · {ends} · {used}", soft_wrap=True)
    if not found:
        console.print("Aucun jeton. `cefo tokens create` crée le premier.")


def _every_token(url: str, credential: str) -> list[dict[str, Any]]:
    """All tokens, page by page."""
    found = page = get(url, PATH, {"limit": PAGE}, credential)
    while len(page) == PAGE:
        page = get(url, PATH, {"limit": PAGE, "after": page[-1]["id"]}, credential)
        found = found + page
    return found


@app.command(help="Créer un jeton et l’afficher, une seule fois. `--renew` garde le compte d’un jeton existant.")
def create(
    days: Days,
    name: Annotated[str, typer.Argument(help="Nom du poste d’accueil, du partenaire ou de la tâche.")] = "",
    role: Annotated[str, typer.Option(help="Rôle : kiosk, front-desk, cite, provider ou operator.")] = "kiosk",
    centre: Annotated[list[str] | None, typer.Option(help="Uniquement pour ce centre (option répétable).")] = None,
    organization: Annotated[str, typer.Option(help="Organisme du rôle provider : son identifiant.")] = "",
    device: Annotated[bool, typer.Option("--device", help="Pour un appareil, par exemple une borne.")] = False,
    account: Annotated[str, typer.Option(help="Identifiant d’un compte existant d’appareil ou de logiciel.")] = "",
    renew: Annotated[str, typer.Option(help="Identifiant du jeton à remplacer. Il reste valable.")] = "",
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Create a token for a new account, or with `--renew` another one for the account of a token."""
    if not name and not renew:
        raise typer.BadParameter("Donnez un nom, ou un jeton à remplacer avec `--renew`.")
    if role not in ROLES:
        raise typer.BadParameter(
            f"Un jeton n’a pas ce rôle : {role}. Choisissez une de ces valeurs : {', '.join(ROLES)}."
        )
    wanted: dict[str, Any] = {
        "name": name,
        "kind": "device" if device else "machine",
        "roles": [role],
        "centres": centre or [],
        "organization_id": organization or None,
    }
    path, body = PATH, wanted
    if renew:
        path, body = f"{PATH}/{renew}/renew", {}
    elif account:
        path, body = f"{PATH}/accounts/{account}", {"name": name}
    made = post(url, path, body | {"days": days}, _manager(data, token))
    typer.echo(made["token"])
    typer.echo(f"Identifiant : {made['id']}. Fin : {moment(made['expires_at'])}. Copiez le jeton maintenant.", err=True)


@app.command(help="Révoquer un jeton. Tous les services le refusent après quelques secondes.")
def revoke(id: Id, url: Url = LOCAL, data: Data = Path("data"), token: Token = "") -> None:
    """End a token."""
    delete(url, f"{PATH}/{id}", {}, _manager(data, token))
    console.print("Jeton révoqué.")


def _manager(data: Path, token: str) -> str:
    return token or local_token(data, "manager")
