"""Every message that people see is there in French, German and Dutch, with the same values in it."""

import re
import string
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message

from services.launcher import messages

PACKAGES = [path.parent.name for path in sorted(messages.SERVICES.glob("*/__init__.py"))]
LANGUAGES = messages.TRANSLATED


@cache
def marked(package: str) -> Catalog:
    return messages.extracted(package)


@cache
def merged(package: str, lang: str) -> Catalog:
    return messages.merged(package, lang, marked(package), None if package == "chassis" else marked("chassis"))


def translations(lang: str) -> Iterator[tuple[str, Message]]:
    for package in messages.packages():
        for message in messages.catalogue(package, lang):
            if message.id:
                yield package, message


def forms(text: object) -> list[str]:
    return [str(one) for one in text] if isinstance(text, list | tuple) else [str(text or "")]  # pyright: ignore


def values(text: str) -> set[str]:
    """The named values in a message: `{name}` and `%(name)s`."""
    braces = {name for _, name, _, _ in string.Formatter().parse(text) if name} if "{" in text else set[str]()
    return braces | set(re.findall(r"%\((\w+)\)s", text))


def test_there_is_something_to_translate() -> None:
    assert sum(len(marked(package)) for package in PACKAGES) > 800
    assert "Front desk" in marked("intake")
    assert (
        "Not found: {what}. The reference is wrong, or there is nothing here that you may see. Check the reference."
        in marked("chassis")
    )
    assert "The event was handled." in marked("chassis")
    assert "{n} visit" in marked("impact")
    assert marked("scheduling").get("announced", "WorkshopStatus") is not None


def test_what_marks_messages_has_catalogues() -> None:
    assert [package for package in PACKAGES if len(marked(package))] == messages.packages()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("package", messages.packages())
def test_every_marked_message_is_translated(package: str, lang: str) -> None:
    """In the package's own catalogue or the chassis'; a service may run without the others."""
    assert [message.id for message in messages.untranslated(merged(package, lang))] == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("package", messages.packages())
def test_catalogues_are_as_make_messages_writes_them(package: str, lang: str) -> None:
    assert messages.path_of(package, lang).read_text() == messages.text(merged(package, lang)), "run `make messages`"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_translations_carry_the_same_values(lang: str) -> None:
    wrong = [
        f"{package}: {english!r} → {said!r}"
        for package, message in translations(lang)
        for english, said in zip(forms(message.id), forms(message.string), strict=True)
        if said and values(english) != values(said)
    ]
    assert wrong == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_package_says_one_thing_once(lang: str) -> None:
    """Within a package, and within an enumeration; between packages, a service's own words come before others'."""
    seen: dict[tuple[str, str, str], set[str]] = {}
    for package, message in translations(lang):
        for english, said in zip(forms(message.id), forms(message.string), strict=True):
            seen.setdefault((package, str(message.context or ""), english), set()).add(said)
    assert {key: said for key, said in seen.items() if len(said) > 1} == {}
