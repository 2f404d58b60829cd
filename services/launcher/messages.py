"""Updates every package's catalogues from the messages that its code and templates mark: `make messages`.

New messages have no translation, or a similar message's marked fuzzy: neither is shown, and a test reports them.
Messages no longer marked stay at the end as `#~`, so that a message that returns keeps its translation. Delete obsolete
ones by hand.
"""

import io
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.chassis.i18n import LANGUAGES
from services.chassis.mail.messages import MailState
from services.chassis.storage.tables import DeadLetterState
from services.contracts.areas import AREAS
from services.contracts.values import SHAPES
from services.contracts.words import WITH_WORDS
from services.directory.domain import MailPurpose
from services.directory.domain.accounts import AccountChangeKind, SignInMethod, TokenState
from services.intake.domain.links import OpeningKind
from services.intake.domain.messages import MailPurpose as IntakeMailPurpose
from services.plans.domain import Stage
from services.scheduling.domain.states import WorkshopStatus

SERVICES = Path(__file__).parents[1]
TRANSLATED = tuple(lang for lang in LANGUAGES if lang != "en")
"""The languages into which msgids, which are English, are translated."""

METHODS = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.i18n", "silent": "false"}}
KEYWORDS = {
    "_": None,
    "msg": None,
    "gettext": None,
    "ngettext": (1, 2),
    "translate": None,
    "translate_number": (1, 2),
}
STATES: dict[str, tuple[type[StrEnum], ...]] = {
    "contracts": WITH_WORDS,
    "scheduling": (WorkshopStatus,),
    "plans": (Stage,),
    "intake": (OpeningKind, IntakeMailPurpose),
    "directory": (SignInMethod, AccountChangeKind, TokenState, MailPurpose),
    "chassis": (DeadLetterState, MailState),
}
"""Enumerations with words, by package. Their names are the context of their codes; English has words for them too."""


def packages() -> list[str]:
    """The packages that have catalogues."""
    return sorted(path.parent.name for path in SERVICES.glob("*/locales"))


def extracted(package: str) -> Catalog:
    """The messages of the package's code, templates and codes, without translations."""
    template = Catalog()
    for _file, _line, message, _comments, _context in extract_from_dir(
        SERVICES / package, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        if message:
            template.add(message)
    for states in STATES.get(package, ()):
        for state in states:
            template.add(str(state), context=states.__name__)
    if package == "contracts":
        for area in AREAS:
            template.add(area, context="Area")
        for expected in SHAPES.values():
            template.add(expected)
    return template


def languages(package: str) -> tuple[str, ...]:
    """The languages of a package's catalogues."""
    return (*TRANSLATED, "en") if package in STATES else TRANSLATED


def path_of(package: str, lang: str) -> Path:
    """The file of a package's translations into a language."""
    return SERVICES / package / "locales" / f"{lang}.po"


def catalogue(package: str, lang: str) -> Catalog:
    """A package's translations into a language, as they are in its file."""
    with path_of(package, lang).open("rb") as file:
        return read_po(file, locale=lang)


def merged(package: str, lang: str, template: Catalog, shared: Catalog | None = None) -> Catalog:
    """The catalogue, updated with the messages of `template`; obsolete translations are kept.

    Messages also in `shared` (the chassis') are left out, as the chassis translates them. English has codes only.
    """
    result = catalogue(package, lang)
    for message in result.obsolete.values():
        result[message.id] = message
    result.obsolete.clear()
    wanted = Catalog()
    for message in template:
        if not message.id or (lang == "en" and not message.context):
            continue
        if message.context or shared is None or message.id not in shared:
            wanted.add(message.id, context=message.context)
    result.update(wanted)
    return result


def text(catalog: Catalog) -> str:
    """The catalogue as a file: sorted, unwrapped, without dates and locations, so that a diff shows only messages."""
    body = io.BytesIO()
    write_po(body, catalog, width=0, no_location=True, omit_header=True, sort_output=True)
    return (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalog.locale_identifier}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
        f"{body.getvalue().decode().rstrip()}\n"
    )


def untranslated(catalog: Catalog) -> Iterator[Message]:
    """The messages without a translation, which are shown in English."""
    for message in catalog:
        forms = message.string if isinstance(message.string, list | tuple) else (message.string or "",)
        if message.id and (message.fuzzy or not all(form.strip() for form in forms)):
            yield message


def main() -> int:
    """Bring all catalogues up to date. Returns 1 when some message lacks a translation, and names each."""
    missing, shared = 0, extracted("chassis")
    for package in packages():
        template = extracted(package)
        for lang in languages(package):
            catalog = merged(package, lang, template, None if package == "chassis" else shared)
            path = path_of(package, lang)
            if path.read_text() != (fresh := text(catalog)):
                path.write_text(fresh)
                sys.stdout.write(f"{path.relative_to(SERVICES.parent)}: written\n")
            for message in untranslated(catalog):
                missing += 1
                sys.stdout.write(f"{path.relative_to(SERVICES.parent)}: no translation of {message.id!r}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
