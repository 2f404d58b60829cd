"""What the commands share: consoles, formats and common options."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.chassis import i18n
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.runtime.settings.secret_files import UnusableSecret
from services.launcher.catalogue import SERVICES
from services.launcher.errors import Refusal

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

Url = Annotated[str, typer.Option(envvar="CEFO_URL", help="Adresse de la plateforme.")]
Data = Annotated[Path, typer.Option(envvar="CEFO_DATA", help="Dossier des données et de la clé.")]
Token = Annotated[
    str,
    typer.Option(envvar="CEFO_TOKEN", help="Jeton créé avec `cefo token`. Par défaut : créé avec la clé du dossier."),
]
LOCAL = "http://127.0.0.1:8000"


def check_service(service: str) -> str:
    """The service's name. Raises `Refusal` for one that does not exist."""
    if service not in SERVICES:
        raise Refusal(f"Ce service n’existe pas : {service}. Services possibles : {', '.join(SERVICES)}.")
    return service


def progress_bars() -> Progress:
    """Progress bars on a terminal, lines in a log."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def grouped(number: int) -> str:
    """A number as French writes it: 181 689."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun; in French, 0 takes the singular."""
    return f"{grouped(number)} {one if number < 2 else many}"


def decimal(number: float) -> str:
    """A number with one decimal, as French writes it: 3,2."""
    return f"{number:.1f}".replace(".", ",")


def full_date(day: str) -> str:
    """A day in words: 2017-01-01 is 1er janvier 2017."""
    return i18n.date_text(date.fromisoformat(day))


def moment(text: str) -> str:
    """A moment in words, in the time of Brussels: 30 novembre 2026, 09:15."""
    return i18n.moment_text(datetime.fromisoformat(text).astimezone(BRUSSELS), "long")


def print_error(text: str) -> None:
    """Print one line on standard error; `text` is not markup."""
    errors.print(f"[bold red]✗[/bold red] {escape(text)}", soft_wrap=True)


@contextmanager
def refusals_printed() -> Generator[None]:
    """Print a refusal, or each wrong setting, on one line, and exit with 1."""
    try:
        yield
    except (Refusal, UnusableSecret) as refusal:
        print_error(str(refusal))
        raise SystemExit(1) from None
    except ValidationError as wrong:
        from services.chassis.web.problems import field_fault  # noqa: PLC0415 - loads the web stack

        for fault in wrong.errors(include_url=False, include_input=False):
            name = "".join(f"CEFO_{part}".upper() for part in fault["loc"])
            ours = fault["type"] == "value_error"  # its text is ours, and says what to do
            text = fault["msg"].removeprefix("Value error, ") if ours else field_fault(fault)["message"]
            print_error(f"{name} : {text}" if name else text)
        raise SystemExit(1) from None
