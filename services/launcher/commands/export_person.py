"""`cefo export-person`: all that the services hold about a person, as a file and as a text to read."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.chassis import i18n
from services.launcher.catalogue import SERVICES, folders
from services.launcher.commands.client import local_token, post
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console, moment, print_error
from services.launcher.errors import Refusal

if TYPE_CHECKING:
    from services.chassis.service.personal_data import Part


def export_person(
    subject_ref: Annotated[str, typer.Argument(help="Référence de la personne : 36 lettres, chiffres et tirets.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Écrire tout dans ce fichier JSON, que vous seul pouvez lire.")
    ] = None,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Export all that the services hold about a person. Exits with 1, and writes nothing, if one does not answer."""
    if out is not None and out.exists():
        raise Refusal(f"Ce fichier existe déjà : {out}. Donnez un autre nom.")
    if out is not None and not out.parent.is_dir():
        raise Refusal(f"Ce dossier n’existe pas : {out.parent}. Créez-le, ou donnez un autre nom.")
    documents = _documents(url, subject_ref, token or local_token(data))
    if not any(_held(document) for document in documents.values()):
        raise Refusal(f"Aucun service ne connaît cette référence : {subject_ref}.")
    if out is None:
        _print(documents)
        return
    _write(out, documents)
    console.print(f"Données de la personne écrites dans {out}.", markup=False, soft_wrap=True)


def _documents(url: str, subject_ref: str, token: str) -> dict[str, Any]:
    """The document of each service. Raises `Refusal`, naming every service that gave none."""
    found, missing = dict[str, Any](), list[str]()
    for name, service in SERVICES.items():
        if service.personal_data is None:
            continue
        try:
            found[name] = post(url, f"/{name}/api/v1/people/{subject_ref}/export", {}, token)
        except Refusal as refusal:
            print_error(f"{name} : {refusal}")
            missing.append(name)
    if missing:
        raise Refusal(f"Export incomplet, rien n’a été écrit. Sans réponse : {', '.join(missing)}.")
    return found


def _write(path: Path, documents: dict[str, Any]) -> None:
    """Write the documents into a new file that its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(documents, file, ensure_ascii=False, indent=2)
        file.write("\n")


def _held(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What a service holds, under each reference of the person."""
    return [one for one in (document, *document.get("merged", ())) if one["data"] is not None]


def _print(documents: dict[str, Any]) -> None:
    from services.chassis.service.personal_data import part_of  # noqa: PLC0415 - most commands need no store

    for folder in folders():
        i18n.add_catalogues(folder / "locales")
    for name, document in documents.items():
        console.rule(name)
        data = SERVICES[name].personal_data
        assert data is not None
        held = [(one["subject_ref"], data.shape.model_validate(one["data"])) for one in _held(document)]
        lines = [line for ref, one in held for line in (f"Référence : {ref}", *_lines(part_of(one)))]
        exports = [f"Déjà exporté le {moment(at)}" for at in document["exports"]]
        console.print("\n".join([*(lines or ["Rien sur cette personne."]), *exports]), markup=False, soft_wrap=True)


def _lines(part: "Part", indent: str = "") -> Iterator[str]:
    """A part as indented lines."""
    for label, text in part.facts:
        yield f"{indent}{label} : {text}".replace("\n", f"\n{indent}  ")
    for label, entries in part.lists:
        yield f"{indent}{label} ({len(entries)})"
        for entry in entries:
            yield f"{indent}  –"
            yield from _lines(entry, f"{indent}    ")
