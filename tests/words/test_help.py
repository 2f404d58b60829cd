"""A help page names what stands on the screen by the screen's own words, and its pictures show them."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from services.chassis import i18n
from services.launcher import messages
from tests.browser.pictures import BUTTONS, HELP
from tests.words.texts import places, texts

ON_SCREEN = re.compile(r'on_screen\(_\("([^"]+)"\)\)')
PICTURE = re.compile(r'picture\(pictures, "([^"]+)"')
PAGES = sorted(messages.SERVICES.glob("*/templates/*/help/*.html"))


@cache
def on_pages() -> set[str]:
    """The messages of all templates and pages, help pages left out."""
    return {
        msgid
        for package in messages.packages()
        for msgid, files in places(package).items()
        if any("/help" not in file for file in files)
    }


@cache
def shown(lang: str) -> set[str]:
    """Every text in this language."""
    return {form for text in texts() if text.lang == lang for form in text.forms}


def test_there_are_help_pages() -> None:
    assert [page.stem for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_help_page_names_only_what_a_page_shows(page: Path) -> None:
    named = ON_SCREEN.findall(page.read_text())
    assert named
    assert [label for label in named if label not in on_pages()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_help_page_has_its_pictures_in_every_language(page: Path) -> None:
    service = page.relative_to(messages.SERVICES).parts[0]
    names = PICTURE.findall(page.read_text())
    assert set(names) <= {picture.name for picture in HELP if picture.service == service}
    folder = messages.SERVICES / service / "help"
    assert {path.name for path in folder.glob(f"{page.stem}-*.png")} == {
        f"{name}.{lang}.png" for name in names for lang in i18n.LANGUAGES
    }


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_the_buttons_in_a_picture_still_say_the_same(lang: str) -> None:
    buttons = json.loads(BUTTONS.read_text())
    assert buttons.keys() == {f"{picture.name}.{lang}" for picture in HELP for lang in i18n.LANGUAGES}
    old = {
        name: [text for text in found if text not in shown(lang)]
        for name, found in buttons.items()
        if name.endswith(f".{lang}")
    }
    assert {name: left for name, left in old.items() if left} == {}, "run `python -m tests.browser.pictures`"
