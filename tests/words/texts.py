"""Every text that people read: the messages of all catalogues in four languages, and where they stand."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

from babel.messages.extract import extract_from_dir

from services.launcher import messages

VISITORS = re.compile(
    r"plans/(?!pages/words|api)|impact/(?!pages/(exact|log)|templates/impact/(exact|log)|settings)|contracts/"
    r"|chassis/web/templates/(?!dead_letter|asyncapi)|chassis/web/(problems|pages)\.py|chassis/refusals\.py"
    r"|intake/templates/intake/(room|waiting_room|centres|app_kiosk)"
    r"|scheduling/templates/scheduling/public_"
    r"|directory/templates/directory/(search|found|service|organization|centres?\.html)|directory/pages/centres\.py"
)
"""Files whose texts visitors read; the teams read all others."""


@dataclass(frozen=True)
class Text:
    """One message in one language; `forms` are its plural forms, or the one text."""

    package: str
    msgid: str
    kind: str | None
    """The context: the enumeration of a code."""
    lang: str
    forms: tuple[str, ...]
    plural: bool
    visitors: bool

    def __str__(self) -> str:
        return f"{self.package} {self.lang} {self.msgid!r}"


def forms(text: object) -> tuple[str, ...]:
    """The singular and the plural of a message or its translation; the only form where it counts nothing."""
    return tuple(cast(list[str], text)) if isinstance(text, list | tuple) else (cast(str, text) or "",)


@cache
def places(package: str) -> dict[str, list[str]]:
    """The files that mark each message of a package, as `package/path`."""
    found: dict[str, list[str]] = defaultdict(list)
    for file, _line, message, _comments, _context in extract_from_dir(
        messages.SERVICES / package,
        method_map=messages.METHODS,
        options_map=messages.OPTIONS,
        keywords=messages.KEYWORDS,
    ):
        found[forms(message)[0]].append(f"{package}/{file}")
    return found


@cache
def texts() -> tuple[Text, ...]:
    """All of them. In English the msgids are the texts, and codes have words of their own."""
    return tuple(_texts())


def _texts() -> Iterator[Text]:
    for package in messages.packages():
        for lang in messages.languages(package):
            for message in messages.catalogue(package, lang):
                if not message.id:
                    continue
                ids = forms(message.id)
                visitors = any(VISITORS.match(file) for file in places(package).get(ids[0], ()))
                plural, kind = len(ids) > 1, message.context
                yield Text(package, ids[0], kind, lang, forms(message.string), plural, visitors)
                if lang == "fr" and not kind:
                    yield Text(package, ids[0], None, "en", ids, plural, visitors)
