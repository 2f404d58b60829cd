"""Which messages a package marks for translation, and which its catalogues lack.

`python -m services.launcher.catalogues` lists what is missing. A test keeps the catalogues whole.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.chassis.i18n import DEFAULT, LANGUAGES

SERVICES = Path(__file__).parents[1]
PACKAGES = ("chassis", "intake", "scheduling", "plans", "directory", "impact")
METHODS = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]


def marked(package: str) -> set[str]:
    """The msgids that a package's code and templates mark."""
    found = extract_from_dir(
        SERVICES / package,
        method_map=METHODS,
        options_map={"**/templates/**.html": {"extensions": "jinja2.ext.i18n", "silent": "false"}},
        keywords={"_": None, "msg": None, "gettext": None},
    )
    return {message for _, _, message, _, _ in found if isinstance(message, str) and message}


def translated(lang: str) -> set[str]:
    """Every msgid that some catalogue of this language translates."""
    messages: set[str] = set()
    for path in SERVICES.glob(f"*/locales/{lang}.po"):
        with path.open("rb") as file:
            messages |= {str(m.id) for m in read_po(file, locale=lang) if m.id and m.string}
    return messages


def missing() -> Iterator[tuple[str, str, str]]:
    """(package, language, msgid) of every message without a translation."""
    for lang in (DEFAULT, *(one for one in LANGUAGES if one not in (DEFAULT, "en"))):
        known = translated(lang)
        for package in PACKAGES:
            for message in sorted(marked(package) - known):
                yield package, lang, message


if __name__ == "__main__":
    for row in missing():
        print(*row, sep="\t")
