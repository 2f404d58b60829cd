"""Every message that people see is there in French, German and Dutch, with the same values in it."""

import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

SERVICES = Path(__file__).parents[2] / "services"
PACKAGES = [path.parent.name for path in sorted(SERVICES.glob("*/__init__.py")) if path.parent.name != "contracts"]
LANGUAGES = ["fr", "de", "nl"]
METHODS = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "msg": None, "gettext": None, "ngettext": (1, 2)}


@cache
def marked(package: str) -> frozenset[str]:
    """What the package's code and templates mark, plural forms one by one."""
    found = extract_from_dir(
        SERVICES / package,
        method_map=METHODS,
        options_map={"**/templates/**.html": {"extensions": "jinja2.ext.i18n", "silent": "false"}},
        keywords=KEYWORDS,
    )
    return frozenset(
        form for _, _, message, _, _ in found for form in ([message] if isinstance(message, str) else message) if form
    )


def messages(lang: str) -> Iterator[tuple[Path, Message]]:
    for path in sorted(SERVICES.glob(f"*/locales/{lang}.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=lang):
                if message.id:
                    yield path, message


def forms(text: object) -> list[str]:
    return [str(one) for one in text] if isinstance(text, list | tuple) else [str(text or "")]  # pyright: ignore


@cache
def translated(package: str, lang: str) -> frozenset[str]:
    """What the package's own catalogue translates, or the chassis'; a service may run without the others."""
    return frozenset(
        english
        for path, message in messages(lang)
        if not message.fuzzy and path.parent.parent.name in (package, "chassis")
        for english, said in zip(forms(message.id), forms(message.string), strict=True)
        if said.strip()
    )


def values(text: str) -> set[str]:
    """The named values in a message: `{name}` and `%(name)s`."""
    braces = {name for _, name, _, _ in string.Formatter().parse(text) if name} if "{" in text else set[str]()
    return braces | set(re.findall(r"%\((\w+)\)s", text))


def test_there_is_something_to_translate() -> None:
    assert sum(len(marked(package)) for package in PACKAGES) > 300
    assert "Front desk" in marked("intake")
    assert "There is no {what} with this reference." in marked("chassis")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("package", PACKAGES)
def test_every_marked_message_is_translated(package: str, lang: str) -> None:
    assert sorted(marked(package) - translated(package, lang)) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_translations_carry_the_same_values(lang: str) -> None:
    wrong = [
        f"{path.parent.parent.name}: {english!r} → {said!r}"
        for path, message in messages(lang)
        for english, said in zip(forms(message.id), forms(message.string), strict=True)
        if said and values(english) != values(said)
    ]
    assert wrong == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_package_says_one_thing_once(lang: str) -> None:
    """Within a package; between packages, a service's own words come before others'."""
    seen: dict[tuple[str, str], set[str]] = {}
    for path, message in messages(lang):
        for english, said in zip(forms(message.id), forms(message.string), strict=True):
            seen.setdefault((path.parent.parent.name, english), set()).add(said)
    assert {key: said for key, said in seen.items() if len(said) > 1} == {}
