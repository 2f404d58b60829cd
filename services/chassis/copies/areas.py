"""Areas as people read them."""

from services.chassis.i18n import translate, word_of
from services.chassis.refusals import msg

_OTHER = msg("Other need")


def area_label(code: str, lang: str | None = None) -> str:
    """An area's name in this language (default: the reader's); another need, if a centre published it for itself."""
    name = word_of(code, "Area", lang)
    return translate(_OTHER, lang) if name == code else name
