"""The `cefo` command and its subcommands."""

import sys

import typer

from services.launcher.arguments import refuse_passwords
from services.launcher.commands import accounts, dead_letters, kafka, redis, tokens
from services.launcher.commands.doctor import doctor
from services.launcher.commands.erase import erase
from services.launcher.commands.export_person import export_person
from services.launcher.commands.figures import figures, publish
from services.launcher.commands.imports import import_
from services.launcher.commands.rebuild import rebuild
from services.launcher.commands.republish import republish
from services.launcher.commands.restore import restore
from services.launcher.commands.season import season
from services.launcher.commands.terminal import refusals_printed
from services.launcher.commands.token import token
from services.launcher.commands.up import up

app = typer.Typer(help="Le logiciel libre des centres publics d’orientation.", no_args_is_help=True)

for name, act, description in (
    ("up", up, "Démarrer la plateforme : les cinq services, ou seulement ceux donnés avec --service."),
    ("season", season, "Écrire les fichiers inventés d’une saison. Leurs totaux sont ceux qui ont été publiés."),
    (
        "import",
        import_,
        (
            "Importer un dossier de visites, ateliers et entretiens passés. La commande attend que "
            "tous les services aient tout reçu."
        ),
    ),
    (
        "figures",
        figures,
        (
            "Afficher les résultats exacts des centres : une phrase et un tableau, ou du JSON. La "
            "plateforme note cette lecture."
        ),
    ),
    ("publish", publish, "Publier tout de suite les résultats de mois terminés, par exemple après un import."),
    ("token", token, "Créer un jeton d’accès pour une machine. Durée : `CEFO_SESSION_HOURS` heures."),
    (
        "republish",
        republish,
        (
            "Renvoyer tous les événements, dans l’ordre, vers un Kafka vide. Les services ignorent "
            "ceux qu’ils ont déjà traités."
        ),
    ),
    (
        "restore",
        restore,
        (
            "Reprendre après la restauration d’une sauvegarde. À lancer quand le service est arrêté, avant de le "
            "redémarrer."
        ),
    ),
    ("rebuild", rebuild, "Recalculer les résultats à partir des événements, sans arrêter la plateforme."),
    ("erase", erase, "Effacer les données d’une personne, partout. C’est définitif."),
    (
        "export-person",
        export_person,
        "Afficher ou écrire tout ce que les services gardent sur une personne. La plateforme note cet export.",
    ),
    ("doctor", doctor, "Vérifier que chaque partie de chaque service répond."),
):
    app.command(name, help=description)(act)
app.add_typer(accounts.app, name="accounts")
app.add_typer(tokens.app, name="tokens")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(kafka.app, name="kafka")
app.add_typer(redis.app, name="redis")


def main() -> None:
    """Run the command. A refusal is printed on one line, and the exit code is 1."""
    with refusals_printed():
        refuse_passwords(sys.argv)
        app()
